//! Finds Rust toolchains and their targets, and installs missing ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::environment::Environment;
use crate::exit;
use crate::model::column::{Column, Toolchain};
use crate::model::version::Version;
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
) -> Result<()> {
    let mut wanted: BTreeMap<Toolchain, BTreeSet<&str>> = BTreeMap::new();
    for column in columns {
        wanted.entry(column.toolchain).or_default().extend(column.target.wasm_triple());
    }
    for (toolchain, triples) in wanted {
        match toolchain {
            Toolchain::Pinned if triples.is_empty() => {}
            Toolchain::Pinned => add_targets(sh, env, &triples, offline)?,
            Toolchain::Rust(version) => install(sh, env, version, &triples, offline)?,
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
    let sysroot = cmd!(sh, "{rustup} run {version} rustc --print sysroot").quiet().ignore_stderr().read();
    if let Ok(sysroot) = sysroot {
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
fn add_targets(sh: &Shell, env: &Environment, triples: &BTreeSet<&str>, offline: bool) -> Result<()> {
    let rustlib = rustlib(sh, env)?;
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
pub fn rustlib(sh: &Shell, env: &Environment) -> Result<PathBuf> {
    // The cargo that runs this program is in the toolchain, so rustc need not be run.
    let beside_cargo = env.cargo.parent().and_then(Path::parent).map(|root| root.join("lib/rustlib"));
    if let Some(rustlib) = beside_cargo.filter(|path| path.is_dir()) {
        return Ok(rustlib);
    }
    let sysroot = cmd!(sh, "rustc --print sysroot").quiet().read().map_err(|error| {
        exit::error(
            exit::SET_UP,
            format!("no Rust toolchain: {error}\nhelp: install rustup from https://rustup.rs"),
        )
    })?;
    Ok(Path::new(&sysroot).join("lib/rustlib"))
}

/// Returns whether `rustlib` has the standard library for this target triple.
pub fn has_target(rustlib: &Path, triple: &str) -> bool {
    rustlib.join(triple).join("lib").is_dir()
}
