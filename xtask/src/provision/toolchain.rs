//! Finds Rust toolchains and their targets, and installs missing ones.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::environment::Environment;
use crate::exit;
use crate::model::column::{Column, Toolchain};
use crate::model::target::NATIVE_TRIPLE;
use crate::process::Interrupt;
use crate::provision::{lock, query, target_dir};
use crate::support::terminal::say;
use crate::workspace::Workspace;

/// A toolchain that is installed.
#[derive(Clone, Debug)]
pub struct Installed {
    /// Its cargo.
    pub cargo: PathBuf,
    /// The directory of its programs and its name, if it is not the toolchain that runs the harness.
    other: Option<(PathBuf, String)>,
}

/// The toolchains that are ready to build.
#[derive(Clone, Debug, Default)]
pub struct Toolchains(BTreeMap<Toolchain, Installed>);

impl Toolchains {
    /// Returns a toolchain.
    ///
    /// # Panics
    /// If it was not provisioned: that comes before building.
    pub fn of(&self, toolchain: Toolchain) -> &Installed {
        self.0.get(&toolchain).expect("provisioning gives the toolchains of all columns")
    }
}

impl Installed {
    /// The toolchain that runs the harness.
    pub fn current(env: &Environment) -> Installed {
        Installed { cargo: env.cargo.clone(), other: None }
    }

    /// The variables with which its cargo finds its own rustc; `path` is the caller's `PATH`.
    pub fn variables(&self, path: &[PathBuf]) -> Vec<(&'static str, OsString)> {
        let Some((bin, name)) = &self.other else { return Vec::new() };
        let path = std::env::join_paths([bin].into_iter().chain(path)).unwrap_or_else(|_| bin.clone().into());
        // Build scripts may call programs of rustup, too.
        vec![("PATH", path), ("RUSTUP_TOOLCHAIN", name.into())]
    }

    /// Its rustc.
    pub fn rustc(&self) -> PathBuf {
        let rustc = format!("rustc{}", std::env::consts::EXE_SUFFIX);
        self.other.as_ref().map_or_else(|| "rustc".into(), |(bin, _)| bin.join(rustc))
    }

    /// The directory in which rustc looks for the standard libraries of targets, if the path of cargo tells
    /// it.
    fn rustlib(&self) -> Option<PathBuf> {
        let root = self.cargo.parent()?.parent()?;
        Some(root.join("lib/rustlib")).filter(|path| path.is_dir())
    }

    /// Returns where the standard library for this target triple is installed, if it is.
    pub fn target(&self, triple: &str) -> Option<PathBuf> {
        Some(self.rustlib()?.join(triple)).filter(|path| path.join("lib").is_dir())
    }
}

/// Installs the toolchains of `columns` and their targets, if they are missing. Neither the default
/// toolchain, nor overrides, nor rustup itself are changed.
///
/// # Errors
/// If something is missing and cannot be installed, or `offline` forbids it. The error is an [`exit::Error`]
/// that says how to fix it.
pub fn provision<'a>(
    sh: &Shell,
    env: &Environment,
    workspace: &Workspace,
    columns: impl IntoIterator<Item = &'a Column>,
    offline: bool,
    interrupt: &Interrupt,
) -> Result<Toolchains> {
    let mut wanted: BTreeMap<Toolchain, BTreeSet<&str>> = BTreeMap::new();
    // Peers are native programs of the pinned toolchain, whatever the column.
    wanted.insert(Toolchain::Pinned, BTreeSet::new());
    for column in columns {
        wanted.entry(column.toolchain).or_default().extend(column.target.wasm_triple());
    }
    let mut installed = BTreeMap::new();
    for (toolchain, triples) in wanted {
        let found = match workspace.release(toolchain) {
            None => current(sh, env, &triples, offline, interrupt)?,
            Some(version) => named(sh, env, &version.to_string(), &triples, offline, interrupt)?,
        };
        installed.insert(toolchain, found);
    }
    Ok(Toolchains(installed))
}

/// Looks for a toolchain where rustup keeps them. Nothing is run.
fn find(env: &Environment, name: &str) -> Option<Installed> {
    let toolchains = env.rustup_home.as_ref()?.join("toolchains");
    // A toolchain that a user has linked has no triple in its name.
    [format!("{name}-{NATIVE_TRIPLE}"), name.into()].iter().find_map(|directory| {
        let bin = toolchains.join(directory).join("bin");
        let cargo = bin.join(format!("cargo{}", std::env::consts::EXE_SUFFIX));
        cargo.is_file().then(|| Installed { cargo, other: Some((bin, name.into())) })
    })
}

/// Returns the toolchain that rustup knows by this name, such as `1.99.1` or `nightly`, with the targets `triples`.
/// What is missing of it is installed; a channel that is installed is not updated.
///
/// # Errors
/// If something is missing and cannot be installed, or `offline` forbids it. The error is an [`exit::Error`]
/// that says how to fix it.
pub fn named(
    sh: &Shell,
    env: &Environment,
    name: &str,
    triples: &BTreeSet<&str>,
    offline: bool,
    interrupt: &Interrupt,
) -> Result<Installed> {
    let has_all = |found: &Installed| triples.iter().all(|triple| found.target(triple).is_some());
    // Another run may install it while this one waits for the lock.
    let (mut installed, mut lock) = (find(env, name), None);
    if !installed.as_ref().is_some_and(has_all) && !offline && env.which("rustup").is_some() {
        lock = lock::take(env, interrupt)?;
        installed = find(env, name);
    }
    if let Some(found) = installed.clone().filter(has_all) {
        return Ok(found);
    }
    let words: Vec<&str> = match installed {
        None => ["toolchain", "install", name, "--profile", "minimal", "--no-self-update"]
            .into_iter()
            .chain(triples.iter().flat_map(|triple| ["--target", triple]))
            .collect(),
        // To install it again would update a channel.
        Some(_) => {
            ["target", "add", "--toolchain", name].into_iter().chain(triples.iter().copied()).collect()
        }
    };
    let line = format!("rustup {}", words.join(" "));
    let cannot =
        |why: &str| exit::error(exit::SET_UP, format!("Rust {name} is missing: {why}\nhelp: {line}"));
    let Some(rustup) = env.which("rustup") else {
        // Without rustup, the toolchain that runs the harness may be exactly this release.
        let mut command = Command::new("rustc");
        command.arg("--version");
        let printed = query::ask_successfully(command, interrupt).unwrap_or_default();
        let current = Installed::current(env);
        return match printed.split(' ').nth(1) == Some(name) && has_all(&current) {
            true => Ok(current),
            false => Err(cannot("rustup is not on PATH, and rustc is another release or lacks the targets")),
        };
    };
    if offline {
        return Err(cannot("it is not installed with these targets, and --offline forbids fetching it"));
    }
    say(&format!("Installing Rust {name}, which takes some seconds: {line}"));
    cmd!(sh, "{rustup} {words...}")
        .quiet()
        .ignore_stdout()
        .run()
        .map_err(|error| cannot(&error.to_string()))?;
    drop(lock);
    find(env, name)
        .filter(has_all)
        .ok_or_else(|| cannot("rustup installed it, but it is not in the directory of its toolchains"))
}

/// Returns the toolchain that runs the harness, with the standard library for `triples`.
fn current(
    sh: &Shell,
    env: &Environment,
    triples: &BTreeSet<&str>,
    offline: bool,
    interrupt: &Interrupt,
) -> Result<Installed> {
    if triples.is_empty() {
        return Ok(Installed::current(env));
    }
    let found = current_with_path(env, interrupt)?;
    let missing: Vec<_> = triples.iter().filter(|triple| found.target(triple).is_none()).copied().collect();
    if missing.is_empty() {
        return Ok(Installed::current(env));
    }
    let line = format!("rustup target add {}", missing.join(" "));
    let cannot = |why: &str| {
        let triples: Vec<_> = triples.iter().copied().collect();
        let message = format!("Rust cannot build for {}: {why}\nhelp: {line}", triples.join(", "));
        exit::error(exit::SET_UP, message)
    };
    if offline {
        return Err(cannot("its standard library is missing, and --offline forbids fetching it"));
    }
    let _lock = lock::take(env, interrupt)?;
    let missing: Vec<_> = missing.into_iter().filter(|triple| found.target(triple).is_none()).collect();
    if missing.is_empty() {
        return Ok(Installed::current(env));
    }
    say(&format!("Installing Rust's standard library for wasm, which takes some seconds: {line}"));
    let Some(rustup) = env.which("rustup") else { return Err(cannot("rustup is not on PATH")) };
    cmd!(sh, "{rustup} target add {missing...}").quiet().run().map_err(|error| cannot(&error.to_string()))?;
    match triples.iter().all(|triple| found.target(triple).is_some()) {
        true => Ok(Installed::current(env)),
        false => Err(cannot("rustup installed it in another toolchain")),
    }
}

/// The toolchain that runs the harness, with the path of its own cargo instead of that of a proxy.
fn current_with_path(env: &Environment, interrupt: &Interrupt) -> Result<Installed> {
    let current = Installed::current(env);
    // Where cargo runs this program, it says its own path, so rustc need not be run.
    if current.rustlib().is_some() {
        return Ok(current);
    }
    let mut command = Command::new("rustc");
    command.args(["--print", "sysroot"]);
    let sysroot = query::ask_successfully(command, interrupt).map_err(|why| {
        let message = format!(
            "no Rust toolchain: rustc was asked for its directory, but {why}\n\
             help: install rustup from https://rustup.rs"
        );
        exit::error(exit::SET_UP, message)
    })?;
    Ok(Installed { cargo: Path::new(&sysroot).join("bin/cargo"), other: None })
}

/// Returns the toolchain of the pinned columns, if it is installed. Nothing is installed.
///
/// # Errors
/// An [`exit::Error`] that says how to fix it, if there is no Rust toolchain at all.
pub fn pinned(env: &Environment, workspace: &Workspace, interrupt: &Interrupt) -> Result<Option<Installed>> {
    match workspace.rust {
        Some(version) => Ok(find(env, &version.to_string())),
        None => current_with_path(env, interrupt).map(Some),
    }
}

/// Checks that the linker can write below this directory. rust-lld, which rustc uses for wasm and on Linux,
/// first writes to a temporary file beside its output, for which it replaces each `%` in the whole path by a
/// random digit.
///
/// # Errors
/// An [`exit::Error`] that says how to fix it, if it cannot.
pub fn can_link_into(directory: &Path) -> Result<()> {
    if !directory.to_string_lossy().contains('%') {
        return Ok(());
    }
    Err(target_dir::refused(directory, '%', "the linker rust-lld cannot write to"))
}
