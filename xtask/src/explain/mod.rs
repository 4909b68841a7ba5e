//! Explains why a program does something else under WASI: finds the rule behind the first difference.
//!
//! A rule is only named if what was observed proves it: the two outcomes, the host's trace, the compiler's error. If
//! nothing does, there is no explanation. `rules.rs` lists the rules; the other files decide when they hold, each for
//! one kind of difference.

mod build;
mod change;
mod end;
pub mod evidence;
mod line;
pub mod recorded;
pub mod rules;
mod streams;

use crate::explain::evidence::{Evidence, Explanation};
use crate::model::verdict::Verdict;

/// Returns the rule behind the first difference, or `None` if nothing proves one.
pub fn explain(evidence: &Evidence<'_>) -> Option<Explanation> {
    let Evidence { native, here, .. } = evidence;
    match Verdict::of(Some(native), here) {
        Verdict::Same | Verdict::NoBaseline => None,
        Verdict::Build(_) => build::explain(evidence),
        Verdict::Abort(_) => end::of_abort(evidence),
        Verdict::Wording => line::of_wording(evidence),
        Verdict::Error(_) if native.end != here.end => end::of_exit_code(evidence),
        Verdict::Error(change) | Verdict::Output { first: change, .. } => change::explain(evidence, &change),
    }
}
