//! Compiles units with cargo: one call for each toolchain and target, and one result for each unit.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::build::artifacts::{self, Files, PROFILE};
use crate::build::environment;
use crate::build::message::{Diagnostic, Failure, Message};
use crate::environment::Environment;
use crate::exit;
use crate::model::column::{Toolchain, Unit};
use crate::model::target::Target;
use crate::process::{self, Interrupt};
use crate::support::escape::count;
use crate::support::terminal::say;
use crate::workspace::Workspace;

/// The result of building a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// The path of the program or library.
    Built(PathBuf),
    /// Why it does not build.
    Failed(Failure),
}

/// The results of a build, and the compiler's warnings.
#[derive(Debug, Default)]
pub struct Built {
    pub artifacts: BTreeMap<Unit, Artifact>,
    /// The compiler's warnings as it renders them, each of them once.
    pub warnings: Vec<String>,
}

impl Built {
    /// Returns the artifacts of all units that were built.
    pub fn files(&self) -> Files {
        let built = self.artifacts.iter().filter_map(|(unit, artifact)| match artifact {
            Artifact::Built(file) => Some((unit.clone(), file.clone())),
            Artifact::Failed(_) => None,
        });
        built.collect()
    }

    /// Returns why a unit does not build, if it was tried.
    pub fn failure(&self, unit: &Unit) -> Option<&Failure> {
        match self.artifacts.get(unit)? {
            Artifact::Failed(failure) => Some(failure),
            Artifact::Built(_) => None,
        }
    }

    /// Adds the results of another build.
    pub fn extend(&mut self, other: Built) {
        self.artifacts.extend(other.artifacts);
        let new: Vec<_> = other.warnings.into_iter().filter(|text| !self.warnings.contains(text)).collect();
        self.warnings.extend(new);
    }

    /// Returns the units that do not build, each with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&Unit, &Failure)> {
        self.artifacts.iter().filter_map(|(unit, artifact)| match artifact {
            Artifact::Built(_) => None,
            Artifact::Failed(failure) => Some((unit, failure)),
        })
    }
}

/// The context of every call of cargo.
#[derive(Clone, Copy)]
pub struct Cargo<'a> {
    pub env: &'a Environment,
    pub workspace: &'a Workspace,
    /// Whether to pass `--offline`.
    pub offline: bool,
    /// On an interrupt, cargo and all processes that it has started are killed.
    pub interrupt: &'a Interrupt,
}

/// Builds `units`. Shows the lines of cargo's progress, except those that only say that nothing had to be
/// done.
///
/// # Errors
/// If cargo cannot be run, or reports an error before it compiles anything. A package that does not compile
/// for a target is not an error, but an [`Artifact::Failed`].
pub fn all(cargo: Cargo<'_>, units: &BTreeSet<Unit>) -> Result<Built> {
    let mut batches: BTreeMap<(Toolchain, Target), Vec<&Unit>> = BTreeMap::new();
    for unit in units {
        batches.entry((unit.toolchain, unit.target)).or_default().push(unit);
    }
    if batches.values().any(|batch| !artifacts::directory(cargo.workspace, batch[0]).exists()) {
        let packages: BTreeSet<_> = units.iter().map(|unit| &unit.package).collect();
        let targets: BTreeSet<_> = units.iter().map(|unit| unit.target).collect();
        let targets: Vec<_> = targets.iter().map(|target| target.name()).collect();
        let packages = count(packages.len(), "package");
        say(&format!(
            "Building {packages} for {}; the first build takes some seconds per package",
            targets.join(", ")
        ));
    }
    let mut built = Built::default();
    let progress = Progress::of(cargo.env, units.len());
    for batch in batches.values() {
        build(cargo, batch, &progress, &mut built)?;
        progress.done.store(built.artifacts.len(), Ordering::Relaxed);
    }
    Ok(built)
}

/// The progress of a build: on a terminal one line, and otherwise cargo's lines.
struct Progress {
    /// How many units are built, and how many there are.
    done: AtomicUsize,
    all: usize,
    is_terminal: bool,
    started: Instant,
}

impl Progress {
    fn of(env: &Environment, all: usize) -> Progress {
        let is_terminal = std::io::stderr().is_terminal() && !env.ci;
        Progress { done: AtomicUsize::new(0), all, is_terminal, started: Instant::now() }
    }

    /// Draws the line on a terminal. `line` is a line of cargo's progress, such as `Compiling serde v1.0.0`.
    fn draw(&self, target: Target, line: &str) {
        let (seconds, done) = (self.started.elapsed().as_secs_f32(), self.done.load(Ordering::Relaxed));
        let Progress { all, .. } = self;
        // The path that follows the version of a member of the workspace would make the line too long.
        let line = line.split(" (").next().unwrap_or(line).trim();
        let line = line.strip_prefix("Compiling ").unwrap_or(line);
        eprint!("\r\x1b[K    Building [{seconds:>8.3}s] {done}/{all} for {target}: {line}");
    }

    fn clear(&self) {
        if self.is_terminal {
            eprint!("\r\x1b[K");
        }
    }
}

/// How the progress of a call of cargo is shown.
#[derive(Clone, Copy)]
enum Shown<'a> {
    Nothing,
    /// Cargo's own lines.
    Lines,
    /// The progress of building these units.
    Units(&'a Progress, &'a [&'a Unit]),
}

/// Builds units of one toolchain and one target, and adds the results to `built`.
fn build(cargo: Cargo<'_>, units: &[&Unit], progress: &Progress, built: &mut Built) -> Result<()> {
    let ran = run_for_units(cargo, units, Shown::Units(progress, units));
    progress.clear();
    let ran = ran?;
    if !ran.messages.iter().any(|message| matches!(message, Message::BuildFinished)) {
        // Cargo failed before it compiled anything: a manifest or the lock file is malformed, or a crate is
        // missing.
        let mut message = format!("cargo cannot build the examples:\n{}", ran.stderr.trim_end());
        if message.contains("multiple workspace roots found") {
            // This happens if the directory of a crate is linked into `examples/`.
            message.push_str(
                "\nhelp: an example cannot be a workspace of its own: remove the link, or `[workspace]` from \
                 its Cargo.toml",
            );
        }
        return Err(exit::error(exit::HARNESS, message));
    }
    for message in &ran.messages {
        match message {
            Message::CompilerArtifact(artifact) => {
                for unit in units {
                    if let Some(file) = artifact.artifact_of(cargo.workspace, unit) {
                        built.artifacts.insert((*unit).clone(), Artifact::Built(file));
                    }
                }
            }
            Message::CompilerMessage(message) if message.message.level == "warning" => {
                // The same source usually has the same warnings for each target. Show them once.
                let new = message.message.rendered.iter().filter(|text| !built.warnings.contains(text));
                let new: Vec<_> = new.cloned().collect();
                built.warnings.extend(new);
            }
            Message::CompilerMessage(_) | Message::BuildFinished | Message::Other => {}
        }
    }
    for unit in units {
        if !built.artifacts.contains_key(unit) {
            let failure = failure(cargo, unit, &ran)?;
            built.artifacts.insert((*unit).clone(), Artifact::Failed(failure));
        }
    }
    Ok(())
}

/// Finds out why a unit does not build, after a call of cargo for several units.
fn failure(cargo: Cargo<'_>, unit: &Unit, ran: &CargoRun) -> Result<Failure> {
    if let Some(error) = ran.errors_of(&unit.package).next() {
        return Ok(error.failure());
    }
    // The package itself has no error, so its build script or one of its dependencies must have failed.
    // Messages do not name dependents. If the unit is built alone, the first error is the one that matters.
    let alone = run_for_units(cargo, &[unit], Shown::Nothing)?;
    Ok(match alone.errors_of(&unit.package).next().or_else(|| alone.errors().next()) {
        Some(error) => error.failure(),
        None => Failure { headline: cargo_error(&alone.stderr), rendered: alone.stderr.clone() },
    })
}

/// Calls `cargo build` for units of one toolchain and one target.
fn run_for_units(cargo: Cargo<'_>, units: &[&Unit], shown: Shown<'_>) -> Result<CargoRun> {
    let first = units[0];
    let packages: Vec<_> = units.iter().map(|unit| unit.package.as_str()).collect();
    let release = RELEASE.iter().flat_map(|setting| ["--config", setting]);
    let profile = ["--profile", PROFILE, "--keep-going", "--target", artifacts::triple(first)];
    let flags: Vec<_> = profile.into_iter().chain(release).collect();
    run(cargo, first.toolchain, &packages, &flags, shown)
}

/// Returns the first error that cargo itself reports. This is how a build script fails, for which there is
/// no message of the compiler.
fn cargo_error(stderr: &str) -> String {
    stderr
        .lines()
        .find(|line| line.starts_with("error"))
        .unwrap_or("error: cargo reported no error")
        .to_string()
}

/// The result of one call of cargo.
struct CargoRun {
    success: bool,
    messages: Vec<Message>,
    stderr: String,
}

impl CargoRun {
    /// The compiler's errors.
    fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.messages.iter().filter_map(|message| match message {
            Message::CompilerMessage(message) if message.message.is_error() => Some(&message.message),
            _ => None,
        })
    }

    /// The compiler's errors about a package.
    fn errors_of(&self, package: &str) -> impl Iterator<Item = &Diagnostic> {
        self.messages.iter().filter_map(move |message| match message {
            Message::CompilerMessage(message) if message.message.is_error() && message.is_of(package) => {
                Some(&message.message)
            }
            _ => None,
        })
    }
}

/// The default settings of cargo's release profile (The Cargo Book, "Profiles"), which the profile of the
/// examples inherits. They are given explicitly because a user's configuration file could change them, and
/// so the outcomes.
const RELEASE: [&str; 7] = [
    "profile.release.opt-level=3",
    "profile.release.debug=false",
    "profile.release.debug-assertions=false",
    "profile.release.overflow-checks=false",
    "profile.release.lto=false",
    "profile.release.panic='unwind'",
    "profile.release.incremental=false",
];

/// Returns the path at which cargo puts a program of the harness.
pub fn expected_tool(workspace: &Workspace, program: &str) -> PathBuf {
    workspace.target_dir.join("debug").join(format!("{program}{}", std::env::consts::EXE_SUFFIX))
}

/// Builds the only program of `package`, which is a part of the harness, for this machine and in the
/// harness's own profile. Returns its path.
///
/// # Errors
/// If it does not build. As it is not an example, this is not an outcome.
pub fn tool(cargo: Cargo<'_>, package: &str) -> Result<PathBuf> {
    let ran = run(cargo, Toolchain::Pinned, &[package], &[], Shown::Lines)?;
    let executable = ran.messages.iter().find_map(|message| match message {
        Message::CompilerArtifact(artifact) => artifact.program_of(package),
        _ => None,
    });
    match executable {
        Some(file) if ran.success => Ok(file),
        _ => {
            let errors: Vec<_> = ran.errors().filter_map(|error| error.rendered.as_deref()).collect();
            let why = if errors.is_empty() { ran.stderr.clone() } else { errors.concat() };
            // Without an error of the compiler, cargo did not start to compile: a crate may be missing.
            let code = if errors.is_empty() { exit::SET_UP } else { exit::HARNESS };
            let message = format!("cannot build the tool `{package}`:\n{}", why.trim_end());
            Err(exit::error(code, format!("{message}\nhelp: cargo build --package {package}")))
        }
    }
}

/// Calls `cargo build` of a toolchain for packages.
fn run(
    cargo: Cargo<'_>,
    toolchain: Toolchain,
    packages: &[&str],
    flags: &[&str],
    shown: Shown<'_>,
) -> Result<CargoRun> {
    let Cargo { env, workspace, offline, interrupt } = cargo;
    let mut command = match toolchain {
        Toolchain::Pinned => Command::new(&env.cargo),
        Toolchain::Rust(version) => {
            let mut command = Command::new(env.which("rustup").unwrap_or_else(|| "rustup".into()));
            command.args(["run", &version.to_string(), "cargo"]);
            command
        }
    };
    command.env_clear().envs(environment::variables());
    command.args(["build", "--message-format", "json"]);
    command.arg("--manifest-path").arg(workspace.root.join("Cargo.toml"));
    command.arg("--target-dir").arg(artifacts::target_dir(workspace, toolchain));
    command.args(offline.then_some("--offline"));
    command.args(packages.iter().flat_map(|package| ["--package", package])).args(flags);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = command.get_program().to_string_lossy().into_owned();
    let cannot_run = || format!("cannot run {program}");
    let mut child = process::start_tool(&mut command).with_context(cannot_run)?;
    let group = child.id();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = stdout.zip(stderr).context("cargo was started without pipes")?;
    let (messages, stderr) = std::thread::scope(|scope| {
        let (sender, lines) = mpsc::channel();
        scope.spawn(move || {
            let lines = BufReader::new(stderr).lines().map_while(Result::ok);
            lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
        });
        let stderr = scope.spawn(move || {
            forward(&lines, shown, || {
                // The process group exists until cargo is waited for, which happens after the end of its
                // output.
                if interrupt.signal().is_some() {
                    process::end_tool(group);
                }
            })
        });
        let messages = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_str(&line).ok())
            .inspect(|message| {
                if let (Message::CompilerArtifact(artifact), Shown::Units(progress, units)) = (message, shown)
                    && units.iter().any(|unit| artifact.artifact_of(workspace, unit).is_some())
                {
                    progress.done.fetch_add(1, Ordering::Relaxed);
                }
            })
            .collect();
        (messages, stderr.join().expect("forwarding lines does not panic"))
    });
    let status = child.wait().with_context(cannot_run)?;
    Ok(CargoRun { success: status.success(), messages, stderr })
}

/// How long cargo runs before its progress is shown. Every run tries again to build a package that does not
/// build, and a user does not need to see that each time.
const QUIET: Duration = Duration::from_secs(2);

/// How often [`forward`] checks whether an interrupt has come.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Receives all lines that cargo writes to stderr, and returns them. Shows its progress, but not its errors,
/// which are reported later. Calls `poll` whenever no line has come for
/// [`POLL_INTERVAL`].
fn forward(lines: &Receiver<String>, shown: Shown<'_>, poll: impl Fn()) -> String {
    const PROGRESS: [&str; 8] =
        ["Compiling", "Downloading", "Downloaded", "Updating", "Blocking", "Locking", "Adding", "Installing"];
    let shown_from = Instant::now() + QUIET;
    let mut all = String::new();
    let mut held: Vec<String> = Vec::new();
    loop {
        match lines.recv_timeout(POLL_INTERVAL) {
            Ok(line) => {
                all.push_str(&line);
                all.push('\n');
                let word = line.trim_start();
                let is_progress = PROGRESS.iter().any(|progress| word.starts_with(progress));
                match shown {
                    Shown::Units(progress, units) if progress.is_terminal && is_progress => {
                        progress.draw(units[0].target, &line);
                    }
                    Shown::Lines | Shown::Units(..) if word.starts_with("Blocking") => say(&line),
                    Shown::Lines | Shown::Units(..) if is_progress => held.push(line),
                    Shown::Nothing | Shown::Lines | Shown::Units(..) => {}
                }
            }
            Err(RecvTimeoutError::Timeout) => poll(),
            Err(RecvTimeoutError::Disconnected) => return all,
        }
        if Instant::now() >= shown_from {
            held.drain(..).for_each(|line| say(&line));
        }
    }
}
