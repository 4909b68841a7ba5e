//! Records the rules behind what was accepted, so that they are as up to date as the snapshots.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use anyhow::Result;

use crate::build::relink::Relink;
use crate::commands::test::compare::{Compared, Run};
use crate::explain::recorded::{self, Recorded};
use crate::model::cell::{self, Cell};
use crate::model::column::Column;
use crate::model::example::Example;
use crate::report::human::Report;
use crate::report::results::{CaseStatus, Summary};
use crate::run::cells::Plan;
use crate::session::explained;
use crate::snapshot::compare::SnapshotPolicy;
use crate::support::escape::count;
use crate::support::terminal::say;
use crate::workspace::Workspace;

/// Returns the cells whose rules a run records if it accepts: those of the selected cases, also in columns and rows
/// that are not selected, because a rule follows from all of them. None if the workspace records no rules.
pub fn cells<'c>(
    workspace: &Workspace,
    policy: SnapshotPolicy,
    examples: &'c [Example],
    pinned: &'c [Column],
    selected: &[Cell<'c>],
) -> Vec<Cell<'c>> {
    if !policy.update.accepts() || !recorded::path(&workspace.snapshots()).is_file() {
        return Vec::new();
    }
    let cases: BTreeSet<_> = selected.iter().map(Cell::case_id).collect();
    let is_meant = |cell: &Cell<'_>| recorded::is_about(cell) && cases.contains(&cell.case_id());
    cell::all(examples, pinned).into_iter().filter(is_meant).collect()
}

/// What is behind the differences of some cases.
#[derive(Default)]
pub struct Found {
    /// The ids of the cases.
    cases: BTreeSet<String>,
    rules: Recorded,
}

impl Run<'_> {
    /// Finds the rules of those of `cells` that are accepted or were before. Their outcomes are those of the tables.
    ///
    /// # Errors
    /// If a traced run has no outcome, or an interrupt comes meanwhile.
    pub fn rules(&self, compared: &Compared<'_>, cells: &[Cell<'_>], report: &mut Report) -> Result<Found> {
        let is_settled = |status| matches!(status, CaseStatus::Pass | CaseStatus::Accepted);
        let results = compared.results.iter().map(|(_, result)| result);
        let tables: BTreeMap<_, _> = results
            .filter(|result| is_settled(result.status()))
            .map(|result| (result.id(), &result.comparison.table))
            .collect();
        let outcome = |cell: &Cell<'_>| Some(tables.get(&cell.case_id())?.outcome(&cell.position())?.clone());
        let (cells, outcomes): (Vec<_>, Vec<_>) =
            cells.iter().filter_map(|cell| Some((*cell, (cell.id(), outcome(cell)?)))).unzip();
        if cells.is_empty() || self.session.interrupt.signal().is_some() {
            return Ok(Found::default());
        }
        report.explaining(cells.len());
        let stop = AtomicBool::new(false);
        let plan = Plan { echo: false, timeout: None, stop: &stop, ..self.plan };
        let relink: &Relink<'_> = &|units, variant| self.session.relink(self.toolchains, units, variant);
        let outcomes = outcomes.into_iter().collect();
        let explained = explained::run(self.session, plan, &cells, &outcomes, Some(relink))?;
        let cases = cells.iter().map(Cell::case_id).collect();
        Ok(Found { cases, rules: recorded::of(&explained) })
    }

    /// Writes the rules that were found; with `--prune`, without those that belong to no cell, which are orphans in any
    /// case. If the rules could not be found, this says why, and what was recorded stays.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn record_rules(&self, found: Result<Found>, summary: &mut Summary) -> Result<()> {
        let snapshots = self.session.workspace.snapshots();
        let recorded = found.and_then(|found| Ok((found, recorded::read(&snapshots)?)));
        let (found, before) = match recorded {
            Ok(recorded) => recorded,
            // What this run neither writes nor removes is checked by `why --all --check`.
            Err(_) if summary.accepted == 0 && !self.policy.prune => return Ok(()),
            Err(error) => {
                say(&format!(
                    "error: the snapshots are written, but not the rules behind them: {error:#}\n\
                     help: cargo xtask why --all"
                ));
                summary.without_rules = true;
                return Ok(());
            }
        };
        let mut now = before.clone();
        now.retain(|cell, _| recorded::case_of(cell).is_none_or(|case| !found.cases.contains(case)));
        now.extend(found.rules);
        if self.filter.is_everything() {
            let known = self.cells_with_rules();
            summary.orphans.extend(orphans(&now, &known));
            if self.policy.prune {
                now.retain(|cell, _| known.contains(cell));
            }
        }
        if now != before {
            recorded::write(&snapshots, &now)?;
            summary.rules = Some(recorded::difference(&before, &now));
        }
        Ok(())
    }

    /// The ids of all cells whose rules can be recorded.
    fn cells_with_rules(&self) -> BTreeSet<String> {
        let pinned = Column::all_pinned();
        let cells = cell::all(self.examples, &pinned);
        cells.iter().filter(|cell| recorded::is_about(cell)).map(Cell::id).collect()
    }
}

/// The cases that have rules but not the cells that these are about, with the numbers of such cells.
fn orphans(rules: &Recorded, known: &BTreeSet<String>) -> Vec<String> {
    let mut orphans: BTreeMap<&str, usize> = BTreeMap::new();
    for cell in rules.keys().filter(|cell| !known.contains(*cell)) {
        *orphans.entry(recorded::case_of(cell).unwrap_or(cell)).or_default() += 1;
    }
    let orphan = |(case, cells)| format!("snapshots/{}: {} of {case}", recorded::NAME, count(cells, "cell"));
    orphans.into_iter().map(orphan).collect()
}
