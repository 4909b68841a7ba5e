//! Compiles wasmtime from crates.io.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::model::version::Version;
use crate::provision::tool_context::ToolContext;
use crate::support::escape::shell_word;
use crate::support::terminal::say;
use crate::tools::cargo;
use crate::tools::progress::is_progress;

/// The features of the crate wasmtime-cli without which a case of the catalogue would have another outcome.
/// Compiling all features takes about twice as long.
///
/// - `wasi-http`: otherwise `-S http` is refused in other words.
/// - `clap/default`: otherwise errors in the command line do not name the argument.
///
/// `compile` is for `check --tests`, which compiles each test binary once for all of its runs.
const FEATURES: &[&str] = &[
    "run",
    "compile",
    "cranelift",
    "winch",
    "pulley",
    "cache",
    "component-model",
    "component-model-async",
    "threads",
    "stack-switching",
    "gc",
    "gc-copying",
    "gc-drc",
    "gc-null",
    "wat",
    "wasi-http",
    "logging",
    "pooling-allocator",
    "parallel-compilation",
    "backtrace",
    "demangle",
    "addr2line",
    "coredump",
    "clap/default",
];

/// The profile: wasmtime is compiled in half the time, and starts and runs a small module as fast, because
/// it loads the compiled module from its cache.
const PROFILE: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
];

/// Returns the command line that installs wasmtime with all its features in `root`, as a user types it.
pub fn install_line(version: Version, root: &Path) -> String {
    let root = shell_word(&root.to_string_lossy());
    format!("cargo install --locked wasmtime-cli --version {version} --root {root}")
}

/// The files in which cargo records what it has installed in a root.
const RECORDS: [&str; 2] = [".crates.toml", ".crates2.json"];

/// Returns those of [`FEATURES`] without which the wasmtime in `root` was compiled, by an older harness. There are none
/// if cargo did not compile it, as all releases have all features.
pub fn missing_features(root: &Path) -> Vec<&'static str> {
    let record = fs::read_to_string(root.join(RECORDS[1])).unwrap_or_default();
    missing_in(&record)
}

/// Removes cargo's records of what is installed in `root`, because another program takes its place.
pub fn forget(root: &Path) {
    for record in RECORDS {
        // There may be none. If one stays, the program is only installed once more.
        let _ = fs::remove_file(root.join(record));
    }
}

/// Reads the features from a `.crates2.json`. That it lists them is not documented (cargo's
/// `src/cargo/ops/common_for_install_and_uninstall.rs` writes it), so nothing is concluded from another format.
fn missing_in(record: &str) -> Vec<&'static str> {
    let record: Value = serde_json::from_str(record).unwrap_or_default();
    let installs = record["installs"].as_object().into_iter().flatten();
    let installed = installs.into_iter().find(|(id, _)| id.starts_with("wasmtime-cli "));
    let Some((_, installed)) = installed.filter(|(_, installed)| installed["no_default_features"] == true)
    else {
        return Vec::new();
    };
    let Some(features) = installed["features"].as_array() else { return Vec::new() };
    let is_missing = |feature: &&&str| !features.iter().any(|known| known == **feature);
    FEATURES.iter().filter(is_missing).copied().collect()
}

/// Compiles wasmtime with [`FEATURES`] and installs it in `root`. If this release does not have one of them,
/// all features are compiled.
///
/// # Errors
/// If cargo cannot be run, or with what cargo writes to stderr if it fails.
pub fn install(context: &ToolContext<'_>, root: &Path) -> Result<(), String> {
    say(&format!(
        "Compiling wasmtime {} from crates.io with the features that the examples need, which takes several \
         minutes",
        context.workspace.wasmtime
    ));
    let features = FEATURES.join(",");
    match cargo_install(context, root, &["--no-default-features", "--features", &features]) {
        // This is how cargo begins and ends the message about a feature that a package does not have.
        Err(why) if why.contains("does not contain") && why.contains("feature") => {
            cargo_install(context, root, &[])
        }
        installed => installed,
    }
}

fn cargo_install(context: &ToolContext<'_>, root: &Path, flags: &[&str]) -> Result<(), String> {
    let mut command = cargo::command(&context.env.cargo);
    command.envs(PROFILE.iter().copied());
    // A program in `root` that is not suitable is replaced.
    command.args(["install", "--locked", "--force", "wasmtime-cli", "--version"]);
    command.arg(context.workspace.wasmtime.to_string()).arg("--root").arg(root).args(flags);
    let called = cargo::call(&mut command, context.progress, context.interrupt, |_| ())
        .map_err(|error| format!("{error:#}"))?;
    match called.success {
        true => Ok(()),
        false => Err(errors(&called.stderr)),
    }
}

/// What cargo writes to stderr, without its progress.
fn errors(stderr: &str) -> String {
    let lines: Vec<_> = stderr.lines().filter(|line| !is_progress(line)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_that_an_older_harness_left_out_are_noticed() {
        let record = |features: &[&str], no_default: bool| {
            let installed = serde_json::json!({"features": features, "no_default_features": no_default});
            let id = "wasmtime-cli 48.0.8 (registry+https://github.com/rust-lang/crates.io-index)";
            serde_json::json!({"installs": {id: installed}}).to_string()
        };
        assert_eq!(missing_in(&record(FEATURES, true)), [""; 0]);
        assert_eq!(missing_in(&record(&[&["other", "run"], &FEATURES[2..]].concat(), true)), ["compile"]);
        // With its default features, a release has all that it can have.
        assert_eq!(missing_in(&record(&[], false)), [""; 0]);
        for other in ["", "{}", r#"{"installs": {"ripgrep 1.0.0 (x)": {"no_default_features": true}}}"#] {
            assert_eq!(missing_in(other), [""; 0], "{other}");
        }
    }

    #[test]
    fn errors_are_shown_without_progress() {
        let stderr = "    Updating crates.io index\n   Compiling a v0.1.0\nerror: no\n  | why\n";
        assert_eq!(errors(stderr), "error: no\n  | why");
    }
}
