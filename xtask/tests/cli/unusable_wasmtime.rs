//! A wasmtime that cannot be started, or that is removed during a run.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::support::{AssertOutput, HELLO, Workspace};

/// Removes the file that its argument names.
const REMOVES: &str = r#"
    fn main() {
        if !cfg!(target_os = "wasi") {
            std::fs::remove_file(std::env::args().nth(1).unwrap()).unwrap();
        }
    }
"#;

#[test]
fn wasmtime_that_is_removed_during_a_run_is_named() {
    let workspace = Workspace::new();
    let (link, other) = (workspace.path("tools/wasmtime"), workspace.path("tools/other"));
    let removes = |file: &Path| format!("[default]\nargs = ['{}']\n", file.display());
    workspace.example("removes", REMOVES, &removes(&other));
    workspace.write("tools/other", "");
    symlink(workspace.wasmtime(), &link).expect("the link should be made");
    // This compiles the modules. After that, cells start in their order, and the native one is the first.
    workspace.test("--check").code(100);
    workspace.cases("removes", &removes(&link));
    workspace
        .xtask()
        .args(["test", "--accept", "-j", "1"])
        .env("WASMTIME", &link)
        .assert()
        .code(96)
        .says(&link.display().to_string())
        .says("removes/default/default@wasip1")
        .says("help: ")
        .does_not_say("panicked");
    assert!(!link.is_symlink(), "the program did not remove the link");
    assert!(!workspace.path("snapshots").exists());
    workspace.assert_no_scratch();
}

#[test]
fn wasmtime_without_execute_permission_is_named() {
    let workspace = Workspace::with("hello", HELLO, "");
    let copy = workspace.path("wasmtime");
    fs::write(&copy, "#!/bin/sh\necho wasmtime 48.0.8\n").expect("the file should be written");
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).expect("the mode should be set");
    let named = copy.display().to_string();
    workspace
        .xtask()
        .arg("test")
        .env("WASMTIME", &copy)
        .assert()
        .code(96)
        .says(&named)
        .says("Permission denied");
}
