//! Runs cells, several at a time, each in its own scratch directory.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::Scope;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::build::artifacts::Files;
use crate::build::cargo::{Artifact, Built};
use crate::build::compose::Misfits;
use crate::exit;
use crate::host::hosts::Hosts;
use crate::host::seam::Ending;
use crate::model::case::{Case, Stdout};
use crate::model::cell::Cell;
use crate::model::needs;
use crate::model::tree::{Change, Tree};
use crate::model::unsteady::Unsteady;
use crate::process::{self, End, Interrupt, Limits, Ran, RunError, Streams};
use crate::run::concurrency::Concurrency;
use crate::run::invocation::Invocation;
use crate::run::load::Load;
use crate::run::peer;
use crate::run::precompile::{self, Compiled};
use crate::run::scratch::{self, Root};
use crate::support::edition::COMMAND;
use crate::support::escape::{bars, shell_words, visible};
use crate::support::platform;
use crate::support::removal;
use crate::support::terminal::{self, say};

/// How many bytes a cell may print to each stream.
const OUTPUT_LIMIT: usize = 1 << 20;

/// How many bytes a host may write as a trace: some 200,000 calls.
const TRACE_LIMIT: usize = 64 << 20;

/// What is needed to run cells.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// The directory for all scratch directories.
    pub scratch: &'a Root,
    pub hosts: &'a Hosts,
    pub built: &'a Built,
    /// The artifacts of all units that were built.
    pub files: &'a Files,
    /// The cells with components that do not fit together.
    pub misfits: &'a Misfits,
    pub concurrency: &'a Concurrency,
    /// If set, it replaces the timeouts of all cases.
    pub timeout: Option<Duration>,
    /// Whether to keep scratch directories.
    pub keep_scratch: bool,
    /// Whether to show the output of programs while they run.
    pub echo: bool,
    /// Whether the hosts trace the programs: their stderr is then the trace, and that of the programs is lost. A
    /// host that cannot do that runs them as otherwise.
    pub traced: bool,
    /// The modules that wasmtime has compiled already.
    pub compiled: &'a Compiled,
    /// Whether a cell is known to run until its timeout.
    pub is_known_to_hang: &'a (dyn Fn(&Cell<'_>) -> bool + Sync),
    /// What is not compared, because it differs natively from run to run.
    pub unsteady: Option<&'a Unsteady>,
    /// On an interrupt, all running cells are killed.
    pub interrupt: &'a Interrupt,
    /// When it is set, no more cells are started.
    pub stop: &'a AtomicBool,
}

/// The result of a cell.
#[derive(Debug)]
pub enum CellRun {
    /// It ran, with these results.
    Ran(Raw),
    /// Its program, or a module that it needs, does not build, with this error of the compiler.
    DoesNotBuild(String),
    /// Its components do not fit together, for this reason.
    DoesNotCompose(String),
    /// The harness could not watch it to its end, or could not read what it left behind, for this reason.
    Failed(String),
    /// It was not started, or an interrupt came before it ended.
    NotRun,
}

/// The results of a run before they are normalized.
#[derive(Debug)]
pub struct Raw {
    pub ran: Ran,
    /// A second run of the same command line with flags that keep the guest from running, if it is not clear
    /// whether the guest or the host ended the first run.
    pub without_guest: Option<Ran>,
    /// What the run changed in its scratch directory.
    pub changes: Vec<Change>,
    pub started: Instant,
    pub took: Duration,
    /// The command line that a user types in the scratch directory for the same run.
    pub typed: String,
    /// The port of its peer, if it had one.
    pub port: Option<u16>,
    /// If it has timed out: why that may not be the program's own doing.
    pub doubt: Option<Doubt>,
}

/// Why a time-out may not be a program's own doing.
#[derive(Clone, Copy, Debug)]
pub enum Doubt {
    /// Others may have had the processor.
    Busy,
    /// wasmtime may have removed the module from its cache, and compiled it again.
    NotCompiled,
}

impl CellRun {
    /// Returns how long the run took, or zero if there was none.
    pub fn took(&self) -> Duration {
        match self {
            CellRun::Ran(raw) => raw.took,
            CellRun::DoesNotBuild(_) | CellRun::DoesNotCompose(_) | CellRun::Failed(_) | CellRun::NotRun => {
                Duration::ZERO
            }
        }
    }

    /// Returns when the run started and ended, if there was one.
    pub fn span(&self) -> Option<Range<Instant>> {
        match self {
            CellRun::Ran(raw) => Some(raw.started..raw.started + raw.took),
            CellRun::DoesNotBuild(_) | CellRun::DoesNotCompose(_) | CellRun::Failed(_) | CellRun::NotRun => {
                None
            }
        }
    }

    /// Returns the port of the run's peer, if it had one.
    pub fn port(&self) -> Option<u16> {
        match self {
            CellRun::Ran(raw) => raw.port,
            CellRun::DoesNotBuild(_) | CellRun::DoesNotCompose(_) | CellRun::Failed(_) | CellRun::NotRun => {
                None
            }
        }
    }
}

/// One repetition of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Job {
    /// The index of the cell.
    pub cell: usize,
    /// The number of the repetition, counted from 0.
    pub round: usize,
}

/// Runs `jobs` in threads of `scope`, and starts them in their order. Returns a channel that receives each job
/// and its result when it has ended.
pub fn start<'scope, 'env: 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    plan: Plan<'env>,
    cells: &'env [Cell<'env>],
    jobs: &'env [Job],
) -> Receiver<(Job, Result<CellRun>)> {
    let (sender, receiver) = mpsc::channel();
    let next = Arc::new(AtomicUsize::new(0));
    for _ in 0..plan.concurrency.max().min(jobs.len()) {
        let (sender, next) = (sender.clone(), Arc::clone(&next));
        scope.spawn(move || {
            // The permit comes before the job, so that jobs start in their order.
            let mut permit = plan.concurrency.acquire();
            loop {
                let Some(&job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                let result = match plan.stop.load(Ordering::Relaxed) {
                    true => Ok(CellRun::NotRun),
                    false => one(&plan, &cells[job.cell], job.round).or_else(failure),
                };
                // The receiver is gone if the harness has failed.
                if sender.send((job, result)).is_err() {
                    return;
                }
                permit.renew();
            }
        });
    }
    receiver
}

/// Turns an error into the result of the cell that it came from. An error that is not about this cell only ends the run.
fn failure(error: anyhow::Error) -> Result<CellRun> {
    match exit::concerns_all(&error) {
        true => Err(error),
        false => Ok(CellRun::Failed(format!("{error:#}"))),
    }
}

/// Runs one repetition of a cell. If others may have disturbed it, it is run again while no other cell runs: if it was
/// killed at its deadline, and that may not be its own doing, unless it is known to hang; or if the file system of the
/// scratch directories was full meanwhile.
fn one(plan: &Plan<'_>, cell: &Cell<'_>, round: usize) -> Result<CellRun> {
    let beside_others = plan.concurrency.beside_others();
    let (ran, had_room) = with_room(plan, cell, round, false);
    drop(beside_others);
    let doubt = match &ran {
        Ok(CellRun::Ran(Raw { doubt, .. })) if !(plan.is_known_to_hang)(cell) => *doubt,
        _ => None,
    };
    let timeout = plan.timeout.unwrap_or(cell.case.timeout);
    let why = match doubt {
        _ if !had_room => "had no room for files, which another program may have taken".into(),
        Some(Doubt::Busy) => format!("was stopped after {timeout:?}, but the machine may be busy"),
        Some(Doubt::NotCompiled) => {
            format!("was stopped after {timeout:?}, but wasmtime may have compiled it meanwhile")
        }
        None => return ran,
    };
    let _alone = plan.concurrency.alone();
    terminal::note(&format!("{} {why}: it is run again alone", cell.id()));
    let (ran, had_room) = with_room(plan, cell, round, doubt.is_some());
    if had_room { ran } else { Err(plan.scratch.full()) }
}

/// Does the same as [`attempt`], and returns also whether there was room for files all the time. If not, what the run
/// has left is removed, also if it failed.
fn with_room(plan: &Plan<'_>, cell: &Cell<'_>, round: usize, again: bool) -> (Result<CellRun>, bool) {
    let started = Instant::now();
    let ran = attempt(plan, cell, round, again);
    let is_about_room = match &ran {
        Ok(CellRun::Ran(_)) => true,
        Ok(_) => false,
        Err(error) => !exit::concerns_all(error),
    };
    let had_room = !is_about_room || !plan.scratch.was_full_since(started);
    if !had_room {
        remove(plan, &cell.dir(&plan.scratch.path, round));
        remove(plan, &cell.peer_dir(&plan.scratch.path, round));
    }
    (ran, had_room)
}

/// Runs one repetition of a cell, with its peer if it has one. With `again`, its modules are compiled first even if they
/// are recorded as compiled.
fn attempt(plan: &Plan<'_>, cell: &Cell<'_>, round: usize, again: bool) -> Result<CellRun> {
    for unit in needs::units(cell) {
        if let Some(Artifact::Failed(failure)) = plan.built.artifacts.get(&unit) {
            let is_own = unit.package == cell.example.name;
            let prefix = if is_own { String::new() } else { format!("module {}: ", unit.package) };
            return Ok(CellRun::DoesNotBuild(format!("{prefix}{}", failure.headline)));
        }
        if let Some(Artifact::Unknown(why)) = plan.built.artifacts.get(&unit) {
            return Ok(CellRun::Failed(format!("whether {} builds is not known: {why}", unit.package)));
        }
    }
    if let Some(reason) = plan.misfits.get(&cell.id()) {
        return Ok(CellRun::DoesNotCompose(reason.clone()));
    }
    plan.scratch.check()?;
    let dir = cell.dir(&plan.scratch.path, round);
    let mount = plan.scratch.mount_of(&dir);
    let invocation = Invocation::of(cell, &dir, &mount, plan.files, plan.hosts);
    let output = if plan.traced { TRACE_LIMIT } else { OUTPUT_LIMIT };
    let limits = Limits { timeout: plan.timeout.unwrap_or(cell.case.timeout), output };
    let peer_dir = cell.peer_dir(&plan.scratch.path, round);
    // A user runs this when the peer does not listen any more, so it keeps the placeholder of the port.
    let typed = shell_words(invocation.typed().iter().map(String::as_str));
    let _mounted = match cell.needs_mount() {
        true => Some(plan.scratch.mount(&dir)?),
        false => None,
    };
    let Some(peer) = Invocation::of_peer(cell, &peer_dir, plan.files, plan.hosts) else {
        let how = How { typed, limits, port: None, again };
        return invoke(plan, cell, &dir, &invocation, how);
    };
    if scratch::create(&peer_dir, &Tree::default(), plan.interrupt)?.is_none() {
        return Ok(CellRun::NotRun);
    }
    let peer_name = format!("its peer {}", cell.case.peer.as_deref().unwrap_or_default());
    let command = peer.command(&peer.argv());
    let result = peer::beside(command, &peer_dir, limits, plan.interrupt, &peer_name, |port| {
        let how = How { typed, limits, port: Some(port), again };
        invoke(plan, cell, &dir, &invocation.at_port(port), how)
    })?;
    remove(plan, &peer_dir);
    Ok(result.unwrap_or(CellRun::NotRun))
}

/// How an invocation is run.
struct How {
    typed: String,
    limits: Limits,
    /// The port of its peer, if it has one.
    port: Option<u16>,
    /// Whether to compile its modules even if they are recorded as compiled.
    again: bool,
}

/// Runs an invocation in the scratch directory `dir`.
fn invoke(
    plan: &Plan<'_>,
    cell: &Cell<'_>,
    dir: &Path,
    invocation: &Invocation<'_>,
    how: How,
) -> Result<CellRun> {
    let How { typed, limits, port, again } = how;
    let fixture = &cell.case.fixture;
    if scratch::create(dir, fixture, plan.interrupt)?.is_none() {
        return Ok(CellRun::NotRun);
    }
    let compile = |argv: &[_]| {
        let limits = Limits { timeout: precompile::LIMIT, ..limits };
        let command = invocation.command(argv);
        match process::run(command, dir, b"", Streams::Recorded, limits, plan.interrupt, None) {
            Err(RunError::Start(error)) => Err(cannot_run(cell, &argv[0], &error)),
            ran => Ok(ran?),
        }
    };
    let compilations = invocation.compilations();
    let Some(ready) = plan.compiled.ensure(&compilations, &invocation.cwd, again, compile)? else {
        return Ok(CellRun::NotRun);
    };
    if ready.has_run && scratch::create(dir, fixture, plan.interrupt)?.is_none() {
        return Ok(CellRun::NotRun);
    }
    let stdin = cell.case.stdin.as_bytes();
    let traced = if plan.traced { invocation.traced() } else { None };
    let run = |argv: &[_], echo: Option<process::Echo<'_>>| {
        let streams = streams(cell.case, dir)?;
        let mut command = invocation.command(argv);
        command.envs(traced.iter().map(|traced| (&traced.variable.0, &traced.variable.1)));
        match process::run(command, dir, stdin, streams, limits, plan.interrupt, echo) {
            Err(RunError::Start(error)) => Err(cannot_run(cell, &argv[0], &error)),
            ran => Ok(ran?),
        }
    };

    let (started, load) = (Instant::now(), Load::now());
    let argv = traced.as_ref().map_or_else(|| invocation.argv(), |traced| traced.argv.clone());
    let Some(ran) = run(&argv, plan.echo.then_some(&echo))? else { return Ok(CellRun::NotRun) };
    let took = started.elapsed();
    let doubt = match ran.end {
        End::TimedOut if load.may_have_been_high() => Some(Doubt::Busy),
        End::TimedOut if !ready.is_certain => Some(Doubt::NotCompiled),
        _ => None,
    };
    plan.scratch.check()?;
    // Before the directory is removed.
    plan.scratch.was_full_since(started);
    let Some(changes) = scratch::changes(dir, fixture, plan.interrupt)? else { return Ok(CellRun::NotRun) };
    let without_guest = match invocation.argv_without_guest(&ran.stderr) {
        Some(argv) if is_ambiguous(plan.hosts, cell, &ran) => match run(&argv, None)? {
            Some(again) => Some(again),
            None => return Ok(CellRun::NotRun),
        },
        _ => None,
    };
    remove(plan, dir);
    Ok(CellRun::Ran(Raw { ran, without_guest, changes, started, took, typed, port, doubt }))
}

/// Removes the directory of a cell that has ended. If it cannot be removed, it is left until the end of the run,
/// which tries again, and warns. After an interrupt, it is left until then, too.
fn remove(plan: &Plan<'_>, dir: &Path) {
    if !plan.keep_scratch && plan.scratch.check().is_ok() {
        let _ = removal::remove_while(dir, &|| plan.interrupt.signal().is_none());
    }
}

/// Opens the streams of a program in the scratch directory `dir`.
fn streams(case: &Case, dir: &Path) -> io::Result<Streams> {
    Ok(match case.stdout {
        _ if case.terminal => Streams::Terminal,
        _ if case.stdin_file => Streams::StdinFrom(input_file(case, dir)?),
        None => Streams::Recorded,
        Some(Stdout::Broken) => Streams::StdoutTo(process::broken_pipe()?.into()),
        Some(Stdout::Full) => Streams::StdoutTo(platform::full_device()?.into()),
    })
}

/// Opens a file with the input of the program. It is removed at once, so that it is not a change by the program.
fn input_file(case: &Case, dir: &Path) -> io::Result<File> {
    let path = dir.join("stdin");
    fs::write(&path, &case.stdin)?;
    let file = File::open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// Shows the output of a program. Control characters are escaped, so that the terminal does not execute them.
fn echo(_: process::Pipe, bytes: &[u8]) {
    say(bars(&visible(bytes)).trim_end());
}

/// Whether it is not clear if the guest or the host ended the run.
fn is_ambiguous(hosts: &Hosts, cell: &Cell<'_>, ran: &Ran) -> bool {
    let End::Exit(code) = ran.end else { return false };
    let ending = hosts.of(cell.column).ending(code, &ran.stdout, &ran.stderr);
    matches!(ending, Ending::PerhapsRefused(_))
}

/// The error if a program cannot be started. Without the host, no other cell can run. Apart from that it is about this
/// cell, for example about its arguments, which may be too long, or its directory, which may be gone.
fn cannot_run(cell: &Cell<'_>, program: &OsStr, error: &io::Error) -> anyhow::Error {
    let message = format!("cannot run {}: {error}", program.display());
    let is_about_host = error.kind() == ErrorKind::PermissionDenied || !Path::new(program).exists();
    match cell.column.target.is_wasm() && is_about_host {
        true => exit::error(exit::SET_UP, format!("{}: {message}\nhelp: {COMMAND} setup", cell.id())),
        false => anyhow!(message),
    }
}
