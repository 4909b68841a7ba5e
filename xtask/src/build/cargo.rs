//! Compiles units with cargo: one call for each toolchain, target and [group](groups), and one result for each unit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::build::accident;
use crate::build::artifacts::{self, Files, PROFILE};
use crate::build::groups;
use crate::build::lock_file::LockFile;
use crate::build::message::{CompilerMessage, Crate, Failure, Message};
use crate::exit;
use crate::model::column::{Toolchain, Unit};
use crate::model::target::Target;
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::{Installed, Toolchains};
use crate::support::escape::count;
use crate::support::terminal::say;
use crate::tools::cargo as tools;
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// The result of building a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// The path of the program or library.
    Built(PathBuf),
    /// Why it does not build.
    Failed(Failure),
    /// Whether it builds is not known: an accident ended each try.
    Unknown(String),
}

/// The results of a build, and the compiler's warnings.
#[derive(Debug, Default)]
pub struct Built {
    pub artifacts: BTreeMap<Unit, Artifact>,
    /// The compiler's warnings as it renders them, each of them once.
    pub warnings: Vec<String>,
    /// The crates that were compiled for wasm targets, for all units together.
    pub crates: BTreeSet<Crate>,
}

impl Built {
    /// Returns the artifacts of all units that were built.
    pub fn files(&self) -> Files {
        let built = self.artifacts.iter().filter_map(|(unit, artifact)| match artifact {
            Artifact::Built(file) => Some((unit.clone(), file.clone())),
            Artifact::Failed(_) | Artifact::Unknown(_) => None,
        });
        built.collect()
    }

    /// Returns why a unit does not build, if it was tried.
    pub fn failure(&self, unit: &Unit) -> Option<&Failure> {
        match self.artifacts.get(unit)? {
            Artifact::Failed(failure) => Some(failure),
            Artifact::Built(_) | Artifact::Unknown(_) => None,
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
            Artifact::Built(_) | Artifact::Unknown(_) => None,
            Artifact::Failed(failure) => Some((unit, failure)),
        })
    }
}

/// Builds `units`, and shows the progress, unless nothing has to be done.
///
/// # Errors
/// If cargo cannot be run, or reports an error before it compiles anything. A package that does not compile
/// for a target is not an error, but an [`Artifact::Failed`].
pub fn all(context: ToolContext<'_>, toolchains: &Toolchains, units: &BTreeSet<Unit>) -> Result<Built> {
    let mut batches: BTreeMap<(Toolchain, Target), Vec<&Unit>> = BTreeMap::new();
    for unit in units {
        batches.entry((unit.toolchain, unit.target)).or_default().push(unit);
    }
    if batches.values().any(|batch| !artifacts::directory(context.workspace, batch[0]).exists()) {
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
    for batch in batches.values() {
        for group in groups::groups(context, toolchains, batch)? {
            build(context, toolchains, &group, &mut built)?;
        }
    }
    Ok(built)
}

/// Builds units of one toolchain, one target and one group, and adds the results to `built`.
fn build(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    units: &[&Unit],
    built: &mut Built,
) -> Result<()> {
    let ran = run_for_units(context, toolchains, units, context.progress)?;
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
                let is_wasm = units.iter().any(|unit| unit.target.is_wasm());
                built.crates.extend(artifact.published_crate().filter(|_| is_wasm));
                for unit in units {
                    if let Some(file) = artifact.artifact_of(context.workspace, unit) {
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
            Message::CompilerMessage(_)
            | Message::BuildScript(_)
            | Message::BuildFinished
            | Message::Other => {}
        }
    }
    let failed: Vec<_> = units.iter().filter(|unit| !built.artifacts.contains_key(**unit)).collect();
    if !failed.is_empty() {
        let lock = LockFile::read(&context.workspace.root);
        for unit in failed {
            let artifact = failure(context, toolchains, unit, &ran, &lock)?;
            built.artifacts.insert((*unit).clone(), artifact);
        }
    }
    Ok(())
}

/// Finds out why a unit was not built by a call of cargo for several units. If it was an accident, or if it is not
/// clear, the unit is built alone.
fn failure(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    unit: &Unit,
    ran: &CargoRun,
    lock: &LockFile,
) -> Result<Artifact> {
    if let Some(error) = ran.errors_of(&unit.package).next() {
        return Ok(Artifact::Failed(error.failure()));
    }
    // The package itself has no error, so its build script or one of its dependencies must have failed. Messages
    // do not name dependents. If only one of these packages has failed, that is the reason.
    let mut packages = lock.dependencies(&unit.package);
    packages.insert(&unit.package);
    if ran.accident().is_none()
        && let [only] = &ran.failures_among(&packages)[..]
    {
        return Ok(Artifact::Failed(only.clone()));
    }
    // If the unit is built alone, the first error is the one that matters.
    let alone = run_for_units(context, toolchains, &[unit], Progress::Hidden)?;
    if let Some(file) = alone.messages.iter().find_map(|message| match message {
        Message::CompilerArtifact(artifact) => artifact.artifact_of(context.workspace, unit),
        _ => None,
    }) {
        return Ok(Artifact::Built(file));
    }
    if let Some(error) = alone.errors_of(&unit.package).next().or_else(|| alone.errors().next()) {
        return Ok(Artifact::Failed(error.failure()));
    }
    match (alone.accident(), cargo_error(&alone.stderr)) {
        // A machine that lacks something lacks it for all units.
        (Some(what), _) if !accident::is_of_process(&what) => Err(accident::error(&what, &alone.stderr)),
        (Some(what), _) => Ok(Artifact::Unknown(format!("the compiler was ended twice: {what}"))),
        (None, Some(error)) => Ok(Artifact::Failed(Failure::of_cargo(error, &alone.stderr))),
        (None, None) => Ok(Artifact::Unknown("cargo did not build it, and reported no error".into())),
    }
}

/// Calls `cargo build` for units of one toolchain and one target.
fn run_for_units(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    units: &[&Unit],
    progress: Progress,
) -> Result<CargoRun> {
    let first = units[0];
    let packages: Vec<_> = units.iter().map(|unit| unit.package.as_str()).collect();
    let settings = profile_settings(&context.workspace.profile);
    let settings = settings.iter().flat_map(|setting| ["--config", setting]);
    let profile = ["--profile", PROFILE, "--keep-going", "--target", artifacts::triple(first)];
    let flags: Vec<_> = profile.into_iter().chain(settings).collect();
    let target_dir = artifacts::target_dir(context.workspace, first.toolchain);
    run(context, toolchains.of(first.toolchain), &target_dir, &packages, &flags, progress)
}

/// Returns the first error that cargo itself reports. This is how a build script fails, for which there is
/// no message of the compiler.
fn cargo_error(stderr: &str) -> Option<&str> {
    stderr.lines().find(|line| line.starts_with("error"))
}

/// The result of one call of cargo.
struct CargoRun {
    success: bool,
    messages: Vec<Message>,
    stderr: String,
}

impl CargoRun {
    /// The compiler's errors about sources.
    fn errors(&self) -> impl Iterator<Item = &CompilerMessage> {
        self.messages.iter().filter_map(|message| match message {
            Message::CompilerMessage(message) if message.message.is_error() => {
                accident::in_message(message).is_none().then_some(message)
            }
            _ => None,
        })
    }

    /// The accident that ended a part of the build, if there was one.
    fn accident(&self) -> Option<String> {
        accident::of(self.success, &self.stderr, &self.messages)
    }

    /// The failures of these packages, one for each: the compiler's first error, or that of the build script.
    fn failures_among(&self, packages: &BTreeSet<&str>) -> Vec<Failure> {
        let mut failures = BTreeMap::new();
        for message in self.errors() {
            if let Some(package) = message.package().split(' ').next().and_then(|name| packages.get(name)) {
                failures.entry(*package).or_insert_with(|| message.failure());
            }
        }
        for line in self.stderr.lines() {
            let named = line.strip_prefix("error: failed to run custom build command for `");
            let package = named.and_then(|named| packages.get(named.split(' ').next()?));
            if let Some(package) = package {
                failures.entry(*package).or_insert_with(|| Failure::of_cargo(line, &self.stderr));
            }
        }
        failures.into_values().collect()
    }

    /// The compiler's errors about a package.
    fn errors_of(&self, package: &str) -> impl Iterator<Item = &CompilerMessage> {
        self.errors().filter(move |message| message.is_of(package))
    }
}

/// The default settings of cargo's release profile (The Cargo Book, "Profiles"), which the profile of the
/// examples inherits. They are given explicitly because a user's configuration file could change them, and
/// so the outcomes. Such a file overrides the manifest, but not these.
///
/// `codegen-units` is not among them: naming its default changes the names of all symbols.
const RELEASE: [(&str, &str); 9] = [
    ("opt-level", "3"),
    ("debug", "false"),
    // What cargo does by itself if there is no debug information.
    ("strip", "'debuginfo'"),
    ("debug-assertions", "false"),
    ("overflow-checks", "false"),
    ("lto", "false"),
    ("panic", "'unwind'"),
    ("incremental", "false"),
    ("rpath", "false"),
];

/// Returns the settings of the examples' profile for `--config`: [`RELEASE`], except those that the manifest
/// of the workspace sets, which are given as they are there.
pub fn profile_settings(own: &toml::Table) -> Vec<String> {
    let setting = |(key, default): &(&str, &str)| {
        let value = match own.get(*key) {
            Some(toml::Value::String(text)) => format!("'{text}'"),
            Some(toml::Value::Integer(number)) => number.to_string(),
            Some(toml::Value::Boolean(is_set)) => is_set.to_string(),
            // With debug information, cargo strips nothing by itself.
            _ if *key == "strip" && own.contains_key("debug") => return None,
            _ => (*default).to_string(),
        };
        Some(format!("profile.{PROFILE}.{key}={value}"))
    };
    RELEASE.iter().filter_map(setting).collect()
}

/// Returns the path at which cargo puts a program of the harness.
pub fn expected_tool(workspace: &Workspace, program: &str) -> PathBuf {
    let target_dir = artifacts::target_dir(workspace, Toolchain::Pinned);
    target_dir.join("debug").join(format!("{program}{}", std::env::consts::EXE_SUFFIX))
}

/// Builds the only program of `package`, which is a part of the harness, for this machine and in the
/// harness's own profile. Returns its path.
///
/// # Errors
/// If it does not build. As it is not an example, this is not an outcome.
pub fn tool(context: ToolContext<'_>, toolchains: &Toolchains, package: &str) -> Result<PathBuf> {
    let target_dir = artifacts::target_dir(context.workspace, Toolchain::Pinned);
    let once =
        || run(context, toolchains.of(Toolchain::Pinned), &target_dir, &[package], &[], context.progress);
    let mut ran = once()?;
    if ran.accident().is_some() && context.interrupt.signal().is_none() {
        ran = once()?;
        if let Some(what) = ran.accident() {
            return Err(accident::error(&what, &ran.stderr));
        }
    }
    let executable = ran.messages.iter().find_map(|message| match message {
        Message::CompilerArtifact(artifact) => artifact.program_of(package),
        _ => None,
    });
    match executable {
        Some(file) if ran.success => Ok(file),
        _ => {
            let errors: Vec<_> = ran.errors().filter_map(|error| error.message.rendered.as_deref()).collect();
            let why = if errors.is_empty() { ran.stderr.clone() } else { errors.concat() };
            // Without an error of the compiler, cargo did not start to compile: a crate may be missing.
            let code = if errors.is_empty() { exit::SET_UP } else { exit::HARNESS };
            let message = format!("cannot build the tool `{package}`:\n{}", why.trim_end());
            Err(exit::error(code, format!("{message}\nhelp: cargo build --package {package}")))
        }
    }
}

/// Calls `cargo build` of the toolchain `builder` for packages.
fn run(
    context: ToolContext<'_>,
    builder: &Installed,
    target_dir: &Path,
    packages: &[&str],
    flags: &[&str],
    progress: Progress,
) -> Result<CargoRun> {
    let ToolContext { env, workspace, offline, interrupt, .. } = context;
    let mut command = tools::command(&builder.cargo);
    command.envs(builder.variables(&env.path));
    command.args(["build", "--message-format", "json"]);
    command.arg("--manifest-path").arg(workspace.root.join("Cargo.toml"));
    command.arg("--target-dir").arg(target_dir);
    command.args(offline.then_some("--offline"));
    command.args(packages.iter().flat_map(|package| ["--package", package])).args(flags);
    let mut messages = Vec::new();
    let called = tools::call(&mut command, progress, interrupt, |line| {
        messages.extend(Message::parse(line));
    })?;
    Ok(CargoRun { success: called.success, messages, stderr: called.stderr })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_overrides_the_defaults_of_the_profile() {
        let settings = profile_settings(&toml::Table::new());
        assert_eq!(settings.len(), RELEASE.len());
        assert!(settings.contains(&"profile.example.strip='debuginfo'".into()), "{settings:?}");
        let own = "inherits = 'release'\nopt-level = 's'\ndebug = 1\noverflow-checks = true\n";
        let settings = profile_settings(&own.parse().unwrap());
        for setting in ["opt-level='s'", "debug=1", "overflow-checks=true", "panic='unwind'"] {
            assert!(settings.contains(&format!("profile.example.{setting}")), "{settings:?}");
        }
        assert!(!settings.iter().any(|setting| setting.contains("strip")), "{settings:?}");
    }
}
