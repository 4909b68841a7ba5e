//! Finds the pinned wasmtime, and installs it if it is missing.

mod archive;
mod compile;
pub mod find;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::environment::Environment;
use crate::exit;
use crate::host::wasmtime::{self, Wasmtime};
use crate::process::Interrupt;
use crate::provision::finding::Finding;
use crate::provision::tool_context::ToolContext;
use crate::provision::wasmtime::archive::Fetched;
use crate::provision::wasmtime::find::{examine, find, installed, own_root};
use crate::provision::{lock, target_dir};
use crate::support::terminal::say;
use crate::tools::run::run;
use crate::workspace::Workspace;

/// Returns the pinned wasmtime, which is installed if it is missing.
///
/// # Errors
/// If it is missing and cannot be installed, or `offline` forbids it, or if an interrupt comes; or if it cannot read
/// files in the target directory. The error is an [`exit::Error`] that says how to fix it.
pub fn provision(context: ToolContext<'_>) -> Result<Wasmtime> {
    let ToolContext { env, workspace, interrupt, .. } = context;
    if !wasmtime::can_be_value(&cache_config(workspace)) {
        return Err(target_dir::refused(
            &workspace.target_dir,
            ',',
            "wasmtime cannot read its configuration from",
        ));
    }
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
        Some(Finding::Outdated { at, why }) => install_again(context, at, &why)?,
        Some(Finding::Missing) | None => install(context)?,
    };
    Ok(Wasmtime { program, cache_config: write_cache_config(workspace)? })
}

/// Whether [`provision`] would have to install wasmtime.
pub fn is_missing(context: ToolContext<'_>) -> bool {
    // What `$WASMTIME` names is used or an error, and a program that hangs is not asked twice.
    context.env.wasmtime.is_none()
        && matches!(
            find(context.env, context.workspace.wasmtime, context.interrupt).pop(),
            Some(Finding::Missing | Finding::Outdated { .. }) | None
        )
}

/// Returns the wasmtime that [`provision`] would return, without installing anything.
pub fn expected(env: &Environment, workspace: &Workspace, interrupt: &Interrupt) -> Wasmtime {
    let program = match find(env, workspace.wasmtime, interrupt).pop() {
        Some(Finding::Suitable { at, .. } | Finding::Outdated { at, .. }) => at,
        _ => own_root(env, workspace.wasmtime).map_or_else(|| "wasmtime".into(), |root| installed(&root)),
    };
    Wasmtime { program, cache_config: cache_config(workspace) }
}

/// Returns the directory in which wasmtime keeps what it has compiled for this workspace.
pub fn cache(workspace: &Workspace) -> PathBuf {
    workspace.own_dir().join("wasmtime-cache")
}

fn cache_config(workspace: &Workspace) -> PathBuf {
    workspace.own_dir().join("wasmtime.toml")
}

/// Writes the configuration of wasmtime's cache unless it is up to date, and returns its path.
fn write_cache_config(workspace: &Workspace) -> Result<PathBuf> {
    let path = cache_config(workspace);
    let text = wasmtime::cache_config(&cache(workspace));
    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        fs::create_dir_all(workspace.own_dir())
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(path)
}

/// Installs the wasmtime `at` again, which is outdated. If that is not possible, it is used as it is.
fn install_again(context: ToolContext<'_>, at: PathBuf, why: &str) -> Result<PathBuf> {
    if context.offline {
        say(&format!("warning: wasmtime is used as it is, because of --offline, although {why}"));
        return Ok(at);
    }
    say(&format!("Installing wasmtime again: {why}"));
    match install(context) {
        Err(error) if context.interrupt.signal().is_none() => {
            say(&format!("warning: it is used nevertheless: {error:#}"));
            Ok(at)
        }
        installed => installed,
    }
}

/// Installs wasmtime in the user's cache directory, and returns the path of the program.
fn install(context: ToolContext<'_>) -> Result<PathBuf> {
    let env = context.env;
    let version = context.workspace.wasmtime;
    let Some(root) = own_root(env, version) else {
        let message = "no directory to install wasmtime into: there is no home directory, and XDG_CACHE_HOME is not set\n\
                       help: set HOME, or set WASMTIME to the path of wasmtime";
        return Err(exit::error(exit::SET_UP, message));
    };
    let line = compile::install_line(version, &root);
    let cannot =
        |why: &str| exit::error(exit::SET_UP, format!("wasmtime {version} is missing: {why}\nhelp: {line}"));
    if context.offline {
        return Err(cannot(
            "it is neither in $WASMTIME nor on PATH nor in the cache, and --offline forbids fetching it",
        ));
    }
    let _lock = lock::take(env, context.interrupt)?;
    // Another run may have installed it meanwhile.
    if let Some(Finding::Suitable { at, .. }) = find(env, version, context.interrupt).pop() {
        return Ok(at);
    }
    say(&format!("Installing wasmtime {version} in {}, where every clone finds it", root.display()));
    // An interrupt that ends one way must not lead to the next one.
    let is_interrupted = || context.interrupt.signal().is_some();
    let is_fetched = match archive::install(&context, &root)? {
        Fetched::Installed => true,
        Fetched::Unavailable(_) if is_interrupted() => return Err(cannot("interrupted")),
        Fetched::Unavailable(why) => {
            say(&format!("The release of wasmtime {version} cannot be installed: {why}"));
            binstall(&context, &root)?
        }
    };
    if is_interrupted() {
        return Err(cannot("interrupted"));
    }
    if !is_fetched {
        compile::install(&context, &root).map_err(|why| cannot(&why))?;
    }
    match examine(installed(&root), version, context.interrupt) {
        Finding::Suitable { at, .. } => Ok(at),
        Finding::Unsuitable { why, .. } => Err(cannot(&why)),
        Finding::Missing | Finding::Outdated { .. } => Err(cannot("the installed program was not found")),
    }
}

/// Installs wasmtime in `root` with cargo-binstall, and returns whether that was possible.
fn binstall(context: &ToolContext<'_>, root: &Path) -> Result<bool> {
    if context.env.which("cargo-binstall").is_none() {
        return Ok(false);
    }
    let (version, cargo) = (context.workspace.wasmtime, &context.env.cargo);
    say(&format!("Trying cargo-binstall to install wasmtime {version}"));
    let mut command = Command::new(cargo);
    command.args(["binstall", "--no-confirm", "--root"]).arg(root).arg(format!("wasmtime-cli@{version}"));
    let status = run(command.stdin(Stdio::null()), context.interrupt, || ());
    Ok(status.with_context(|| format!("cannot run {}", cargo.display()))?.success())
}
