//! Runs the cells, and compares their outcomes with the snapshots.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Result;

use crate::build::cargo::Built;
use crate::cli::TestArgs;
use crate::model::cell::Cell;
use crate::model::column::Unit;
use crate::model::example::Example;
use crate::model::filter::Filter;
use crate::model::needs;
use crate::provision::toolchain::Toolchains;
use crate::report::human::Report;
use crate::report::results::{CaseResult, CaseStatus, CellResult, LostCell, Summary};
use crate::run::cells::{self, CellRun, Job, Plan};
use crate::run::schedule::{self, Runs};
use crate::session::{self, Session};
use crate::snapshot::compare::{self, SnapshotPolicy};
use crate::snapshot::store::UpdateMode;
use crate::workspace::Workspace;

/// A run of cells whose programs are built.
pub struct Run<'a> {
    pub session: &'a Session<'a>,
    pub toolchains: &'a Toolchains,
    pub examples: &'a [Example],
    pub filter: &'a Filter,
    /// The parts of the filter that select several examples, with the names of these examples.
    pub ambiguous: Vec<(String, Vec<&'a str>)>,
    pub args: &'a TestArgs,
    pub policy: SnapshotPolicy,
    pub plan: Plan<'a>,
}

/// The results of a run.
pub struct Compared<'a> {
    /// Each with its place in the order of the cases, in that order.
    pub results: Vec<(usize, CaseResult<'a>)>,
    /// The cells without an outcome.
    pub lost: Vec<LostCell>,
    pub summary: Summary,
}

impl Compared<'_> {
    /// Adds and reports a cell without an outcome.
    fn lost(&mut self, cell: &Cell<'_>, why: &str, report: &mut Report) {
        self.summary.without_outcome += 1;
        report.without_outcome(&cell.id(), why);
        let example = cell.example.name.clone();
        self.lost.push(LostCell { example, id: cell.id(), why: why.into() });
    }

    /// Reports a case, unless it is to be accepted: only what is written is reported as accepted.
    fn report_unless_accepted(&mut self, result: &CaseResult<'_>, report: &mut Report) -> Result<()> {
        if result.status() == CaseStatus::Accepted {
            return Ok(());
        }
        self.summary.add(result);
        report.case(result)
    }
}

impl<'a> Run<'a> {
    /// Runs all cells. Reports the cases in the order of the cells, each as soon as all of its cells have
    /// ended, except those that are to be accepted. No snapshot is written yet.
    pub fn compare_all<'c>(
        &self,
        cells: &[Cell<'c>],
        order: &[Job],
        report: &mut Report,
    ) -> Result<Compared<'c>> {
        let mut compared = Compared { results: Vec::new(), lost: Vec::new(), summary: Summary::default() };
        // The results of cases that would be accepted, each with its place in the order of the cases. They are
        // reported when their cells have run a second time.
        let mut to_confirm = Vec::new();
        thread::scope(|scope| {
            let mut runs = Runs::new(cells::start(scope, self.plan, cells, order));
            let mut all_cases = || -> Result<()> {
                for (place, case) in schedule::cases(cells).into_iter().enumerate() {
                    let progress = |done| report.progress(done, order.len());
                    let ran = runs.take(case.clone(), self.args.repeat, progress)?;
                    let (cells, ran) = with_outcomes(&cells[case], ran, |cell, why| {
                        compared.lost(cell, why, report);
                    });
                    let results = cells.iter().zip(ran);
                    let results = results.map(|(cell, rounds)| self.cell_result(cell, rounds));
                    let results = results.collect::<Option<Vec<_>>>().filter(|results| !results.is_empty());
                    let Some(results) = results else {
                        compared.summary.not_run += 1;
                        continue;
                    };
                    let result = self.compare(results)?;
                    if result.is_recorded_anew() {
                        to_confirm.push((place, result));
                        continue;
                    }
                    compared.report_unless_accepted(&result, report)?;
                    if result.failed() && self.args.fail_fast {
                        self.plan.stop.store(true, Ordering::Relaxed);
                    }
                    compared.results.push((place, result));
                }
                Ok(())
            };
            let result = all_cases();
            // Even after an error, no more cells must start.
            self.plan.stop.store(true, Ordering::Relaxed);
            result
        })?;
        for (place, result) in self.confirm(to_confirm, &mut compared, report)? {
            compared.report_unless_accepted(&result, report)?;
            compared.results.push((place, result));
        }
        compared.results.sort_by_key(|(place, _)| *place);
        Ok(compared)
    }

    /// Runs the cells that are about to be recorded once more, and compares the outcomes with those of the
    /// first run. This is done in another second of the clock and in other directories, so that an outcome
    /// that contains a time or a path is not accepted. Cells whose recorded outcomes do not change are not run.
    fn confirm<'c>(
        &self,
        results: Vec<(usize, CaseResult<'c>)>,
        compared: &mut Compared<'_>,
        report: &mut Report,
    ) -> Result<Vec<(usize, CaseResult<'c>)>> {
        let anew = |result: &CaseResult<'c>| result.differing().map(|cell| cell.cell).collect::<Vec<_>>();
        let cells: Vec<_> = results.iter().flat_map(|(_, result)| anew(result)).collect();
        if cells.is_empty() || self.session.interrupt.signal().is_some() {
            return Ok(results);
        }
        schedule::next_second(|| self.session.interrupt.signal().is_some());
        let stop = AtomicBool::new(false);
        let plan = Plan { echo: false, stop: &stop, ..self.plan };
        // This repetition has a number of its own, and so its own scratch directories.
        let round = self.args.repeat;
        let jobs: Vec<_> = (0..cells.len()).map(|cell| Job { cell, round }).collect();
        let mut again = BTreeMap::new();
        thread::scope(|scope| {
            let ran = (|| -> Result<()> {
                for (job, ran) in cells::start(scope, plan, &cells, &jobs) {
                    let (cell, ran) = (&cells[job.cell], ran?);
                    if let CellRun::Failed(why) = &ran {
                        compared.lost(cell, why, report);
                    }
                    again.insert(
                        cell.id(),
                        session::cells::outcome(self.session, &self.plan, cell, round, &ran),
                    );
                    report.confirming(again.len(), jobs.len());
                }
                Ok(())
            })();
            stop.store(true, Ordering::Relaxed);
            ran
        })?;
        let mut confirmed = Vec::new();
        for (place, CaseResult { cells, .. }) in results {
            let mut kept = Vec::new();
            for mut cell in cells {
                match again.remove(&cell.cell.id()) {
                    // What has no outcome the second time is not recorded.
                    Some(None) => continue,
                    Some(Some(other)) if other != cell.outcome => cell.unsteady = Some(other),
                    Some(Some(_)) | None => {}
                }
                kept.push(cell);
            }
            match kept.is_empty() {
                true => compared.summary.not_run += 1,
                false => confirmed.push((place, self.compare(kept)?)),
            }
        }
        Ok(confirmed)
    }

    /// Compares the cells of a case with its snapshot.
    fn compare<'c>(&self, results: Vec<CellResult<'c>>) -> Result<CaseResult<'c>> {
        let Cell { example, case, .. } = results[0].cell;
        // A cell that differs between repetitions has no outcome that could be recorded.
        let steady = results.iter().filter(|result| result.unsteady.is_none());
        let ran = steady.map(|result| (result.cell.position(), result.outcome.clone())).collect();
        let Workspace { columns, .. } = self.session.workspace;
        let snapshots = self.session.workspace.snapshots();
        let unbuilt = unbuilt(&results[0].cell, self.plan.built);
        let update = if unbuilt.is_empty() { self.policy.update } else { UpdateMode::Check };
        let policy = SnapshotPolicy { update, ..self.policy };
        let comparison = compare::case(&snapshots, &example.name, case, columns, &ran, policy)?;
        Ok(CaseResult { cells: results, comparison, unbuilt })
    }

    /// The normalized outcome of a cell, unless one of its repetitions was not run.
    fn cell_result<'c>(&self, cell: &Cell<'c>, rounds: Vec<CellRun>) -> Option<CellResult<'c>> {
        let took = rounds.iter().map(CellRun::took).sum();
        let spans = || rounds.iter().filter_map(CellRun::span);
        let span = spans().map(|span| span.start).min().zip(spans().map(|span| span.end).max());
        let span = span.map(|(start, end)| start..end);
        let typed = match rounds.first() {
            Some(CellRun::Ran(raw)) => Some(raw.typed.clone()),
            _ => None,
        };
        let outcomes = rounds
            .iter()
            .enumerate()
            .map(|(round, ran)| session::cells::outcome(self.session, &self.plan, cell, round, ran));
        let mut outcomes = outcomes.collect::<Option<Vec<_>>>()?.into_iter();
        let outcome = outcomes.next()?;
        let unsteady = outcomes.find(|other| *other != outcome);
        Some(CellResult { cell: *cell, outcome, unsteady, took, span, typed })
    }
}

/// The units that do not build although the case of this cell needs them: its program, and its peer.
fn unbuilt(cell: &Cell<'_>, built: &Built) -> Vec<Unit> {
    if !cell.case.builds {
        return Vec::new();
    }
    let is_unbuilt = |unit: &Unit| built.failure(unit).is_some();
    let program = needs::program(cell);
    let program = if program.iter().all(is_unbuilt) { program } else { Vec::new() };
    program.into_iter().chain(needs::peer(cell).filter(is_unbuilt)).collect()
}

/// Leaves out the cells with a repetition that the harness could not run to its end, and calls `report` with
/// each of them and the reason. The other cells of their case are compared as in a partial run.
fn with_outcomes<'c>(
    cells: &[Cell<'c>],
    ran: Vec<Vec<CellRun>>,
    mut report: impl FnMut(&Cell<'c>, &str),
) -> (Vec<Cell<'c>>, Vec<Vec<CellRun>>) {
    let whole = cells.iter().zip(ran).filter(|(cell, rounds)| {
        let why = rounds.iter().find_map(|ran| match ran {
            CellRun::Failed(why) => Some(why),
            _ => None,
        });
        why.inspect(|why| report(cell, why)).is_none()
    });
    whole.map(|(cell, rounds)| (*cell, rounds)).unzip()
}
