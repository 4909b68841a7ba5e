//! The tools that cells need: how they are found, and what is reported if they are missing.

use std::env;
use std::path::Path;

use assert_cmd::cargo::cargo_bin;

use crate::support::{AssertOutput, HELLO, Workspace, manifest, path_without_wasmtime, pinned_wasmtime};

fn install_line() -> String {
    format!("cargo install --locked wasmtime-cli --version {}", pinned_wasmtime())
}

#[test]
fn missing_wasmtime_is_an_error_with_the_install_command() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace
        .xtask_without_wasmtime()
        .args(["test", "--offline"])
        .assert()
        .code(96)
        .says("wasmtime")
        .says("missing")
        .says(&install_line());
    workspace.xtask_without_wasmtime().args(["setup", "--offline"]).assert().code(96).says(&install_line());
    assert!(!workspace.path("snapshots").exists());
    assert!(!workspace.path("home").exists(), "the run wrote to the cache");
}

#[test]
fn native_cells_need_no_wasmtime() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace
        .xtask_without_wasmtime()
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
    workspace
        .xtask_without_wasmtime()
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
    workspace.xtask_without_wasmtime().arg("test").env("WASMTIME", &wasmtime).assert().code(100).says("AAA");

    let directory = wasmtime.parent().expect("a file has a parent");
    let path: Vec<_> =
        [directory.to_path_buf()].into_iter().chain(env::split_paths(&path_without_wasmtime())).collect();
    let path = env::join_paths(path).expect("the directories can be joined");
    workspace.xtask_without_wasmtime().arg("test").env("PATH", path).assert().code(100).says("AAA");
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
    workspace
        .xtask_without_wasmtime()
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

/// Services and jobs of cron often have no HOME.
#[cfg(unix)]
#[test]
fn home_directory_is_found_without_its_variable() {
    let workspace = Workspace::with("hello", HELLO, "");
    let mut setup = workspace.xtask_without_wasmtime();
    // Whether wasmtime is in the user's cache is not known here.
    setup.args(["setup", "--offline"]).env_remove("HOME").env_remove("XDG_CACHE_HOME");
    setup.assert().does_not_say("no directory to install wasmtime into");
}

#[cfg(unix)]
#[test]
fn wasmtime_that_hangs_is_asked_once() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.write(
        "hangs",
        &format!("#!/bin/sh\necho asked >> '{}'\nexec sleep 600\n", workspace.path("asked").display()),
    );
    let program = workspace.path("hangs");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, executable).expect("the mode should be set");
    workspace
        .xtask()
        .args(["test", "--offline"])
        .env("WASMTIME", &program)
        .assert()
        .code(96)
        .says("within 5 s");
    workspace.xtask().arg("test").env("WASMTIME", &program).assert().code(96).says("within 5 s");
    assert_eq!(workspace.read("asked"), "asked\n".repeat(2));
}
