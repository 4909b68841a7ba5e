//! `cargo xtask test`: runs all stages, from the examples to the report.

mod arguments;
mod compare;
mod conclude;
mod rules;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use anyhow::Result;

use crate::build::cargo::Built;
use crate::cli::TestArgs;
use crate::commands::test::arguments::{nothing_matched, policy};
use crate::commands::test::compare::Run;
use crate::commands::{layout, list};
use crate::discover::examples;
use crate::discover::template;
use crate::environment::Environment;
use crate::exit;
use crate::model::cell::{self, Cell};
use crate::model::column::Column;
use crate::model::example::Example;
use crate::model::needs;
use crate::model::target::Target;
use crate::process::Interrupt;
use crate::provision::toolchain::Toolchains;
use crate::report::human::{Options, Report};
use crate::report::results::Summary;
use crate::report::xml;
use crate::run::cells::Plan;
use crate::run::concurrency::Concurrency;
use crate::run::schedule;
use crate::run::scratch;
use crate::session::{self, Session};
use crate::snapshot::store::UpdateMode;
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

    args.junit.as_deref().map_or(Ok(()), xml::check)?;
    if policy.update.accepts() {
        let is_selected = |example: &&Example| cells.iter().any(|cell| std::ptr::eq(cell.example, *example));
        template::replaced(workspace, examples.iter().filter(is_selected))?;
    }

    let session = Session::open(workspace, env, args.offline, Progress::of(env, args.verbose))?;
    // From before the snapshots are read, so that nothing is lost that another run writes.
    let writes = policy.update != UpdateMode::Check && !args.no_run;
    let _lock = writes.then(|| session.lock_clone());
    let pinned = Column::all_pinned();
    let explained = rules::cells(workspace, policy, &examples, &pinned, &cells);
    let needed: Vec<_> = cells.iter().chain(&explained).copied().collect();
    let columns = || needed.iter().map(|cell| cell.column);
    let toolchains = session.provision_toolchains(columns())?;
    // Compiling wasmtime takes minutes. If the examples are built before, the first results follow it at once.
    let comes_later = session.can_install_hosts_later(columns());
    let hosts = if comes_later { None } else { Some(session.provision_hosts(columns())?) };
    let built = build(&session, &toolchains, &needed)?;
    let files = built.files();
    let misfits = session.compose(&toolchains, &needed, &files)?;
    if args.no_run {
        return Ok(Ended::with(exit::OK));
    }
    layout::warnings(&session, &toolchains, &cells, &files)?.iter().for_each(|warning| say(warning));
    let hosts = hosts.map_or_else(|| session.provision_hosts(columns()), Ok)?;

    let concurrency = match args.jobs {
        _ if args.no_capture => Concurrency::exactly(1),
        Some(jobs) => Concurrency::exactly(jobs),
        None => Concurrency::usual(),
    };
    let stop = AtomicBool::new(false);
    let scratch = scratch::prepare(&workspace.own_dir(), 0)?;
    let is_known_to_hang = |cell: &Cell<'_>| session::cells::is_recorded_to_hang(workspace, cell);
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
        traced: false,
        compiled: &session.compiled,
        is_known_to_hang: &is_known_to_hang,
        unsteady: None,
        interrupt: &session.interrupt,
        stop: &stop,
    };
    let ambiguous = filter.ambiguous(&all, &cells);
    let run = Run {
        session: &session,
        toolchains: &toolchains,
        examples: &examples,
        filter: &filter,
        ambiguous,
        args,
        policy,
        plan,
    };
    let mut report = Report::new(options(args), env);
    let seed = schedule::seed(args.shuffle);
    let order = schedule::order(cells.len(), args.repeat, seed);
    let compared = session::cells::guarded(&session, &scratch, args.keep_scratch, || {
        let compared = run.compare_all(&cells, &order, &mut report)?;
        let rules = run.rules(&compared, &explained, &mut report);
        Ok((compared, rules))
    });
    if let Some(signal) = session.interrupt.signal() {
        if let Ok((compared, _)) = &compared {
            report.interrupted(&compared.summary);
        }
        Interrupt::end_by(signal);
    }
    let (compared, rules) = compared?;
    let (code, summary) = run.conclude(compared, rules, &built, &mut report)?;
    Ok(Ended { code, summary: Some(summary) })
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

/// The options of the report.
fn options(args: &TestArgs) -> Options {
    Options {
        format: args.format,
        color: args.color,
        verbose: args.verbose,
        quiet: args.quiet,
        no_capture: args.no_capture,
        timeout: args.timeout,
    }
}
