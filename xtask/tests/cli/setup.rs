//! The tools that cells need, missing, unfit and found.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;

use crate::support::{HELLO, Said, Workspace, manifest, pinned_wasmtime};

/// `PATH` without the folders that have a wasmtime.
fn path_without_wasmtime() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let program = format!("wasmtime{}", env::consts::EXE_SUFFIX);
    let others = env::split_paths(&path).filter(|folder| !folder.join(&program).exists());
    env::join_paths(others).expect("folders that stood in PATH before")
}

/// `xtask` where no wasmtime is to be found.
fn without_wasmtime(workspace: &Workspace) -> Command {
    let mut command = workspace.xtask();
    let empty = workspace.path("empty");
    // The cache is in the home directory where the system knows no XDG_CACHE_HOME; the toolchain is
    // found by the variables that rustup and cargo have for that.
    command
        .env("PATH", path_without_wasmtime())
        .env("XDG_CACHE_HOME", &empty)
        .env("HOME", &empty)
        .env("CARGO_HOME", home_of("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", home_of("RUSTUP_HOME", ".rustup"))
        .env_remove("WASMTIME");
    command
}

/// The folder of a tool: that of its variable, or the usual one in the home directory.
pub fn home_of(variable: &str, usual: &str) -> OsString {
    env::var_os(variable)
        .or_else(|| env::home_dir().map(|home| home.join(usual).into_os_string()))
        .expect("a home directory")
}

fn install_line() -> String {
    format!("cargo install --locked wasmtime-cli --version {}", pinned_wasmtime())
}

#[test]
fn a_missing_wasmtime_is_an_error_with_the_command_that_mends_it() {
    let workspace = Workspace::with("hello", HELLO, "");
    without_wasmtime(&workspace)
        .args(["test", "--offline"])
        .assert()
        .code(96)
        .says("wasmtime")
        .says("missing")
        .says(&install_line());
    without_wasmtime(&workspace).args(["setup", "--offline"]).assert().code(96).says(&install_line());
    assert!(!workspace.path("snapshots").exists());
    assert!(!workspace.path("empty").exists(), "something was put into the cache");
}

#[test]
fn native_cells_need_no_wasmtime() {
    let workspace = Workspace::with("hello", HELLO, "");
    without_wasmtime(&workspace)
        .args(["test", "--offline", "--target", "native", "--accept"])
        .assert()
        .code(0);
}

#[test]
fn a_wasmtime_variable_that_names_something_unfit_is_an_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    let another_program = cargo_bin!("xtask");
    for unfit in [workspace.root(), another_program, Path::new("no/such/wasmtime")] {
        for args in [["test", "--offline"], ["setup", "--offline"]] {
            let named = unfit.display().to_string();
            workspace
                .xtask()
                .args(args)
                .env("WASMTIME", unfit)
                .assert()
                .code(96)
                .says(&named)
                .says("WASMTIME");
        }
        workspace.xtask().arg("doctor").env("WASMTIME", unfit).assert().code(96).prints("unset WASMTIME");
    }
}

#[test]
fn a_wasmtime_of_another_release_is_an_error_that_names_both() {
    let workspace = Workspace::with("hello", HELLO, "");
    let wasmtime = workspace.wasmtime();
    workspace.write("Cargo.toml", &manifest("48.0.7"));
    without_wasmtime(&workspace)
        .args(["test", "--offline"])
        .env("WASMTIME", &wasmtime)
        .assert()
        .code(96)
        .says(&wasmtime.display().to_string())
        .says(&pinned_wasmtime())
        .says("48.0.7");
}

#[test]
fn a_release_with_a_hole_in_its_sandbox_cannot_be_pinned() {
    let workspace = Workspace::with("hello", HELLO, "");
    for release in ["47.0.3", "46.0.2", "45.0.0", "36.0.13", "24.0.12"] {
        workspace.write("Cargo.toml", &manifest(release));
        workspace.test("").code(96).says(release).says("RUSTSEC-2026-0269");
    }
}

#[test]
fn a_fit_wasmtime_is_found_by_its_variable_and_on_path() {
    let workspace = Workspace::with("hello", HELLO, "");
    let wasmtime = workspace.wasmtime();
    without_wasmtime(&workspace).arg("test").env("WASMTIME", &wasmtime).assert().code(100).says("AAA");

    let folder = wasmtime.parent().expect("the folder of a program");
    let path: Vec<_> =
        [folder.to_path_buf()].into_iter().chain(env::split_paths(&path_without_wasmtime())).collect();
    let path = env::join_paths(path).expect("folders without separators");
    without_wasmtime(&workspace).arg("test").env("PATH", path).assert().code(100).says("AAA");
}

#[test]
fn the_doctor_names_all_that_is_needed() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace
        .xtask()
        .arg("doctor")
        .assert()
        .code(0)
        .prints("wasm32-wasip1")
        .prints("wasm32-wasip2")
        .prints(&format!("wasmtime {}", pinned_wasmtime()))
        .prints(&workspace.wasmtime().display().to_string());
    assert!(!workspace.path("target").exists(), "something was set up");
}

#[test]
fn the_doctor_says_what_is_missing_and_what_mends_it() {
    let workspace = Workspace::with("hello", HELLO, "");
    without_wasmtime(&workspace)
        .arg("doctor")
        .assert()
        .code(96)
        .prints("missing  wasmtime")
        .prints("mend it: ");
}

#[test]
fn setting_up_what_is_there_already_does_nothing() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.xtask().args(["setup", "--offline"]).assert().code(0);
}
