//! The report for other programs: one JSON object per line on stdout. `xtask/README.md` describes it.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::model::verdict::Verdict;
use crate::report::results::{CaseResult, Summary};
use crate::snapshot::verdicts;
use crate::support::terminal;

/// Prints the cells of a case, and then the case.
///
/// # Errors
/// If stdout cannot be written to.
pub fn case(result: &CaseResult<'_>) -> Result<()> {
    let comparison = &result.comparison;
    for cell in &result.cells {
        let position = cell.cell.position();
        let differing = comparison.differing.iter().find(|differing| differing.position == position);
        let status = match (&cell.unsteady, differing) {
            (Some(_), _) => "unsteady",
            (None, None) => "pass",
            (None, Some(differing)) if differing.before.is_none() => "new",
            (None, Some(_)) => "fail",
        };
        let verdict = verdicts::of_cell(&comparison.table, &position);
        print_line([
            ("kind", "cell".into()),
            ("id", cell.cell.id().into()),
            ("status", status.into()),
            ("letter", comparison.table.letter(&position).into()),
            ("before", differing.and_then(|differing| differing.before.as_deref()).into()),
            ("outcome", cell.outcome.text().into()),
            ("verdict", verdict.as_ref().map(Verdict::name).into()),
            ("difference", verdict.as_ref().and_then(Verdict::difference).into()),
            ("seconds", cell.took.as_secs_f64().into()),
        ])?;
    }
    let (example, case) = result.names();
    print_line([
        ("kind", "case".into()),
        ("id", result.id().into()),
        ("status", result.status().name().into()),
        ("letters", comparison.table.row_of_letters().into()),
        ("about", result.cells[0].cell.case.about.as_deref().into()),
        ("snapshot", format!("snapshots/{example}/{case}.snap").into()),
        ("orphans", comparison.orphans.as_slice().into()),
        ("seconds", result.took().as_secs_f64().into()),
    ])
}

/// Prints the figures of a run, which took the time `took`.
///
/// # Errors
/// If stdout cannot be written to.
pub fn summary(summary: &Summary, took: Duration) -> Result<()> {
    print_line([
        ("kind", "summary".into()),
        ("passed", summary.passed.into()),
        ("failed", summary.failed.into()),
        ("accepted", summary.accepted.into()),
        ("without_outcome", summary.without_outcome.into()),
        ("not_run", summary.not_run.into()),
        ("cells", summary.cells.into()),
        ("orphans", summary.orphans.as_slice().into()),
        ("seconds", took.as_secs_f64().into()),
    ])
}

/// Prints an object with these fields, in this order.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print_line<const N: usize>(fields: [(&str, Value); N]) -> Result<()> {
    terminal::print_json(&(line(&fields) + "\n"))?;
    Ok(())
}

/// A JSON object on one line, with its fields in this order. [`Value`] would sort them.
pub fn line(fields: &[(&str, Value)]) -> String {
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| format!("{}:{value}", Value::from(*name))).collect();
    format!("{{{}}}", fields.join(","))
}
