//! Compiles wasmtime from crates.io.

use std::path::Path;

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
const FEATURES: &[&str] = &[
    "run",
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
    fn errors_are_shown_without_progress() {
        let stderr = "    Updating crates.io index\n   Compiling a v0.1.0\nerror: no\n  | why\n";
        assert_eq!(errors(stderr), "error: no\n  | why");
    }
}
