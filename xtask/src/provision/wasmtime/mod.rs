//! Finds the pinned wasmtime, and installs it if it is missing.

mod compile;
pub mod find;
pub mod installer;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::environment::Environment;
use crate::exit;
use crate::host::wasmtime::{self, Wasmtime};
use crate::provision::finding::Finding;
use crate::provision::wasmtime::find::{examine, find, installed, own_root};
use crate::provision::wasmtime::installer::Installer;
use crate::support::terminal::say;
use crate::workspace::Workspace;

/// Returns the pinned wasmtime, which is installed if it is missing.
///
/// # Errors
/// If it is missing and cannot be installed, or `offline` forbids it, or if an interrupt comes. The error is
/// an [`exit::Error`] that says how to fix it.
pub fn provision(installer: Installer<'_>) -> Result<Wasmtime> {
    let Installer { sh, env, workspace, .. } = installer;
    let program = match find(sh, env, workspace.wasmtime).pop() {
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
        Some(Finding::Missing) | None => install(installer)?,
    };
    Ok(Wasmtime { program, cache_config: write_cache_config(workspace)? })
}

/// Returns the wasmtime that [`provision`] would return, without installing anything.
pub fn expected(sh: &Shell, env: &Environment, workspace: &Workspace) -> Wasmtime {
    let program = match find(sh, env, workspace.wasmtime).pop() {
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

/// Installs wasmtime in the user's cache directory, and returns the path of the program.
fn install(installer: Installer<'_>) -> Result<PathBuf> {
    let Installer { sh, env, .. } = installer;
    let version = installer.version();
    let Some(root) = own_root(env, version) else {
        let message = "no directory to install wasmtime into: neither HOME nor XDG_CACHE_HOME is set\n\
                       help: set HOME, or set WASMTIME to the path of wasmtime";
        return Err(exit::error(exit::SET_UP, message));
    };
    let line = compile::install_line(version, &root);
    let cannot =
        |why: &str| exit::error(exit::SET_UP, format!("wasmtime {version} is missing: {why}\nhelp: {line}"));
    if installer.offline {
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
    if installer.interrupt.signal().is_some() {
        return Err(cannot("interrupted"));
    }
    if !fetched {
        compile::install(&installer, &root).map_err(|why| cannot(&why))?;
    }
    match examine(sh, installed(&root), version) {
        Finding::Suitable { at, .. } => Ok(at),
        Finding::Unsuitable { why, .. } => Err(cannot(&why)),
        Finding::Missing => Err(cannot("the installed program was not found")),
    }
}
