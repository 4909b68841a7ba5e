//! The tools that cells need: how they are found, and what is reported if they are missing.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;

use crate::support::{AssertOutput, HELLO, Workspace, home_of, manifest, pinned_wasmtime};

/// `PATH` without the directories that contain a wasmtime.
fn path_without_wasmtime() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let program = format!("wasmtime{}", env::consts::EXE_SUFFIX);
    let others = env::split_paths(&path).filter(|directory| !directory.join(&program).exists());
    env::join_paths(others).expect("directories from PATH can be joined again")
}

/// `xtask` in an environment in which it does not find a wasmtime.
fn without_wasmtime(workspace: &Workspace) -> Command {
    let mut command = workspace.xtask();
    let empty = workspace.path("empty");
    // On systems without XDG_CACHE_HOME the cache is in the home directory. With another home
    // directory, rustup and cargo need their variables to find the toolchain.
    command
        .env("PATH", path_without_wasmtime())
        .env("XDG_CACHE_HOME", &empty)
        .env("HOME", &empty)
        .env("CARGO_HOME", home_of("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", home_of("RUSTUP_HOME", ".rustup"))
        .env_remove("WASMTIME");
    command
}

fn install_line() -> String {
    format!("cargo install --locked wasmtime-cli --version {}", pinned_wasmtime())
}

#[test]
fn missing_wasmtime_is_an_error_with_the_install_command() {
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
    assert!(!workspace.path("empty").exists(), "the run wrote to the cache");
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
fn wasmtime_variable_without_a_usable_wasmtime_is_an_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    let another_program = cargo_bin!("xtask");
    for unusable in [workspace.root(), another_program, Path::new("no/such/wasmtime")] {
        for args in [["test", "--offline"], ["setup", "--offline"]] {
            let named = unusable.display().to_string();
            workspace
                .xtask()
                .args(args)
                .env("WASMTIME", unusable)
                .assert()
                .code(96)
                .says(&named)
                .says("WASMTIME");
        }
        workspace.xtask().arg("doctor").env("WASMTIME", unusable).assert().code(96).prints("unset WASMTIME");
    }
}

#[test]
fn wasmtime_of_another_release_is_an_error_that_names_both() {
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
fn release_with_a_security_advisory_cannot_be_pinned() {
    let workspace = Workspace::with("hello", HELLO, "");
    for release in ["47.0.3", "46.0.2", "45.0.0", "36.0.13", "24.0.12"] {
        workspace.write("Cargo.toml", &manifest(release));
        workspace.test("").code(96).says(release).says("RUSTSEC-2026-0269");
    }
}

#[test]
fn wasmtime_is_found_by_its_variable_and_in_path() {
    let workspace = Workspace::with("hello", HELLO, "");
    let wasmtime = workspace.wasmtime();
    without_wasmtime(&workspace).arg("test").env("WASMTIME", &wasmtime).assert().code(100).says("AAA");

    let directory = wasmtime.parent().expect("a file has a parent");
    let path: Vec<_> =
        [directory.to_path_buf()].into_iter().chain(env::split_paths(&path_without_wasmtime())).collect();
    let path = env::join_paths(path).expect("the directories can be joined");
    without_wasmtime(&workspace).arg("test").env("PATH", path).assert().code(100).says("AAA");
}

#[test]
fn doctor_lists_all_tools() {
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
    assert!(!workspace.path("target").exists(), "doctor must not set up anything");
}

#[test]
fn doctor_reports_what_is_missing_and_how_to_install_it() {
    let workspace = Workspace::with("hello", HELLO, "");
    without_wasmtime(&workspace)
        .arg("doctor")
        .assert()
        .code(96)
        .prints("missing     wasmtime")
        .prints("help: ");
}

#[test]
fn setup_succeeds_if_everything_is_installed() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.xtask().args(["setup", "--offline"]).assert().code(0);
}
