//! Building: one cargo invocation for all packages and all targets, and what became of each.

mod message;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use self::message::{Diagnostic, Message};
use crate::example::Module;
use crate::failures::{Failure, Failures};
use crate::process::{self, Interrupt};
use crate::stop::{Stop, exit};
use crate::target::Target;
use crate::text::count;
use crate::workspace::Workspace;

/// The profile of all examples, in the root's `Cargo.toml`.
const PROFILE: &str = "example";

/// The triple of this machine, which is also that of the examples' native column.
const HOST: &str = env!("PARALLAX_HOST");

/// A package for a target: what is built.
pub type Unit = (String, Target);

/// What became of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Artifact {
    Built(PathBuf),
    /// The compiler's error: `error[E0433]: cannot find …`
    Failed(String),
}

/// What was built, and what a contributor wants to hear of it.
#[derive(Debug, Default)]
pub struct Built {
    pub artifacts: BTreeMap<Unit, Artifact>,
    /// Warnings of the compiler, as it draws them.
    pub warnings: Vec<String>,
    /// The whole errors, as the compiler draws them, by package.
    pub errors: BTreeMap<String, Vec<String>>,
    /// What this and earlier runs have found out about packages that do not build.
    known: Failures,
}

impl Built {
    /// Whether there is nothing that could be run.
    pub fn is_nothing(&self) -> bool {
        !self.artifacts.values().any(|artifact| matches!(artifact, Artifact::Built(_)))
    }
}

/// The folder with the artifacts of a target.
pub fn artifacts_dir(workspace: &Workspace, target: Target) -> PathBuf {
    workspace.target_dir.join(target.wasm_triple().unwrap_or(HOST)).join(PROFILE)
}

/// Where cargo puts the artifact of an example's program, before it is built.
pub fn expected_program(workspace: &Workspace, example: &str, target: Target) -> PathBuf {
    let suffix = if target.is_wasm() { ".wasm" } else { std::env::consts::EXE_SUFFIX };
    artifacts_dir(workspace, target).join(format!("{example}{suffix}"))
}

/// Where cargo puts the artifact of a module; it spells libraries with underscores.
pub fn expected_module(workspace: &Workspace, module: &Module, target: Target) -> PathBuf {
    match module.is_program {
        true => expected_program(workspace, &module.name, target),
        false => artifacts_dir(workspace, target).join(format!("{}.wasm", module.name.replace('-', "_"))),
    }
}

/// How cargo is called.
#[derive(Clone, Copy)]
pub struct Cargo<'a> {
    pub program: &'a Path,
    pub offline: bool,
    /// When it comes, cargo is ended with all that it has started.
    pub interrupt: &'a Interrupt,
}

/// Builds `packages` for all of `targets`, and `peers` for native. Cargo's own progress goes through
/// `say`, line by line, as far as it says more than that all is fresh.
///
/// # Errors
/// If cargo itself cannot do its work. That a package does not compile for a target is no error.
pub fn all(
    sh: &Shell,
    cargo: Cargo<'_>,
    workspace: &Workspace,
    packages: &BTreeSet<&str>,
    targets: &BTreeSet<Target>,
    peers: &BTreeSet<&str>,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Built> {
    let file = workspace.own_dir().join("failures.json");
    let known = Failures::read(&file);
    let mut built = Built { known: known.clone(), ..Built::default() };
    if targets.iter().any(|target| !artifacts_dir(workspace, *target).exists()) {
        let names: Vec<_> = targets.iter().map(|target| target.name()).collect();
        let (packages, names) = (count(packages.len(), "package"), names.join(", "));
        say(&format!("Building {packages} for {names}: up to some seconds each, this first time"));
    }
    for Batch { packages, targets } in batches(packages, targets, peers) {
        batch(sh, cargo, workspace, &packages, &targets, say, &mut built)?;
    }
    if built.known != known {
        built.known.write(&file).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(built)
}

/// What one call of cargo builds: each of the packages for each of the targets.
#[derive(Debug, PartialEq, Eq)]
struct Batch<'a> {
    packages: Vec<&'a str>,
    targets: BTreeSet<Target>,
}

/// The calls of cargo that build all this: a second one only where there are peers and not just
/// native is wanted, since cargo builds whatever it is given for all targets that it is given.
fn batches<'a>(
    packages: &BTreeSet<&'a str>,
    targets: &BTreeSet<Target>,
    peers: &BTreeSet<&'a str>,
) -> Vec<Batch<'a>> {
    let native = BTreeSet::from([Target::NATIVE]);
    if *targets == native {
        return vec![Batch { packages: packages.union(peers).copied().collect(), targets: native }];
    }
    let built_already = |peer: &&&str| targets.is_superset(&native) && packages.contains(**peer);
    let peers: Vec<_> = peers.iter().filter(|peer| !built_already(peer)).copied().collect();
    let first = Batch { packages: packages.iter().copied().collect(), targets: targets.clone() };
    let second = (!peers.is_empty()).then_some(Batch { packages: peers, targets: native });
    [first].into_iter().chain(second).collect()
}

/// Builds a batch, and adds what became of it to `built`.
fn batch(
    sh: &Shell,
    cargo: Cargo<'_>,
    workspace: &Workspace,
    packages: &[&str],
    targets: &BTreeSet<Target>,
    say: &(dyn Fn(&str) + Sync),
    built: &mut Built,
) -> Result<()> {
    let ran = run(sh, cargo, workspace, packages, &flags(targets), say)?;
    if !ran.success && ran.messages.iter().all(|message| matches!(message, Message::Other)) {
        // Not one word about a compilation: cargo has not come to that.
        let message = format!("cargo cannot build the examples:\n{}", ran.stderr.trim_end());
        return Err(Stop::error(exit::HARNESS, message));
    }

    for message in &ran.messages {
        match message {
            Message::Made(made) => {
                for (package, target) in units(packages, targets) {
                    if let Some(file) = made.artifact_of(workspace, package, target) {
                        built.artifacts.insert((package.into(), target), Artifact::Built(file));
                    }
                }
            }
            Message::Said(said) if said.message.level == "warning" => {
                // The same source says the same for each target; once is enough.
                let news = said.message.rendered.iter().filter(|text| !built.warnings.contains(text));
                let news: Vec<_> = news.cloned().collect();
                built.warnings.extend(news);
            }
            Message::Said(_) | Message::Other => {}
        }
    }
    let missing: Vec<_> = units(packages, targets)
        .filter(|(package, target)| !built.artifacts.contains_key(&(package.to_string(), *target)))
        .collect();
    for package in missing.iter().map(|(package, _)| *package).collect::<BTreeSet<_>>() {
        let targets: Vec<_> =
            missing.iter().filter(|(other, _)| *other == package).map(|(_, target)| *target).collect();
        let failures = failures(sh, cargo, workspace, package, &targets, &ran, &mut built.known)?;
        for (target, failure) in targets.iter().zip(failures) {
            built.errors.entry(package.into()).or_default().push(failure.rendered);
            built.artifacts.insert((package.into(), *target), Artifact::Failed(failure.headline));
        }
    }
    Ok(())
}

fn units<'a>(
    packages: &'a [&'a str],
    targets: &'a BTreeSet<Target>,
) -> impl Iterator<Item = (&'a str, Target)> {
    packages.iter().flat_map(move |package| targets.iter().map(move |target| (*package, *target)))
}

/// Why `package` does not build, for each of `targets`.
///
/// cargo's messages do not say for which target they are. But rustc says each thing once, so what
/// was said as often as there are failed targets holds for each of them. Where that leaves it open,
/// the package is built for each target by itself, unless an earlier run has done so.
fn failures(
    sh: &Shell,
    cargo: Cargo<'_>,
    workspace: &Workspace,
    package: &str,
    targets: &[Target],
    ran: &CargoRun,
    known: &mut Failures,
) -> Result<Vec<Failure>> {
    let errors: Vec<_> = ran.errors_of(package).collect();
    let times = |error: &Diagnostic| errors.iter().filter(|other| other.rendered == error.rendered).count();
    if let Some(first) = errors.first()
        && errors.iter().all(|error| times(error) == targets.len())
    {
        return Ok(vec![first.failure(); targets.len()]);
    }
    let names: Vec<_> = targets.iter().map(|target| target.name()).collect();
    let said = ran.said_of(package);
    if let Some(failures) = known.of(package, &names, &said) {
        return Ok(failures);
    }
    let mut failures = Vec::new();
    for target in targets {
        let alone = run(sh, cargo, workspace, &[package], &flags(&[*target].into()), &|_| {})?;
        // The package's own error, or that of a package on which it depends.
        let first = alone.errors_of(package).next().or_else(|| alone.errors().next());
        failures.push(match first {
            Some(error) => error.failure(),
            None => Failure { headline: cargo_error(&alone.stderr), rendered: alone.stderr.clone() },
        });
    }
    known.learn(package, &names, said, &failures);
    Ok(failures)
}

/// The first error that cargo itself reports: a build script that fails has no compiler message.
fn cargo_error(stderr: &str) -> String {
    stderr
        .lines()
        .find(|line| line.starts_with("error"))
        .unwrap_or("error: cargo does not say why")
        .to_string()
}

/// What one call of cargo left behind.
struct CargoRun {
    success: bool,
    messages: Vec<Message>,
    stderr: String,
}

impl CargoRun {
    fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.messages.iter().filter_map(|message| match message {
            Message::Said(said) if said.message.is_error() => Some(&said.message),
            _ => None,
        })
    }

    /// All that may say why a package does not build: its own errors, or else those of all packages
    /// and of cargo itself, since it may be for one on which it depends.
    fn said_of(&self, package: &str) -> Vec<String> {
        let rendered = |error: &Diagnostic| error.rendered.clone().unwrap_or_default();
        let mut said: Vec<_> = self.errors_of(package).map(rendered).collect();
        if said.is_empty() {
            said = self.errors().map(rendered).collect();
            said.extend(self.stderr.lines().filter(|line| line.starts_with("error")).map(String::from));
        }
        // Packages are built in whichever order they come.
        said.sort();
        said
    }

    fn errors_of(&self, package: &str) -> impl Iterator<Item = &Diagnostic> {
        self.messages.iter().filter_map(move |message| match message {
            Message::Said(said) if said.message.is_error() && said.is_of(package) => Some(&said.message),
            _ => None,
        })
    }
}

/// What cargo's release profile is by itself (The Cargo Book, "Profiles"), of which the examples' is
/// made: whoever has a configuration file with another one would see other outcomes.
const RELEASE: [&str; 7] = [
    "profile.release.opt-level=3",
    "profile.release.debug=false",
    "profile.release.debug-assertions=false",
    "profile.release.overflow-checks=false",
    "profile.release.lto=false",
    "profile.release.panic='unwind'",
    "profile.release.incremental=false",
];

/// The flags that build examples for these targets.
fn flags(targets: &BTreeSet<Target>) -> Vec<&'static str> {
    let release = RELEASE.iter().flat_map(|setting| ["--config", setting]);
    let triples = targets.iter().flat_map(|target| ["--target", target.wasm_triple().unwrap_or(HOST)]);
    ["--profile", PROFILE, "--keep-going"].into_iter().chain(release).chain(triples).collect()
}

/// Where cargo puts a program that belongs to the harness.
pub fn expected_tool(workspace: &Workspace, program: &str) -> PathBuf {
    workspace.target_dir.join("debug").join(format!("{program}{}", std::env::consts::EXE_SUFFIX))
}

/// Builds a program that belongs to the harness, for this machine and in the harness's own profile,
/// and gives its file. `package` has no other program.
///
/// # Errors
/// If it cannot be built: this is no example, so that is no outcome.
pub fn tool(
    sh: &Shell,
    cargo: Cargo<'_>,
    workspace: &Workspace,
    package: &str,
    say: &(dyn Fn(&str) + Sync),
) -> Result<PathBuf> {
    let ran = run(sh, cargo, workspace, &[package], &[], say)?;
    let executable = ran.messages.iter().find_map(|message| match message {
        Message::Made(made) => made.program_of(package),
        _ => None,
    });
    match executable {
        Some(file) if ran.success => Ok(file),
        _ => {
            let errors: Vec<_> = ran.errors().filter_map(|error| error.rendered.as_deref()).collect();
            let why = if errors.is_empty() { ran.stderr.clone() } else { errors.concat() };
            // Without a word of the compiler, cargo had nothing to compile: a crate is missing, say.
            let code = if errors.is_empty() { exit::SET_UP } else { exit::HARNESS };
            let message = format!("cannot build the tool `{package}`:\n{}", why.trim_end());
            Err(Stop::error(code, format!("{message}\nsee for yourself: cargo build --package {package}")))
        }
    }
}

fn run(
    sh: &Shell,
    cargo: Cargo<'_>,
    workspace: &Workspace,
    packages: &[&str],
    flags: &[&str],
    say: &(dyn Fn(&str) + Sync),
) -> Result<CargoRun> {
    let (program, target_dir) = (cargo.program, &workspace.target_dir);
    let manifest = workspace.root.join("Cargo.toml");
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    let offline = cargo.offline.then_some("--offline");
    let mut command: Command = cmd!(
        sh,
        "{program} build --manifest-path {manifest} --target-dir {target_dir} --message-format json {offline...} {packages...} {flags...}"
    )
    .into();
    forget_caller(&mut command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = || format!("cannot run {} build", program.display());
    let mut child = process::start_tool(&mut command).with_context(started)?;
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
            forward(&lines, say, || {
                // The group is there until cargo is waited for, which is after the end of its output.
                if cargo.interrupt.signal().is_some() {
                    process::end_tool(group);
                }
            })
        });
        let messages = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_str(&line).ok())
            .collect();
        (messages, stderr.join().expect("forwarding lines does not panic"))
    });
    let status = child.wait().with_context(started)?;
    Ok(CargoRun { success: status.success(), messages, stderr })
}

/// What the caller's environment says about compilation must not reach the examples: their outcomes
/// would depend on it. Set but empty, this variable overrules all other sources of flags, those of
/// configuration files included (The Cargo Book, `build.rustflags`).
fn forget_caller(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let of_compilation = text.starts_with("CARGO_PROFILE_")
            || text.starts_with("CARGO_TARGET_")
            || text.starts_with("CARGO_BUILD_") && text != "CARGO_BUILD_JOBS"
            || text.starts_with("CARGO_PKG_")
            || matches!(
                &*text,
                "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH" | "RUSTFLAGS" | "RUSTC_WORKSPACE_WRAPPER"
            );
        if of_compilation {
            command.env_remove(&name);
        }
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", "").env("CARGO_TERM_COLOR", "never");
}

/// How long cargo may take before people are told what it does: a package that does not build is
/// tried again by every run, and that is no news.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked whether an interrupt has come meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Takes cargo's lines to their end and passes on its progress, but not its errors: whether those
/// are news is found out later. Now and then it calls `look`.
fn forward(lines: &Receiver<String>, say: &dyn Fn(&str), look: impl Fn()) -> String {
    const PROGRESS: [&str; 8] =
        ["Compiling", "Downloading", "Downloaded", "Updating", "Blocking", "Locking", "Adding", "Installing"];
    let told_from = Instant::now() + PATIENCE;
    let mut all = String::new();
    let mut held: Vec<String> = Vec::new();
    loop {
        match lines.recv_timeout(LOOK) {
            Ok(line) => {
                all.push_str(&line);
                all.push('\n');
                let word = line.trim_start();
                if word.starts_with("Blocking") {
                    say(&line);
                } else if PROGRESS.iter().any(|progress| word.starts_with(progress)) {
                    held.push(line);
                }
            }
            Err(RecvTimeoutError::Timeout) => look(),
            Err(RecvTimeoutError::Disconnected) => return all,
        }
        if Instant::now() >= told_from {
            held.drain(..).for_each(|line| say(&line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_built_for_native_alone() {
        let (native, wasip1) = (Target::NATIVE, Target::WASIP1);
        let packages = BTreeSet::from(["both", "talk"]);
        let check =
            |targets: &[Target], peers: &[&'static str], expected: &[(&[&'static str], &[Target])]| {
                let found =
                    batches(&packages, &targets.iter().copied().collect(), &peers.iter().copied().collect());
                let batch = |(packages, targets): &(&[&'static str], &[Target])| Batch {
                    packages: packages.to_vec(),
                    targets: targets.iter().copied().collect(),
                };
                assert_eq!(found, expected.iter().map(batch).collect::<Vec<_>>());
            };
        let own: &[_] = &["both", "talk"];
        check(&[native, wasip1], &[], &[(own, &[native, wasip1])]);
        check(&[native], &["server"], &[(&["both", "server", "talk"], &[native])]);
        check(&[native, wasip1], &["server"], &[(own, &[native, wasip1]), (&["server"], &[native])]);
        check(&[native, wasip1], &["both"], &[(own, &[native, wasip1])]);
        check(&[wasip1], &["both"], &[(own, &[wasip1]), (&["both"], &[native])]);
    }
}
