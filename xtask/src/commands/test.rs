//! `cargo xtask test`: runs all stages, from the examples to the report.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};
use xshell::cmd;

use crate::build::artifacts::{self, Files};
use crate::build::cargo::Built;
use crate::cli::TestArgs;
use crate::commands::{layout, list};
use crate::discover::examples;
use crate::discover::template;
use crate::environment::Environment;
use crate::exit;
use crate::model::cell::{self, Cell};
use crate::model::column::Unit;
use crate::model::example::Example;
use crate::model::filter::Filter;
use crate::model::needs;
use crate::model::target::Target;
use crate::normalize::{self, Locals, Rules};
use crate::process::{self, Interrupt};
use crate::provision::toolchain::Toolchains;
use crate::report::human::{Options, Report};
use crate::report::junit;
use crate::report::page::file;
use crate::report::results::{CaseResult, CaseStatus, CellResult, Summary};
use crate::run::cells::{self, CellRun, Job, Plan};
use crate::run::concurrency::Concurrency;
use crate::run::precompile;
use crate::run::schedule::{self, Runs};
use crate::run::scratch::{self, CWD};
use crate::run::watchdog;
use crate::session::{Session, Tools};
use crate::snapshot::compare::{self, SnapshotPolicy};
use crate::snapshot::format::Drawn;
use crate::snapshot::store::{self, Location, UpdateMode};
use crate::support::suggest::suggest;
use crate::support::terminal::say;
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// How the command ended.
pub struct Ended {
    /// The exit code.
    pub code: u8,
    /// The figures of the run, if cells were run.
    pub summary: Option<Summary>,
}

impl Ended {
    fn with(code: u8) -> Ended {
        Ended { code, summary: None }
    }
}

/// Runs the command.
///
/// # Errors
/// If the harness fails, or if nothing matched the filter. A cell that differs, and an example that does not
/// compile, is not an error here.
pub fn test(workspace: &Workspace, env: &Environment, args: &TestArgs) -> Result<Ended> {
    let policy = policy(args, env)?;
    let examples = examples::discover(workspace)?;
    let filter = args.selection.filter();
    let all = cell::all(&examples, &workspace.columns);
    let cells = filter.select(all.clone());
    if cells.is_empty() {
        let message = nothing_matched(&all, args);
        return Err(exit::error(exit::NOTHING_MATCHED, message));
    }
    if args.list {
        let scratch = scratch::root(&workspace.own_dir());
        return list::print(workspace, env, &scratch, &cells, args.format).map(Ended::with);
    }

    if matches!(policy.update, UpdateMode::Accept | UpdateMode::AcceptSeen) {
        let is_selected = |example: &&Example| cells.iter().any(|cell| std::ptr::eq(cell.example, *example));
        template::replaced(workspace, examples.iter().filter(is_selected))?;
    }

    let session = Session::open(workspace, env, args.offline, Progress::of(env, args.verbose))?;
    let Tools { toolchains, hosts } = session.provision(cells.iter().map(|cell| cell.column))?;
    let built = build(&session, &toolchains, &cells)?;
    let files = built.files();
    let misfits = session.compose(&toolchains, &cells, &files)?;
    if args.no_run {
        return Ok(Ended::with(exit::OK));
    }
    layout::warnings(&session, &toolchains, &cells, &files)?.iter().for_each(|warning| say(warning));

    let concurrency = match args.jobs {
        _ if args.no_capture => Concurrency::exactly(1),
        Some(jobs) => Concurrency::exactly(jobs),
        None => Concurrency::per_core(thread::available_parallelism().map_or(1, usize::from)),
    };
    let stop = AtomicBool::new(false);
    let scratch = scratch::prepare(&workspace.own_dir())?;
    let plan = Plan {
        scratch: &scratch,
        hosts: &hosts,
        built: &built,
        files: &files,
        misfits: &misfits,
        concurrency: &concurrency,
        timeout: args.timeout,
        keep_scratch: args.keep_scratch,
        echo: args.no_capture,
        interrupt: &session.interrupt,
        stop: &stop,
    };
    let ambiguous = filter.ambiguous(&all, &cells);
    let run = Run { session: &session, examples: &examples, filter: &filter, ambiguous, args, policy, plan };
    let mut report = Report::new(options(args), env);
    let order = run.order(&cells, &files);
    let compared = run.guarded(|| run.compare_all(&cells, &order, &mut report));
    if let Some(signal) = session.interrupt.signal() {
        if let Ok(compared) = &compared {
            report.interrupted(&compared.summary);
        }
        Interrupt::end_by(signal);
    }
    run.conclude(compared?, &built, &mut report)
}

/// Builds what the cells need.
fn build(session: &Session<'_>, toolchains: &Toolchains, cells: &[Cell<'_>]) -> Result<Built> {
    let units = cells.iter().flat_map(|cell| {
        let packages = needs::packages(cell.example).map(|package| cell.column.unit(package));
        packages.chain(needs::peer(cell))
    });
    let mut built = session.build(toolchains, &units.collect())?;
    // A program that does not compile for wasm may not compile at all, which only its native build shows. A run
    // of some columns would not build that.
    let failed = cells.iter().filter(|cell| built.failure(&cell.unit()).is_some());
    let unknown: BTreeSet<_> = failed
        .flat_map(needs::program)
        .filter(|unit| unit.target == Target::Native && !built.artifacts.contains_key(unit))
        .collect();
    if !unknown.is_empty() {
        built.extend(session.build(toolchains, &unknown)?);
    }
    built.warnings.iter().for_each(|warning| say(warning.trim_end()));
    Ok(built)
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

/// The options of the report.
fn options(args: &TestArgs) -> Options {
    Options {
        format: args.format,
        color: args.color,
        verbose: args.verbose,
        quiet: args.quiet,
        no_capture: args.no_capture,
    }
}

/// A run of cells whose programs are built.
struct Run<'a> {
    session: &'a Session<'a>,
    examples: &'a [Example],
    filter: &'a Filter,
    /// The parts of the filter that select several examples, with the names of these examples.
    ambiguous: Vec<(String, Vec<&'a str>)>,
    args: &'a TestArgs,
    policy: SnapshotPolicy,
    plan: Plan<'a>,
}

/// The results of a run.
struct Compared<'a> {
    /// Each with its place in the order of the cases, in that order.
    results: Vec<(usize, CaseResult<'a>)>,
    summary: Summary,
}

impl Compared<'_> {
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
    /// The order in which the cells start.
    fn order(&self, cells: &[Cell<'_>], files: &Files) -> Vec<Job> {
        let seed = schedule::seed(self.args.shuffle);
        let units: Vec<_> = cells.iter().map(Cell::unit).collect();
        let cold = precompile::not_yet(self.session.workspace, files);
        schedule::order(&units, self.args.repeat, seed, &cold)
    }

    /// Does `work` in scratch directories, guarded by a watchdog. Ends the watchdog and all processes, and
    /// removes the directories afterwards, even if the work failed. What of this cannot be done is a warning,
    /// because it does not change the results.
    fn guarded<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let (own_dir, scratch) = (self.session.workspace.own_dir(), &self.plan.scratch.path);
        let watchdog = watchdog::start(&own_dir, scratch, &self.session.lock)?;
        process::adopt()?;
        let worked = work();
        // Until the processes have ended, the watchdog has to be there in case this process is killed.
        match process::end_all_but(watchdog.id()) {
            Ok(()) => scratch::all_ended(&own_dir),
            Err(error) => say(&format!("warning: processes are left that cannot be ended: {error}")),
        }
        if !self.args.keep_scratch
            && let Err(warning) = scratch::clean_up(scratch)
        {
            say(&warning);
        }
        if let Err(error) = watchdog.release() {
            say(&format!(
                "warning: the watchdog of this run has ended before it: {error}\n\
                 help: a program of this run may have killed it; the results are not affected"
            ));
        }
        worked
    }

    /// Runs all cells. Reports the cases in the order of the cells, each as soon as all of its cells have
    /// ended, except those that are to be accepted. No snapshot is written yet.
    fn compare_all<'c>(
        &self,
        cells: &[Cell<'c>],
        order: &[Job],
        report: &mut Report,
    ) -> Result<Compared<'c>> {
        let mut compared = Compared { results: Vec::new(), summary: Summary::default() };
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
                        compared.summary.without_outcome += 1;
                        report.without_outcome(&cell.id(), why);
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
        for (place, result) in self.confirm(to_confirm, &mut compared.summary, report)? {
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
        summary: &mut Summary,
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
                        summary.without_outcome += 1;
                        report.without_outcome(&cell.id(), why);
                    }
                    again.insert(cell.id(), self.outcome(cell, round, &ran));
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
                true => summary.not_run += 1,
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
        let outcomes = rounds.iter().enumerate().map(|(round, ran)| self.outcome(cell, round, ran));
        let mut outcomes = outcomes.collect::<Option<Vec<_>>>()?.into_iter();
        let outcome = outcomes.next()?;
        let unsteady = outcomes.find(|other| *other != outcome);
        Some(CellResult { cell: *cell, outcome, unsteady, took, span, typed })
    }

    /// The normalized outcome of one repetition, unless it was not run.
    fn outcome(&self, cell: &Cell<'_>, round: usize, ran: &CellRun) -> Option<Drawn> {
        let Workspace { root, .. } = self.session.workspace;
        let bin = artifacts::directory(self.session.workspace, &cell.unit());
        let cwd = cell.dir(&self.plan.scratch.path, round).join(CWD);
        let locals = Locals::new(&cwd, &bin, root).at_port(ran.port());
        let rules =
            Rules { host: self.plan.hosts.of(cell.column), locals: &locals, redact: &cell.case.redact };
        Some(Drawn::new(match ran {
            CellRun::Ran(raw) => normalize::outcome(raw, rules),
            CellRun::DoesNotBuild(error) => normalize::outcome_of_failed_build(error, rules),
            CellRun::DoesNotCompose(reason) => normalize::outcome_of_misfit(reason, rules),
            // A cell that failed was left out before.
            CellRun::Failed(_) | CellRun::NotRun => return None,
        }))
    }

    /// Writes snapshots, the page and the JUnit report, and prints the end of the report.
    fn conclude(&self, compared: Compared<'_>, built: &Built, report: &mut Report) -> Result<Ended> {
        let (workspace, policy) = (self.session.workspace, self.policy);
        let Compared { results, mut summary } = compared;
        let results: Vec<_> = results.into_iter().map(|(_, result)| result).collect();
        let is_full = self.filter.is_everything();
        if policy.update != UpdateMode::Check {
            store::sweep(&workspace.snapshots())?;
        }
        if is_full && summary.not_run == 0 && summary.without_outcome == 0 {
            precompile::remember(workspace)?;
        }
        for result in &results {
            compare::write(&result.comparison)?;
            if result.status() == CaseStatus::Accepted {
                summary.add(result);
                report.case(result)?;
            }
        }
        if is_full {
            summary.orphans = self.orphans(&results)?;
        }
        let recorded = summary.accepted > 0 || policy.prune && !summary.orphans.is_empty();
        // Since the last run, `cargo insta review` may have accepted something.
        let reviewed = is_full
            && summary.failed == 0
            && summary.without_outcome == 0
            && policy.update != UpdateMode::Check;
        if recorded || reviewed {
            summary.page = file::update(workspace, self.examples)?;
        }
        report.failures(&results, built, workspace)?;
        report.summary(&summary, &self.ambiguous, policy)?;
        if let Some(path) = &self.args.junit {
            junit::write(path, &results)?;
        }
        let code = match self.args.snapshots.review {
            true => self.review(&results, &summary)?,
            false => summary.exit_code(policy),
        };
        Ok(Ended { code, summary: Some(summary) })
    }

    /// The orphans: snapshots that belong to no case any more, and such parts of the snapshots of `results`.
    /// With `--prune`, this removes the files; the parts are removed along with writing the results.
    fn orphans(&self, results: &[CaseResult<'_>]) -> Result<Vec<String>> {
        let workspace = self.session.workspace;
        let snapshots = workspace.snapshots();
        let known = self.examples.iter().flat_map(|example| {
            example.cases.iter().map(|case| Location::new(&snapshots, &example.name, &case.name))
        });
        let mut orphans = Vec::new();
        for path in store::orphans(&snapshots, &known.collect::<Vec<_>>())? {
            if self.policy.prune {
                store::prune(&path)?;
            }
            orphans.push(workspace.show(&path));
        }
        for result in results {
            let file = workspace.show(&result.comparison.snapshot);
            orphans.extend(result.comparison.orphans.iter().map(|orphan| format!("{file}: {orphan}")));
        }
        Ok(orphans)
    }

    /// Runs `cargo insta review`, and returns the exit code, which depends on the differences that were not
    /// accepted.
    fn review(&self, results: &[CaseResult<'_>], summary: &Summary) -> Result<u8> {
        let Session { env, sh, workspace, .. } = self.session;
        let failed: Vec<_> = results.iter().filter(|result| result.failed()).collect();
        if failed.is_empty() {
            return Ok(summary.exit_code(self.policy));
        }
        if env.which("cargo-insta").is_none() {
            let message = "--review needs cargo-insta, which is missing\n\
                           help: cargo install --locked cargo-insta";
            return Err(exit::error(exit::SET_UP, message));
        }
        let (cargo, root) = (&env.cargo, &workspace.root);
        cmd!(sh, "{cargo} insta review --workspace-root {root}")
            .quiet()
            .run()
            .context("cargo insta review failed")?;
        file::update(workspace, self.examples)?;
        let settled = |result: &&CaseResult<'_>| -> Result<bool> {
            let (example, case) = result.names();
            let accepted = store::accepted(&Location::new(&workspace.snapshots(), example, case))?;
            let is_accepted = |accepted: store::Snapshot| accepted.table == result.comparison.table;
            Ok(result.is_steady() && accepted.is_some_and(is_accepted))
        };
        let mut left = 0;
        for result in &failed {
            left += usize::from(!settled(result)?);
        }
        Ok(match left == 0 && summary.not_run == 0 {
            _ if summary.broken > 0 || summary.without_outcome > 0 => exit::HARNESS,
            true => exit::OK,
            false => exit::DIFFERS,
        })
    }
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

/// What to do about differences, according to the flags, `INSTA_UPDATE`, and whether this is CI.
fn policy(args: &TestArgs, env: &Environment) -> Result<SnapshotPolicy> {
    let asked = UpdateMode::asked(&env.insta_update)?;
    let flags = &args.snapshots;
    if flags.prune && !args.selection.filter().is_everything() {
        let message = "--prune needs a full run: only that finds everything that belongs to no case\n\
                       help: leave out the filters";
        return Err(exit::error(exit::USAGE, message));
    }
    if env.ci && (flags.accept || flags.prune || flags.review) {
        let message = "nothing is written in CI\nhelp: unset CI to accept, review or prune";
        return Err(exit::error(exit::USAGE, message));
    }
    let update = match asked {
        _ if flags.check || env.ci => UpdateMode::Check,
        _ if flags.accept => UpdateMode::Accept,
        Some(asked) => asked,
        None => UpdateMode::Pending,
    };
    if update == UpdateMode::Check && flags.prune {
        let message = "--prune removes files, but INSTA_UPDATE=no forbids writing\n\
                       help: unset INSTA_UPDATE, or leave out --prune";
        return Err(exit::error(exit::USAGE, message));
    }
    Ok(SnapshotPolicy { update, prune: flags.prune })
}

/// How many rows [`nothing_matched`] lists at most.
const MOST_ROWS: usize = 20;

/// The message for a filter that matches no cell, with a suggestion.
fn nothing_matched(all: &[Cell<'_>], args: &TestArgs) -> String {
    let ids: BTreeSet<_> = all.iter().flat_map(|cell| [cell.example.name.clone(), cell.case_id()]).collect();
    let asked = &args.selection;
    let without_rows = Filter { rows: Vec::new(), ..asked.filter() }.select(all.to_vec());
    let rows: BTreeSet<_> = without_rows.iter().map(|cell| cell.row.name.as_str()).collect();
    let helps: Vec<String> = if !rows.is_empty() {
        // Without the names of rows, something would be selected.
        let meant = asked.row.iter().find_map(|name| suggest(name, rows.iter().copied()));
        let mut listed: Vec<_> = rows.iter().copied().take(MOST_ROWS).collect();
        if rows.len() > MOST_ROWS {
            listed.push("…");
        }
        let listed = format!("the rows of the selected cases: {}", listed.join(", "));
        meant.map(|name| format!("did you mean `{name}`?")).into_iter().chain([listed]).collect()
    } else {
        let meant = |filter: &String| {
            let name = filter.trim_end_matches('/');
            suggest(name, ids.iter().map(String::as_str).filter(|known| *known != name))
        };
        let meant = asked.filters.iter().find_map(meant).map(|name| format!("did you mean `{name}`?"));
        let with_slash = asked.filters.iter().find(|filter| filter.ends_with('/'));
        let with_slash = with_slash.map(|filter| {
            format!(
                "`{filter}` is the whole name of an example or case; without the `/` it is any part of an id"
            )
        });
        let list = "`cargo xtask test --list` prints the ids of all cells".to_string();
        meant.into_iter().chain(with_slash).chain([list]).collect()
    };
    let helps: String = helps.iter().map(|help| format!("\nhelp: {help}")).collect();
    format!("nothing matched{helps}")
}
