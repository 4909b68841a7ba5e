//! Finds wasmtime, and checks its version.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment::Environment;
use crate::model::version::Version;
use crate::process::Interrupt;
use crate::provision::finding::Finding;
use crate::provision::query;
use crate::provision::wasmtime::compile;

/// Looks for the wasmtime `pinned` in `$WASMTIME`, in PATH and in the user's cache directory. Returns all
/// findings; the last one is the one to use. If `$WASMTIME` is set, nothing else is tried, because the user
/// has asked for this one.
pub fn find(env: &Environment, pinned: Version, interrupt: &Interrupt) -> Vec<Finding> {
    let on_path = env.which("wasmtime");
    let mut findings = Vec::new();
    for (at, named) in [(env.wasmtime.clone(), true), (on_path, false)] {
        let Some(at) = at else { continue };
        let finding = examine(at, pinned, interrupt);
        let last = named || matches!(finding, Finding::Suitable { .. });
        findings.push(finding);
        if last {
            return findings;
        }
    }
    let own = own_root(env, pinned).and_then(|root| examine_own(&root, pinned, interrupt));
    let is_usable = matches!(own, Some(Finding::Suitable { .. } | Finding::Outdated { .. }));
    findings.extend(own);
    if !is_usable {
        findings.push(Finding::Missing);
    }
    findings
}

/// Examines the wasmtime that was installed in `root`, if there is one.
fn examine_own(root: &Path, pinned: Version, interrupt: &Interrupt) -> Option<Finding> {
    let at = Some(installed(root)).filter(|path| path.exists())?;
    let missing = compile::missing_features(root);
    Some(match examine(at, pinned, interrupt) {
        Finding::Suitable { at, .. } if !missing.is_empty() => {
            Finding::Outdated { at, why: format!("it was compiled without `{}`", missing.join("`, `")) }
        }
        finding => finding,
    })
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
