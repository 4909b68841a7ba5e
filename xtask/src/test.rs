//! `cargo xtask test`: the flow from examples to a report, from top to bottom.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::build::{self, Cargo, artifacts_dir};
use crate::call;
use crate::cell::{self, Cell};
use crate::cli::TestArgs;
use crate::compare::{self, Wish};
use crate::compiled;
use crate::compose;
use crate::divergences;
use crate::environment::Environment;
use crate::example::{self, Example};
use crate::guard;
use crate::junit;
use crate::layout;
use crate::list;
use crate::lock;
use crate::name;
use crate::normalize::{self, Places};
use crate::process::{self, Interrupt};
use crate::report::{CaseResult, CellResult, Report, Summary};
use crate::run::{self, Job, Left, Plan};
use crate::schedule::{self, Runs};
use crate::scratch::{self, CWD};
use crate::slots::Slots;
use crate::snapshot::{self, Keeping, Place};
use crate::stop::{Stop, exit};
use crate::terminal::say;
use crate::toolchain;
use crate::workspace::Workspace;

/// Runs the command and gives the exit code. `asked` is what `INSTA_UPDATE` asks for.
pub fn test(workspace: &Workspace, env: &Environment, args: &TestArgs, asked: Option<Keeping>) -> Result<u8> {
    let wish = wish(args, env, asked)?;
    let filter = args.selection.filter();

    // discover
    let examples = example::discover(workspace)?;
    let cells = filter.select(cell::all(&examples));
    let scratch = scratch::root(&workspace.own_dir());
    if cells.is_empty() {
        return Err(Stop::error(exit::NOTHING_MATCHED, nothing_matched(&examples, args)));
    }
    if args.list {
        return list::print(workspace, env, &scratch, &cells, args.format);
    }

    // provision
    let sh = Shell::new()?;
    let lock = lock::take(&workspace.own_dir().join("lock"), &say)?;
    let targets: BTreeSet<_> = cells.iter().map(|cell| cell.target).collect();
    let wasmtime = toolchain::provision(&sh, env, workspace, &targets, args.offline, &say)?;

    // build
    let packages: BTreeSet<_> = cells.iter().flat_map(|cell| call::packages(cell.example)).collect();
    let peers: BTreeSet<_> = cells.iter().filter_map(|cell| cell.case.peer.as_deref()).collect();
    let interrupt = Interrupt::watch().context("cannot watch for signals")?;
    let cargo = Cargo { program: &env.cargo, offline: args.offline, interrupt: &interrupt };
    let built = build::all(&sh, cargo, workspace, &packages, &targets, &peers, &say);
    end_if_interrupted(&interrupt);
    let built = built?;
    built.warnings.iter().for_each(|warning| say(warning.trim_end()));
    if built.is_nothing() && filter.is_everything() {
        let errors: Vec<_> = built.errors.values().flatten().map(String::as_str).collect();
        return Err(Stop::error(exit::HARNESS, format!("no example can be built:\n{}", errors.join("\n"))));
    }
    let files = call::built_files(&built.artifacts);
    let misfits = compose::all(&sh, cargo, workspace, &cells, &files, &say);
    end_if_interrupted(&interrupt);
    let misfits = misfits?;
    if args.no_run {
        return Ok(exit::OK);
    }

    // run, normalize, group, compare, report
    layout::warnings(workspace, &cells, &files)?.iter().for_each(|warning| say(warning));
    let slots = match args.jobs {
        _ if args.no_capture => Slots::exactly(1),
        Some(jobs) => Slots::exactly(jobs),
        None => Slots::busy(thread::available_parallelism().map_or(1, usize::from)),
    };
    let stop = AtomicBool::new(false);
    let plan = Plan {
        scratch: &scratch,
        wasmtime: wasmtime.as_ref(),
        built: &built,
        files: &files,
        misfits: &misfits,
        slots: &slots,
        timeout: args.timeout,
        keep_scratch: args.keep_scratch,
        echo: args.no_capture,
        interrupt: &interrupt,
        stop: &stop,
    };
    let seed = schedule::seed(args.shuffle, &say);
    let units: Vec<_> = cells.iter().map(Cell::unit).collect();
    let order = schedule::order(&units, args.repeat, seed, &compiled::not_yet(workspace, &files));
    let mut report = Report::new(args, env);
    scratch::prepare(&scratch)?;
    let guard = guard::start(&scratch, &lock)?;
    process::adopt()?;
    let compared = compare_all(workspace, plan, &cells, &order, args, wish, &mut report);
    guard.release()?;
    process::end_all()?;
    let code = compared.and_then(|compared| -> Result<u8> {
        if interrupt.signal().is_some() {
            report.interrupted(&compared.summary);
            return Ok(exit::HARNESS);
        }
        if wish.keeping != Keeping::Check {
            snapshot::sweep(&workspace.snapshots())?;
        }
        if filter.is_everything() && compared.summary.not_run == 0 {
            compiled::remember(workspace)?;
        }
        keep(&compared)?;
        let strays = strays(workspace, &examples, &compared.results, filter.is_everything(), wish)?;
        let mut summary = compared.summary;
        let recorded = summary.accepted > 0 || wish.prune && !strays.is_empty();
        // Since the last run, `cargo insta review` may have accepted something.
        let reviewed = filter.is_everything() && summary.failed == 0 && wish.keeping != Keeping::Check;
        if recorded || reviewed {
            summary.page = divergences::renew(workspace, &examples)?;
        }
        summary.strays = strays;
        report.failures(&compared.results, &built, workspace)?;
        report.summary(&summary, wish)?;
        if let Some(path) = &args.junit {
            junit::write(path, &compared.results)?;
        }
        match args.snapshots.review {
            true => review(&sh, env, workspace, &examples, &compared.results, &summary),
            false => Ok(summary.exit_code(wish)),
        }
    });
    if !args.keep_scratch {
        scratch::remove(&scratch).with_context(|| format!("cannot remove {}", scratch.display()))?;
    }
    match interrupt.signal() {
        Some(signal) => Interrupt::end_by(signal),
        None => code,
    }
}

/// Ends the harness if it was interrupted while it called tools: nothing has been run yet.
fn end_if_interrupted(interrupt: &Interrupt) {
    if let Some(signal) = interrupt.signal() {
        say("Interrupted while cargo was building");
        Interrupt::end_by(signal);
    }
}

/// What came out of a run.
struct Compared<'a> {
    results: Vec<CaseResult<'a>>,
    summary: Summary,
}

/// Runs all cells, and says of each case what became of it as soon as that is known, in the order of
/// the cells. Nothing is written yet.
fn compare_all<'a>(
    workspace: &Workspace,
    plan: Plan<'_>,
    cells: &[Cell<'a>],
    order: &[Job],
    args: &TestArgs,
    wish: Wish,
    report: &mut Report,
) -> Result<Compared<'a>> {
    let mut compared = Compared { results: Vec::new(), summary: Summary::default() };
    thread::scope(|scope| {
        let mut runs = Runs::new(run::start(scope, plan, cells, order));
        let mut all_cases = || -> Result<()> {
            for case in schedule::cases(cells) {
                let left = runs.take(case.clone(), args.repeat, |done| report.progress(done, order.len()))?;
                let outcomes = outcomes(workspace, plan.scratch, &cells[case], left);
                let Some(result) = compare_case(workspace, plan.scratch, outcomes, wish)? else {
                    compared.summary.not_run += 1;
                    continue;
                };
                compared.summary.add(&result);
                report.case(&result)?;
                if result.failed() && args.fail_fast {
                    plan.stop.store(true, Ordering::Relaxed);
                }
                compared.results.push(result);
            }
            Ok(())
        };
        let ended = all_cases();
        // Whatever ended the loop, no further cell is to begin.
        plan.stop.store(true, Ordering::Relaxed);
        ended
    })?;
    Ok(compared)
}

/// Writes what the comparisons have found to be written.
fn keep(compared: &Compared<'_>) -> Result<()> {
    compared.results.iter().try_for_each(|result| compare::write(&result.verdict))
}

/// What becomes of differences, by flags, by `INSTA_UPDATE`, and by whether a CI runs this.
fn wish(args: &TestArgs, env: &Environment, asked: Option<Keeping>) -> Result<Wish> {
    let flags = &args.snapshots;
    if flags.prune && !args.selection.filter().is_everything() {
        let message =
            "--prune needs a full run: remove the filters, so that nothing is pruned that was only left out";
        return Err(Stop::error(exit::USAGE, message));
    }
    if env.ci && (flags.accept || flags.prune || flags.review) {
        let message = "CI is set, and there nothing is written: unset it to accept, review or prune";
        return Err(Stop::error(exit::USAGE, message));
    }
    let keeping = match asked {
        _ if flags.check || env.ci => Keeping::Check,
        _ if flags.accept => Keeping::Accept,
        Some(asked) => asked,
        None => Keeping::Pending,
    };
    if keeping == Keeping::Check && flags.prune {
        let message = "--prune removes what INSTA_UPDATE=no says to leave: unset it, or leave out --prune";
        return Err(Stop::error(exit::USAGE, message));
    }
    Ok(Wish { keeping, prune: flags.prune })
}

fn nothing_matched(examples: &[Example], args: &TestArgs) -> String {
    let all = cell::all(examples);
    let ids: BTreeSet<_> = all.iter().flat_map(|cell| [cell.example.name.clone(), cell.case_id()]).collect();
    let rows: BTreeSet<_> = all.iter().map(|cell| cell.flag_set.name.clone()).collect();
    let meant = |word: &String, known: &BTreeSet<String>| {
        let known = known.iter().map(String::as_str).filter(|known| known != word);
        name::suggest(word, known).map(String::from)
    };
    let asked = &args.selection;
    let of_filters = asked.filters.iter().find_map(|filter| meant(filter, &ids));
    let meant = of_filters.or_else(|| asked.flag_set.iter().find_map(|name| meant(name, &rows)));
    let hint = meant.map(|name| format!("did you mean `{name}`?\n")).unwrap_or_default();
    format!("nothing matched\n{hint}`cargo xtask test --list` prints the ids of all cells")
}

/// The cells of a case with their outcomes; none for those that were not run.
fn outcomes<'a>(
    workspace: &Workspace,
    scratch: &Path,
    cells: &[Cell<'a>],
    left: Vec<Vec<Left>>,
) -> Vec<Option<CellResult<'a>>> {
    let of_cell = |(cell, rounds): (&Cell<'a>, Vec<Left>)| {
        let took = rounds.iter().map(Left::took).sum();
        let drawn: Vec<String> = rounds
            .iter()
            .enumerate()
            .map(|(round, left)| {
                let cwd = cell.dir(scratch, round).join(CWD);
                let places = Places::new(&cwd, &artifacts_dir(workspace, cell.target), &workspace.root)
                    .at_port(left.port());
                let redact = &cell.case.redact;
                match left {
                    Left::Ran(raw) => Some(normalize::outcome(raw, cell.target, &places, redact).to_string()),
                    Left::DoesNotBuild(error) => {
                        Some(normalize::outcome_of_failed_build(error, &places, redact).to_string())
                    }
                    Left::DoesNotCompose(reason) => {
                        Some(normalize::outcome_of_misfit(reason, &places, redact).to_string())
                    }
                    Left::NotRun => None,
                }
            })
            .collect::<Option<_>>()?;
        let plain = match rounds.first() {
            Some(Left::Ran(raw)) => Some(raw.plain.clone()),
            _ => None,
        };
        let unsteady = drawn.iter().find(|other| **other != drawn[0]).cloned();
        Some(CellResult { cell: *cell, outcome: drawn.into_iter().next()?, unsteady, took, plain })
    };
    cells.iter().zip(left).map(of_cell).collect()
}

/// Compares a case with its snapshot, unless some of its cells were not run.
fn compare_case<'a>(
    workspace: &Workspace,
    scratch: &Path,
    outcomes: Vec<Option<CellResult<'a>>>,
    wish: Wish,
) -> Result<Option<CaseResult<'a>>> {
    let Some(cells) = outcomes.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
    let Cell { example, case, .. } = cells[0].cell;
    // What differs between repetitions is no outcome that could be recorded.
    let steady = cells.iter().filter(|result| result.unsteady.is_none());
    let ran = steady.map(|result| (result.cell.place(), result.outcome.clone())).collect();
    let staging = scratch.join("staging");
    let verdict = compare::case(&workspace.snapshots(), &staging, &example.name, case, &ran, wish)?;
    Ok(Some(CaseResult { cells, verdict }))
}

/// What no case stands behind any more: whole files, and parts of the snapshots of `results`. They
/// are removed if that is wished; only a full run can tell.
fn strays(
    workspace: &Workspace,
    examples: &[Example],
    results: &[CaseResult<'_>],
    full: bool,
    wish: Wish,
) -> Result<Vec<String>> {
    if !full {
        return Ok(Vec::new());
    }
    let known: Vec<_> = examples
        .iter()
        .flat_map(|example| {
            example.cases.iter().map(|case| Place::new(&workspace.snapshots(), &example.name, &case.name))
        })
        .collect();
    let mut strays = Vec::new();
    for path in snapshot::strays(&workspace.snapshots(), &known)? {
        if wish.prune {
            snapshot::prune(&path)?;
        }
        strays.push(workspace.show(&path));
    }
    for result in results {
        let file = workspace.show(&result.verdict.snapshot);
        strays.extend(result.verdict.orphans.iter().map(|orphan| format!("{file}: {orphan}")));
    }
    Ok(strays)
}

/// Hands the differences to `cargo insta review`, and gives the exit code for what is left of them.
fn review(
    sh: &Shell,
    env: &Environment,
    workspace: &Workspace,
    examples: &[Example],
    results: &[CaseResult<'_>],
    summary: &Summary,
) -> Result<u8> {
    let failed: Vec<_> = results.iter().filter(|result| result.failed()).collect();
    if failed.is_empty() {
        return Ok(exit::OK);
    }
    if env.which("cargo-insta").is_none() {
        let message =
            "cargo-insta is missing, which the review needs\nmend it: cargo install --locked cargo-insta";
        return Err(Stop::error(exit::SET_UP, message));
    }
    let (cargo, root) = (&env.cargo, &workspace.root);
    let review =
        snapshot::restore_environment(cmd!(sh, "{cargo} insta review --workspace-root {root}").quiet());
    review.run().context("cargo insta review failed")?;
    divergences::renew(workspace, examples)?;
    let settled = |result: &&CaseResult<'_>| -> Result<bool> {
        let (example, case) = result.names();
        let place = Place::new(&workspace.snapshots(), example, case);
        let accepted = snapshot::accepted(&place)?;
        Ok(result.is_steady() && accepted.is_some_and(|accepted| accepted.table == result.verdict.table))
    };
    let mut left = 0;
    for result in &failed {
        left += usize::from(!settled(result)?);
    }
    Ok(if left == 0 && summary.not_run == 0 { exit::OK } else { exit::DIFFERS })
}
