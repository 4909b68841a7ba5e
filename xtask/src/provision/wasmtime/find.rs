//! Finds wasmtime, and checks its version.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment::Environment;
use crate::model::version::Version;
use crate::process::Interrupt;
use crate::provision::finding::Finding;
use crate::provision::query;

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

/// Runs the program at `at` to find out its version, and whether that is the pinned one.
pub fn examine(at: PathBuf, pinned: Version, interrupt: &Interrupt) -> Finding {
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

/// Returns the directory in which this version of wasmtime is installed, if the user has a cache
/// directory. It is there so that all clones use the same one.
pub fn own_root(env: &Environment, version: Version) -> Option<PathBuf> {
    Some(env.cache.as_ref()?.join("parallax").join(format!("wasmtime-{version}")))
}

/// Returns the path of the program in `root`, which is where `cargo install --root` puts it.
pub fn installed(root: &Path) -> PathBuf {
    root.join("bin").join(format!("wasmtime{}", std::env::consts::EXE_SUFFIX))
}
