//! The environment variables of the process that runs the tests.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;

/// Whether a variable has to be removed before a test starts `xtask`, because it would change what
/// `xtask` does. The variables by which `xtask` finds its tools are kept.
pub fn is_from_caller(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let finds_tools = matches!(&*name, "CARGO" | "CARGO_HOME" | "WASMTIME") || name.starts_with("RUSTUP_");
    let prefixes = ["CARGO", "CLICOLOR", "INSTA", "LC_", "PARALLAX_WASMTIME", "RUST", "WASMTIME"];
    let changes_behavior = prefixes.iter().any(|prefix| name.starts_with(prefix))
        || matches!(&*name, "CI" | "FORCE_COLOR" | "LANG" | "NO_COLOR" | "TF_BUILD" | "TZ");
    changes_behavior && !finds_tools
}

/// The cargo that compiled the tests, without variables that change what it or a command of it does.
pub fn cargo() -> Command {
    without_variables_of_caller(env!("CARGO"))
}

/// A program, without variables that change what cargo or the harness does.
pub fn without_variables_of_caller(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os().filter(|(name, _)| is_from_caller(name)) {
        command.env_remove(name);
    }
    command.timeout(Duration::from_secs(600));
    command
}

/// The directory of a tool: the value of its variable, or the default below the home directory.
pub fn home_of(variable: &str, default: &str) -> OsString {
    env::var_os(variable)
        .or_else(|| env::home_dir().map(|home| home.join(default).into_os_string()))
        .expect("there should be a home directory")
}

/// `PATH` without the directories that contain a wasmtime.
pub fn path_without_wasmtime() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let program = format!("wasmtime{}", env::consts::EXE_SUFFIX);
    let others = env::split_paths(&path).filter(|directory| !directory.join(&program).exists());
    env::join_paths(others).expect("directories from PATH can be joined again")
}

/// Installs `cargo-parallax` below `root`, and returns the directory that it is in. In the profile of the tests, because
/// its dependencies are compiled for that already.
pub fn install(root: &Path) -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_xtask")).ancestors().nth(2).expect("a target directory");
    cargo()
        .args(["install", "--debug", "--locked", "--offline", "--no-track", "--force", "--path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("cargo-parallax"))
        .arg("--root")
        .arg(root)
        .arg("--target-dir")
        .arg(target)
        .assert()
        .success();
    root.join("bin")
}
