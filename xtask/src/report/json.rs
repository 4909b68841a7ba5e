//! The report for other programs: one JSON object per line on stdout. `xtask/README.md` describes it.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::model::verdict::Verdict;
use crate::report::results::{CaseResult, CaseStatus, Summary};
use crate::snapshot::verdicts;
use crate::support::terminal;

#[derive(Serialize)]
struct Cell<'a> {
    kind: &'static str,
    id: String,
    status: &'static str,
    letter: String,
    before: Option<&'a str>,
    outcome: &'a str,
    /// How the cell compares with native; native cells have no verdict.
    verdict: Option<&'static str>,
    difference: Option<String>,
    seconds: f64,
}

#[derive(Serialize)]
struct Case<'a> {
    kind: &'static str,
    id: String,
    status: CaseStatus,
    letters: String,
    about: Option<&'a str>,
    snapshot: String,
    orphans: &'a [String],
    seconds: f64,
}

#[derive(Serialize)]
struct Totals<'a> {
    kind: &'static str,
    passed: usize,
    failed: usize,
    accepted: usize,
    /// The number of cells without an outcome.
    without_outcome: usize,
    not_run: usize,
    cells: usize,
    orphans: &'a [String],
    seconds: f64,
}

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
        print_line(&Cell {
            kind: "cell",
            id: cell.cell.id(),
            status,
            letter: comparison.table.letter(&position),
            before: differing.and_then(|differing| differing.before.as_deref()),
            outcome: cell.outcome.text(),
            verdict: verdict.as_ref().map(Verdict::name),
            difference: verdict.as_ref().and_then(Verdict::difference),
            seconds: cell.took.as_secs_f64(),
        })?;
    }
    let (example, case) = result.names();
    print_line(&Case {
        kind: "case",
        id: result.id(),
        status: result.status(),
        letters: comparison.table.row_of_letters(),
        about: result.cells[0].cell.case.about.as_deref(),
        snapshot: format!("snapshots/{example}/{case}.snap"),
        orphans: &comparison.orphans,
        seconds: result.took().as_secs_f64(),
    })
}

/// Prints the figures of a run, which took the time `took`.
///
/// # Errors
/// If stdout cannot be written to.
pub fn summary(summary: &Summary, took: Duration) -> Result<()> {
    print_line(&Totals {
        kind: "summary",
        passed: summary.passed,
        failed: summary.failed,
        accepted: summary.accepted,
        without_outcome: summary.without_outcome,
        not_run: summary.not_run,
        cells: summary.cells,
        orphans: &summary.orphans,
        seconds: took.as_secs_f64(),
    })
}

fn print_line(value: &impl Serialize) -> Result<()> {
    terminal::print_json(&(serde_json::to_string(value)? + "\n"))?;
    Ok(())
}
