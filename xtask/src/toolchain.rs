//! Provisioning: the tools and targets that cells need, looked for, and set up where missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::environment::Environment;
use crate::stop::{Stop, exit};
use crate::target::Target;
use crate::text::shell_word;
use crate::version::Version;
use crate::wasmtime::{self, Wasmtime};
use crate::workspace::Workspace;

/// Where set-up puts this release of wasmtime: a folder per version in the user's cache, so that
/// every clone finds it.
fn own_wasmtime(env: &Environment, version: Version) -> Option<PathBuf> {
    Some(env.cache.as_ref()?.join("parallax").join(format!("wasmtime-{version}")))
}

/// The tool of a folder made by `cargo install --root`.
fn installed(root: &Path) -> PathBuf {
    root.join("bin").join(format!("wasmtime{}", std::env::consts::EXE_SUFFIX))
}

/// What was found of a thing that cells need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    Fit {
        at: PathBuf,
        version: String,
    },
    /// Something is there, but not what is needed.
    Unfit {
        at: PathBuf,
        why: String,
    },
    Missing,
}

/// A command line as people type it.
pub fn install_line(version: Version, root: &Path) -> String {
    let root = shell_word(&root.to_string_lossy());
    format!("cargo install --locked wasmtime-cli --version {version} --root {root}")
}

/// Looks for a fit wasmtime: `$WASMTIME`, PATH, the user's cache folder. Gives all places where
/// something was found, the one to use last; an unfit `$WASMTIME` ends the search, for whoever
/// named one means that one.
pub fn find_wasmtime(sh: &Shell, env: &Environment, pinned: Version) -> Vec<Finding> {
    let on_path = env.which("wasmtime");
    let own = own_wasmtime(env, pinned).map(|root| installed(&root)).filter(|path| path.exists());
    let mut findings = Vec::new();
    for (at, named) in [(env.wasmtime.clone(), true), (on_path, false), (own, false)] {
        let Some(at) = at else { continue };
        let finding = examine(sh, at, pinned);
        let last = named || matches!(finding, Finding::Fit { .. });
        findings.push(finding);
        if last {
            return findings;
        }
    }
    findings.push(Finding::Missing);
    findings
}

fn examine(sh: &Shell, at: PathBuf, pinned: Version) -> Finding {
    let output = cmd!(sh, "{at} --version").quiet().ignore_stderr().ignore_status().output();
    let printed = match output {
        Err(error) => return Finding::Unfit { at, why: format!("it cannot be run: {}", innermost(&error)) },
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
    };
    match Version::of_output(&printed) {
        None => Finding::Unfit { at, why: "`--version` does not print a version of wasmtime".into() },
        Some(version) if version == pinned => Finding::Fit { at, version: version.to_string() },
        Some(version) => Finding::Unfit { at, why: format!("it is {version}, the workspace pins {pinned}") },
    }
}

/// The last cause of an error: the words of the system.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// The folder in which rustc keeps the standard libraries of targets.
pub fn rustlib(sh: &Shell, env: &Environment) -> Result<PathBuf> {
    // The cargo that runs us stands in the toolchain, so that rustc need not be asked.
    let beside_cargo = env.cargo.parent().and_then(Path::parent).map(|root| root.join("lib/rustlib"));
    if let Some(rustlib) = beside_cargo.filter(|path| path.is_dir()) {
        return Ok(rustlib);
    }
    let sysroot = cmd!(sh, "rustc --print sysroot").quiet().read().map_err(|error| {
        Stop::error(exit::SET_UP, format!("no Rust toolchain: {error}\ninstall rustup: https://rustup.rs"))
    })?;
    Ok(Path::new(&sysroot).join("lib/rustlib"))
}

/// Whether rustc can build for the target of that triple.
pub fn has_target(rustlib: &Path, triple: &str) -> bool {
    rustlib.join(triple).join("lib").is_dir()
}

/// Sets up what cells of these targets need, as far as it is missing, and gives the wasmtime to
/// use if there is a wasm target among them. `say` tells people what is going on.
///
/// # Errors
/// A [`Stop`] with the command that mends it if something is missing and cannot be had, or must
/// not because of `offline`.
pub fn provision(
    sh: &Shell,
    env: &Environment,
    workspace: &Workspace,
    targets: &BTreeSet<Target>,
    offline: bool,
    say: &dyn Fn(&str),
) -> Result<Option<Wasmtime>> {
    let triples: Vec<_> = targets.iter().filter_map(|target| target.wasm_triple()).collect();
    if triples.is_empty() {
        return Ok(None);
    }
    add_targets(sh, env, &triples, offline, say)?;
    let program = match find_wasmtime(sh, env, workspace.wasmtime).pop() {
        Some(Finding::Fit { at, .. }) => at,
        Some(Finding::Unfit { at, why }) => {
            let message = format!(
                "the wasmtime at {} is not fit: {why}\n\
                 mend it: unset WASMTIME, or let it name a wasmtime {}",
                at.display(),
                workspace.wasmtime
            );
            return Err(Stop::error(exit::SET_UP, message));
        }
        Some(Finding::Missing) | None => install_wasmtime(sh, env, workspace.wasmtime, offline, say)?,
    };
    Ok(Some(Wasmtime { program, cache_config: write_cache_config(workspace)? }))
}

/// Sets up Rust's standard library for these triples, as far as it is missing.
///
/// # Errors
/// As [`provision`].
pub fn add_targets(
    sh: &Shell,
    env: &Environment,
    triples: &[&str],
    offline: bool,
    say: &dyn Fn(&str),
) -> Result<()> {
    let rustlib = rustlib(sh, env)?;
    let missing: Vec<_> = triples.iter().filter(|triple| !has_target(&rustlib, triple)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line =
        format!("rustup target add {}", missing.iter().map(|triple| **triple).collect::<Vec<_>>().join(" "));
    let cannot = |why: &str| {
        Stop::error(
            exit::SET_UP,
            format!("Rust cannot build for {} yet: {why}\nmend it: {line}", triples.join(", ")),
        )
    };
    if offline {
        return Err(cannot("its standard library is missing, and --offline forbids to fetch it"));
    }
    say(&format!("Setting up Rust's standard library for wasm, some seconds: {line}"));
    let Some(rustup) = env.which("rustup") else { return Err(cannot("rustup is not on PATH")) };
    cmd!(sh, "{rustup} target add {missing...}").quiet().run().map_err(|error| cannot(&error.to_string()))?;
    match triples.iter().all(|triple| has_target(&rustlib, triple)) {
        true => Ok(()),
        false => Err(cannot(&format!("rustup put it into another toolchain than {}", rustlib.display()))),
    }
}

fn install_wasmtime(
    sh: &Shell,
    env: &Environment,
    version: Version,
    offline: bool,
    say: &dyn Fn(&str),
) -> Result<PathBuf> {
    let Some(root) = own_wasmtime(env, version) else {
        let message = "no folder to install wasmtime into: neither HOME nor XDG_CACHE_HOME is set\n\
                       mend it: set HOME, or let WASMTIME name a wasmtime";
        return Err(Stop::error(exit::SET_UP, message));
    };
    let line = install_line(version, &root);
    let cannot = |why: &str| {
        Stop::error(exit::SET_UP, format!("wasmtime {version} is missing: {why}\nmend it: {line}"))
    };
    if offline {
        return Err(cannot(
            "it is neither in $WASMTIME nor on PATH nor in the cache, and --offline forbids to fetch it",
        ));
    }
    fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
    let cargo = &env.cargo;
    let wanted = format!("wasmtime-cli@{version}");
    let fetched = env.which("cargo-binstall").is_some_and(|_| {
        say(&format!(
            "Fetching wasmtime {version} with cargo-binstall, some seconds; it is kept in {}",
            root.display()
        ));
        cmd!(sh, "{cargo} binstall --no-confirm --root {root} {wanted}").quiet().run().is_ok()
    });
    if !fetched {
        say(&format!(
            "Building wasmtime {version} from crates.io. It takes some 17 minutes of processor time, once: \
             it is kept in {} for every clone.\n    {line}",
            root.display()
        ));
        let version = version.to_string();
        cmd!(sh, "{cargo} install --locked wasmtime-cli --version {version} --root {root}")
            .quiet()
            .run()
            .map_err(|error| cannot(&error.to_string()))?;
    }
    match examine(sh, installed(&root), version) {
        Finding::Fit { at, .. } => Ok(at),
        Finding::Unfit { why, .. } => Err(cannot(&why)),
        Finding::Missing => Err(cannot("the installation left nothing behind")),
    }
}

/// The wasmtime that [`provision`] would give, without setting anything up.
pub fn expected_wasmtime(sh: &Shell, env: &Environment, workspace: &Workspace) -> Wasmtime {
    let program = match find_wasmtime(sh, env, workspace.wasmtime).pop() {
        Some(Finding::Fit { at, .. }) => at,
        _ => own_wasmtime(env, workspace.wasmtime).map_or_else(|| "wasmtime".into(), |root| installed(&root)),
    };
    Wasmtime { program, cache_config: cache_config(workspace) }
}

fn cache_config(workspace: &Workspace) -> PathBuf {
    workspace.own_dir().join("wasmtime.toml")
}

fn write_cache_config(workspace: &Workspace) -> Result<PathBuf> {
    let path = cache_config(workspace);
    let text = wasmtime::cache_config(&workspace.own_dir().join("wasmtime-cache"));
    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        fs::create_dir_all(workspace.own_dir())
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(path)
}
