//! Finds the pinned wasmtime, and installs it if it is missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::environment::Environment;
use crate::exit;
use crate::host::wasmtime::{self, Wasmtime};
use crate::model::version::Version;
use crate::process::Interrupt;
use crate::provision::finding::Finding;
use crate::provision::query;
use crate::support::escape::shell_word;
use crate::support::terminal::say;
use crate::workspace::Workspace;

/// Returns the pinned wasmtime, which is installed if it is missing.
///
/// # Errors
/// If it is missing and cannot be installed, or `offline` forbids it. The error is an [`exit::Error`] that
/// says how to fix it.
pub fn provision(
    sh: &Shell,
    env: &Environment,
    workspace: &Workspace,
    offline: bool,
    interrupt: &Interrupt,
) -> Result<Wasmtime> {
    let program = match find(env, workspace.wasmtime, interrupt).pop() {
        Some(Finding::Suitable { at, .. }) => at,
        Some(Finding::Unsuitable { at, why }) => {
            let message = format!(
                "the wasmtime at {} is not suitable: {why}\n\
                 help: unset WASMTIME, or set it to the path of wasmtime {}",
                at.display(),
                workspace.wasmtime
            );
            return Err(exit::error(exit::SET_UP, message));
        }
        Some(Finding::Missing) | None => install(sh, env, workspace.wasmtime, offline, interrupt)?,
    };
    Ok(Wasmtime { program, cache_config: write_cache_config(workspace)? })
}

/// Returns the wasmtime that [`provision`] would return, without installing anything.
pub fn expected(env: &Environment, workspace: &Workspace, interrupt: &Interrupt) -> Wasmtime {
    let program = match find(env, workspace.wasmtime, interrupt).pop() {
        Some(Finding::Suitable { at, .. }) => at,
        _ => own_root(env, workspace.wasmtime).map_or_else(|| "wasmtime".into(), |root| installed(&root)),
    };
    Wasmtime { program, cache_config: cache_config(workspace) }
}

fn cache_config(workspace: &Workspace) -> PathBuf {
    workspace.own_dir().join("wasmtime.toml")
}

/// Writes the configuration of wasmtime's cache unless it is up to date, and returns its path.
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

/// Returns the command line that installs wasmtime in `root`, as a user types it.
pub fn install_line(version: Version, root: &Path) -> String {
    let root = shell_word(&root.to_string_lossy());
    format!("cargo install --locked wasmtime-cli --version {version} --root {root}")
}

/// Looks for the wasmtime `pinned` in `$WASMTIME`, in PATH and in the user's cache directory. Returns all
/// findings; the last one is the one to use. If `$WASMTIME` is set, nothing else is tried, because the user
/// has asked for this one.
pub fn find(env: &Environment, pinned: Version, interrupt: &Interrupt) -> Vec<Finding> {
    let on_path = env.which("wasmtime");
    let own = own_root(env, pinned).map(|root| installed(&root)).filter(|path| path.exists());
    let mut findings = Vec::new();
    for (at, named) in [(env.wasmtime.clone(), true), (on_path, false), (own, false)] {
        let Some(at) = at else { continue };
        let finding = examine(at, pinned, interrupt);
        let last = named || matches!(finding, Finding::Suitable { .. });
        findings.push(finding);
        if last {
            return findings;
        }
    }
    findings.push(Finding::Missing);
    findings
}

/// Runs the program at `at` to find out its version.
fn examine(at: PathBuf, pinned: Version, interrupt: &Interrupt) -> Finding {
    let mut command = Command::new(&at);
    command.arg("--version");
    let printed = match query::ask(command, interrupt) {
        Err(why) => return Finding::Unsuitable { at, why: format!("asked for its version, {why}") },
        Ok(answer) => answer.stdout,
    };
    match Version::of_output(&printed) {
        None => {
            Finding::Unsuitable { at, why: "its `--version` does not print a version of wasmtime".into() }
        }
        Some(version) if version == pinned => Finding::Suitable { at, version: version.to_string() },
        Some(version) => Finding::Unsuitable {
            at,
            why: format!("it is version {version}, but the workspace pins {pinned}"),
        },
    }
}

fn install(
    sh: &Shell,
    env: &Environment,
    version: Version,
    offline: bool,
    interrupt: &Interrupt,
) -> Result<PathBuf> {
    let Some(root) = own_root(env, version) else {
        let message = "no directory to install wasmtime into: neither HOME nor XDG_CACHE_HOME is set\n\
                       help: set HOME, or set WASMTIME to the path of wasmtime";
        return Err(exit::error(exit::SET_UP, message));
    };
    let line = install_line(version, &root);
    let cannot =
        |why: &str| exit::error(exit::SET_UP, format!("wasmtime {version} is missing: {why}\nhelp: {line}"));
    if offline {
        return Err(cannot(
            "it is neither in $WASMTIME nor on PATH nor in the cache, and --offline forbids fetching it",
        ));
    }
    fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
    let cargo = &env.cargo;
    let wanted = format!("wasmtime-cli@{version}");
    let fetched = env.which("cargo-binstall").is_some_and(|_| {
        say(&format!(
            "Installing wasmtime {version} with cargo-binstall, which takes some seconds. It is kept in {} for every clone",
            root.display()
        ));
        cmd!(sh, "{cargo} binstall --no-confirm --root {root} {wanted}").quiet().run().is_ok()
    });
    if !fetched {
        say(&format!(
            "Building wasmtime {version} from crates.io, which takes several minutes. \
             It is kept in {} for every clone\n    {line}",
            root.display()
        ));
        let version = version.to_string();
        cmd!(sh, "{cargo} install --locked wasmtime-cli --version {version} --root {root}")
            .quiet()
            .run()
            .map_err(|error| cannot(&error.to_string()))?;
    }
    match examine(installed(&root), version, interrupt) {
        Finding::Suitable { at, .. } => Ok(at),
        Finding::Unsuitable { why, .. } => Err(cannot(&why)),
        Finding::Missing => Err(cannot("the installed program was not found")),
    }
}

/// The directory in which this version of wasmtime is installed. It is in the user's cache directory, so that
/// all clones use the same one.
fn own_root(env: &Environment, version: Version) -> Option<PathBuf> {
    Some(env.cache.as_ref()?.join("parallax").join(format!("wasmtime-{version}")))
}

/// The path at which `cargo install --root` puts the program.
fn installed(root: &Path) -> PathBuf {
    root.join("bin").join(format!("wasmtime{}", std::env::consts::EXE_SUFFIX))
}
