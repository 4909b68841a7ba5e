//! Programs that show something else.

use crate::explain::evidence::{Evidence, Explanation};
use crate::explain::{crates, line, streams};
use crate::model::verdict::Change;

/// Explains a difference in what the program shows.
pub fn explain(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    line::explain(evidence, change)
        .or_else(|| crates::explain(evidence, change))
        .or_else(|| streams::explain(evidence, change))
}
