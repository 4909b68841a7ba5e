//! Finds wasmtime, and checks its version.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::environment::Environment;
use crate::model::version::Version;
use crate::provision::finding::Finding;

/// Looks for the wasmtime `pinned` in `$WASMTIME`, in PATH and in the user's cache directory. Returns all
/// findings; the last one is the one to use. If `$WASMTIME` is set, nothing else is tried, because the user
/// has asked for this one.
pub fn find(sh: &Shell, env: &Environment, pinned: Version) -> Vec<Finding> {
    let on_path = env.which("wasmtime");
    let own = own_root(env, pinned).map(|root| installed(&root)).filter(|path| path.exists());
    let mut findings = Vec::new();
    for (at, named) in [(env.wasmtime.clone(), true), (on_path, false), (own, false)] {
        let Some(at) = at else { continue };
        let finding = examine(sh, at, pinned);
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
pub fn examine(sh: &Shell, at: PathBuf, pinned: Version) -> Finding {
    let output = cmd!(sh, "{at} --version").quiet().ignore_stderr().ignore_status().output();
    let printed = match output {
        Err(error) => {
            return Finding::Unsuitable { at, why: format!("it cannot be run: {}", innermost(&error)) };
        }
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
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

/// Returns the innermost cause of an error, which is the message of the system.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Returns the directory in which this version of wasmtime is installed, if there is a cache directory. It is in the user's cache directory, so that
/// all clones use the same one.
pub fn own_root(env: &Environment, version: Version) -> Option<PathBuf> {
    Some(env.cache.as_ref()?.join("parallax").join(format!("wasmtime-{version}")))
}

/// Returns the path of the program in `root`, which is where `cargo install --root` puts it.
pub fn installed(root: &Path) -> PathBuf {
    root.join("bin").join(format!("wasmtime{}", std::env::consts::EXE_SUFFIX))
}
