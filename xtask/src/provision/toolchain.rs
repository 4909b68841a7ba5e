//! Finds Rust toolchains and their targets, and installs missing ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::environment::Environment;
use crate::exit;
use crate::model::column::{Column, Toolchain};
use crate::model::version::Version;
use crate::process::Interrupt;
use crate::provision::query;
use crate::support::terminal::say;

/// Installs the toolchains of `columns` and their targets, if they are missing.
///
/// # Errors
/// If something is missing and cannot be installed, or `offline` forbids it. The error is an [`exit::Error`]
/// that says how to fix it.
pub fn provision<'a>(
    sh: &Shell,
    env: &Environment,
    columns: impl IntoIterator<Item = &'a Column>,
    offline: bool,
    interrupt: &Interrupt,
) -> Result<()> {
    let mut wanted: BTreeMap<Toolchain, BTreeSet<&str>> = BTreeMap::new();
    for column in columns {
        wanted.entry(column.toolchain).or_default().extend(column.target.wasm_triple());
    }
    for (toolchain, triples) in wanted {
        match toolchain {
            Toolchain::Pinned if triples.is_empty() => {}
            Toolchain::Pinned => add_targets(sh, env, &triples, offline, interrupt)?,
            Toolchain::Rust(version) => install(sh, env, version, &triples, offline, interrupt)?,
        }
    }
    Ok(())
}

/// Installs a release of Rust with the targets `triples`, unless it is installed.
fn install(
    sh: &Shell,
    env: &Environment,
    version: Version,
    triples: &BTreeSet<&str>,
    offline: bool,
    interrupt: &Interrupt,
) -> Result<()> {
    let version = version.to_string();
    let targets: Vec<_> = triples.iter().flat_map(|triple| ["--target", triple]).collect();
    let line = format!(
        "rustup toolchain install {version} --profile minimal --no-self-update {}",
        targets.join(" ")
    );
    let cannot =
        |why: &str| exit::error(exit::SET_UP, format!("Rust {version} is missing: {why}\nhelp: {line}"));
    let Some(rustup) = env.which("rustup") else { return Err(cannot("rustup is not on PATH")) };
    let mut command = Command::new(&rustup);
    command.args(["run", &version, "rustc", "--print", "sysroot"]);
    if let Ok(sysroot) = query::ask_successfully(command, interrupt) {
        let rustlib = Path::new(&sysroot).join("lib/rustlib");
        if triples.iter().all(|triple| has_target(&rustlib, triple)) {
            return Ok(());
        }
    }
    if offline {
        return Err(cannot("it is not installed with these targets, and --offline forbids fetching it"));
    }
    say(&format!("Installing Rust {version}, which takes some seconds: {line}"));
    cmd!(sh, "{rustup} toolchain install {version} --profile minimal --no-self-update {targets...}")
        .quiet()
        .run()
        .map_err(|error| cannot(&error.to_string()))
}

/// Installs Rust's standard library for `triples` in the pinned toolchain, if it is missing.
fn add_targets(
    sh: &Shell,
    env: &Environment,
    triples: &BTreeSet<&str>,
    offline: bool,
    interrupt: &Interrupt,
) -> Result<()> {
    let rustlib = rustlib(env, interrupt)?;
    let missing: Vec<_> = triples.iter().filter(|triple| !has_target(&rustlib, triple)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line =
        format!("rustup target add {}", missing.iter().map(|triple| **triple).collect::<Vec<_>>().join(" "));
    let cannot = |why: &str| {
        exit::error(
            exit::SET_UP,
            format!(
                "Rust cannot build for {}: {why}\nhelp: {line}",
                triples.iter().copied().collect::<Vec<_>>().join(", ")
            ),
        )
    };
    if offline {
        return Err(cannot("its standard library is missing, and --offline forbids fetching it"));
    }
    say(&format!("Installing Rust's standard library for wasm, which takes some seconds: {line}"));
    let Some(rustup) = env.which("rustup") else { return Err(cannot("rustup is not on PATH")) };
    cmd!(sh, "{rustup} target add {missing...}").quiet().run().map_err(|error| cannot(&error.to_string()))?;
    match triples.iter().all(|triple| has_target(&rustlib, triple)) {
        true => Ok(()),
        false => Err(cannot(&format!("rustup installed it in another toolchain than {}", rustlib.display()))),
    }
}

/// Returns the directory in which rustc looks for the standard libraries of targets.
///
/// # Errors
/// An [`exit::Error`] that says how to fix it, if there is no Rust toolchain.
pub fn rustlib(env: &Environment, interrupt: &Interrupt) -> Result<PathBuf> {
    // The cargo that runs this program is in the toolchain, so rustc need not be run.
    let beside_cargo = env.cargo.parent().and_then(Path::parent).map(|root| root.join("lib/rustlib"));
    if let Some(rustlib) = beside_cargo.filter(|path| path.is_dir()) {
        return Ok(rustlib);
    }
    let mut command = Command::new("rustc");
    command.args(["--print", "sysroot"]);
    let sysroot = query::ask_successfully(command, interrupt).map_err(|why| {
        exit::error(
            exit::SET_UP,
            format!("no Rust toolchain: rustc was asked for its directory, but {why}\nhelp: install rustup from https://rustup.rs"),
        )
    })?;
    Ok(Path::new(&sysroot).join("lib/rustlib"))
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
    let message = format!(
        "the linker rust-lld cannot write to a path with `%`, as in the target directory {}\n\
         help: set CARGO_TARGET_DIR to a path without `%`, or move the clone",
        directory.display()
    );
    Err(exit::error(exit::SET_UP, message))
}

/// Returns whether `rustlib` has the standard library for this target triple.
pub fn has_target(rustlib: &Path, triple: &str) -> bool {
    rustlib.join(triple).join("lib").is_dir()
}
