//! The report for machines: one object a line on stdout. README.md beside this folder describes it.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::report::{CaseResult, Summary, Word};
use crate::terminal;

#[derive(Serialize)]
struct Cell<'a> {
    kind: &'static str,
    id: String,
    status: &'static str,
    letter: String,
    before: Option<&'a str>,
    outcome: &'a str,
    seconds: f64,
}

#[derive(Serialize)]
struct Case<'a> {
    kind: &'static str,
    id: String,
    status: Word,
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
    not_run: usize,
    cells: usize,
    strays: &'a [String],
    seconds: f64,
}

/// Prints a case and, before it, its cells.
pub fn case(result: &CaseResult<'_>) -> Result<()> {
    let verdict = &result.verdict;
    for cell in &result.cells {
        let place = cell.cell.place();
        let differing = verdict.differing.iter().find(|differing| differing.place == place);
        let status = match (&cell.unsteady, differing) {
            (Some(_), _) => "unsteady",
            (None, None) => "pass",
            (None, Some(differing)) if differing.before.is_none() => "new",
            (None, Some(_)) => "fail",
        };
        print_line(&Cell {
            kind: "cell",
            id: cell.cell.id(),
            status,
            letter: verdict.table.letter(&place),
            before: differing.and_then(|differing| differing.before.as_deref()),
            outcome: &cell.outcome,
            seconds: cell.took.as_secs_f64(),
        })?;
    }
    let (example, case) = result.names();
    print_line(&Case {
        kind: "case",
        id: result.id(),
        status: result.word(),
        letters: verdict.table.row_of_letters(),
        about: result.cells[0].cell.case.about.as_deref(),
        snapshot: format!("snapshots/{example}/{case}.snap"),
        orphans: &verdict.orphans,
        seconds: result.took().as_secs_f64(),
    })
}

/// Prints the figures of a run that took so long.
pub fn summary(summary: &Summary, took: Duration) -> Result<()> {
    print_line(&Totals {
        kind: "summary",
        passed: summary.passed,
        failed: summary.failed,
        accepted: summary.accepted,
        not_run: summary.not_run,
        cells: summary.cells,
        strays: &summary.strays,
        seconds: took.as_secs_f64(),
    })
}

fn print_line(value: &impl Serialize) -> Result<()> {
    // A JSON string may spell any character so, and then no CI reads a command out of it.
    let line = serde_json::to_string(value)?.replace("##[", "#\\u0023[");
    terminal::print(&(line + "\n"))?;
    Ok(())
}
