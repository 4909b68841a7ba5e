//! Running: all cells, some at a time, each in a scratch folder of its own.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::Scope;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::build::{Artifact, Built};
use crate::call::{self, Call, Files};
use crate::cases::Stdout;
use crate::cell::Cell;
use crate::compose::Misfits;
use crate::files;
use crate::fixture::{Change, Fixture};
use crate::peer;
use crate::process::{self, End, Interrupt, Limits, Ran};
use crate::scratch;
use crate::slots::Slots;
use crate::stop::{Stop, exit};
use crate::terminal::say;
use crate::text::{bars, shell_words, visible};
use crate::wasmtime::{self, Wasmtime};

/// The most that is kept of each stream of a cell.
const OUTPUT_LIMIT: usize = 1 << 20;

/// All that running needs to know.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// The folder for all scratch folders.
    pub scratch: &'a Path,
    pub wasmtime: Option<&'a Wasmtime>,
    pub built: &'a Built,
    pub files: &'a Files,
    pub misfits: &'a Misfits,
    /// How many cells run at a time.
    pub slots: &'a Slots,
    /// Overrules the timeouts of all cases.
    pub timeout: Option<Duration>,
    pub keep_scratch: bool,
    /// Whether people watch what the programs print.
    pub echo: bool,
    /// When it comes, everything is to end at once.
    pub interrupt: &'a Interrupt,
    /// Set when no further cell is to begin.
    pub stop: &'a AtomicBool,
}

/// What became of a cell.
#[derive(Debug)]
pub enum Left {
    Ran(Raw),
    /// Its program, or a module that it needs, does not build; with the compiler's error.
    DoesNotBuild(String),
    /// Its components do not fit each other, for this reason.
    DoesNotCompose(String),
    /// An interrupt or a stop came before its end.
    NotRun,
}

/// What a run left behind, as it came.
#[derive(Debug)]
pub struct Raw {
    pub ran: Ran,
    /// A second run of the same line in which no guest gets to run, where the first leaves open
    /// who ended it.
    pub without_guest: Option<Ran>,
    pub changes: Vec<Change>,
    pub took: Duration,
    /// What people type in the scratch folder for the same run.
    pub plain: String,
    /// The port of its peer, if it had one.
    pub port: Option<u16>,
}

impl Left {
    /// How long the run took, if there was one.
    pub fn took(&self) -> Duration {
        match self {
            Left::Ran(raw) => raw.took,
            Left::DoesNotBuild(_) | Left::DoesNotCompose(_) | Left::NotRun => Duration::ZERO,
        }
    }

    /// The port of the run's peer.
    pub fn port(&self) -> Option<u16> {
        match self {
            Left::Ran(raw) => raw.port,
            Left::DoesNotBuild(_) | Left::DoesNotCompose(_) | Left::NotRun => None,
        }
    }
}

/// One repetition of a cell, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Job {
    pub cell: usize,
    /// From 0.
    pub round: usize,
}

/// Does `jobs` in the background, begun in their order, and hands out what became of each as it
/// comes.
pub fn start<'scope, 'env: 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    plan: Plan<'env>,
    cells: &'env [Cell<'env>],
    jobs: &'env [Job],
) -> Receiver<(Job, Result<Left>)> {
    let (sender, receiver) = mpsc::channel();
    let next = Arc::new(AtomicUsize::new(0));
    for _ in 0..plan.slots.most().min(jobs.len()) {
        let (sender, next) = (sender.clone(), Arc::clone(&next));
        scope.spawn(move || {
            // First the slot and then the job, so that they begin in their order.
            let mut slot = plan.slots.take();
            loop {
                let Some(&job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                let left = match plan.stop.load(Ordering::Relaxed) {
                    true => Ok(Left::NotRun),
                    false => one(&plan, &cells[job.cell], job.round),
                };
                // Nobody listens any more if the harness itself has failed meanwhile.
                if sender.send((job, left)).is_err() {
                    return;
                }
                slot.renew();
            }
        });
    }
    receiver
}

fn one(plan: &Plan<'_>, cell: &Cell<'_>, round: usize) -> Result<Left> {
    for unit in call::needs(cell) {
        if let Some(Artifact::Failed(error)) = plan.built.artifacts.get(&unit) {
            let whose =
                if unit.0 == cell.example.name { String::new() } else { format!("module {}: ", unit.0) };
            return Ok(Left::DoesNotBuild(format!("{whose}{error}")));
        }
    }
    if let Some(reason) = plan.misfits.get(&cell.id()) {
        return Ok(Left::DoesNotCompose(reason.clone()));
    }
    let dir = cell.dir(plan.scratch, round);
    let call = call::of(cell, &dir, plan.files, plan.wasmtime);
    let limits = Limits { timeout: plan.timeout.unwrap_or(cell.case.timeout), output: OUTPUT_LIMIT };
    let peer_dir = cell.peer_dir(plan.scratch, round);
    let Some(peer) = call::of_peer(cell, &peer_dir, plan.files) else {
        return called(plan, cell, &dir, &call, limits, None);
    };
    scratch::make(&peer_dir, &Fixture::default())?;
    let whose = format!("{}: its peer {}", cell.id(), cell.case.peer.as_deref().unwrap_or_default());
    let left = peer::beside(peer.command(&peer.argv), &peer_dir, limits, plan.interrupt, &whose, |port| {
        called(plan, cell, &dir, &call.at_port(port), limits, Some(port))
    })?;
    if !plan.keep_scratch {
        remove(&peer_dir)?;
    }
    Ok(left.unwrap_or(Left::NotRun))
}

/// Makes a call in its folder `dir`; on `port` its peer listens, if it has one.
fn called(
    plan: &Plan<'_>,
    cell: &Cell<'_>,
    dir: &Path,
    call: &Call,
    limits: Limits,
    port: Option<u16>,
) -> Result<Left> {
    let fixture = cell.example.fixture.with_fifos(&cell.case.fifos);
    let fixture = fixture.map_err(|fault| anyhow!("{}: {}", cell.id(), fault.what))?;
    scratch::make(dir, &fixture)?;
    let stdin = cell.case.stdin.as_bytes();
    let run = |argv, echo: Option<process::Echo<'_>>| {
        let stdout = stdout(cell.case.stdout).with_context(|| cell.id())?;
        process::run(call.command(argv), dir, stdin, stdout, limits, plan.interrupt, echo)
            .map_err(|error| cannot_run(cell, call, &error))
    };

    let started = Instant::now();
    let Some(ran) = run(&call.argv, plan.echo.then_some(&echo))? else { return Ok(Left::NotRun) };
    let took = started.elapsed();
    let changes = scratch::changes(dir, &fixture).context(cell.id())?;
    let without_guest = match call.argv_without_guest(&ran.stderr) {
        Some(argv) if leaves_open(&ran) => match run(&argv, None)? {
            Some(again) => Some(again),
            None => return Ok(Left::NotRun),
        },
        _ => None,
    };
    if !plan.keep_scratch {
        remove(dir)?;
    }
    let plain = shell_words(call.plain.iter().map(String::as_str));
    Ok(Left::Ran(Raw { ran, without_guest, changes, took, plain, port }))
}

fn remove(dir: &Path) -> Result<()> {
    scratch::remove(dir).with_context(|| format!("cannot remove {}", dir.display()))
}

/// What a program finds as its standard output.
fn stdout(kind: Option<Stdout>) -> io::Result<Stdio> {
    match kind {
        None => Ok(Stdio::piped()),
        Some(Stdout::Broken) => process::broken_pipe().map(Stdio::from),
        Some(Stdout::Full) => files::full_device().map(Stdio::from),
    }
}

/// Shows people what a program prints, as text that does nothing to their terminal.
fn echo(_: process::Pipe, bytes: &[u8]) {
    say(bars(&visible(bytes)).trim_end());
}

/// Whether a guest or wasmtime itself may have ended the run.
fn leaves_open(ran: &Ran) -> bool {
    let End::Exit(code) = ran.end else { return false };
    matches!(wasmtime::read_end(code, &ran.stdout, &ran.stderr), wasmtime::Ending::PerhapsRefused(_))
}

fn cannot_run(cell: &Cell<'_>, call: &Call, error: &io::Error) -> anyhow::Error {
    let message = format!("{}: cannot run {}: {error}", cell.id(), call.program().display());
    match cell.target.is_wasm() {
        true => Stop::error(exit::SET_UP, format!("{message}\nmend it: cargo xtask setup")),
        false => Stop::error(exit::HARNESS, message),
    }
}
