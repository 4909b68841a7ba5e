//! A wasmtime that cannot be run, or not any more.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::support::{HELLO, Said, Workspace};

/// Removes the file that its argument names, as nobody should.
const REMOVES: &str = r#"
    fn main() {
        if !cfg!(target_os = "wasi") {
            std::fs::remove_file(std::env::args().nth(1).unwrap()).unwrap();
        }
    }
"#;

#[test]
fn a_wasmtime_that_vanishes_during_a_run_is_named() {
    let workspace = Workspace::new();
    let (link, other) = (workspace.path("tools/wasmtime"), workspace.path("tools/other"));
    let removes = |file: &Path| format!("[default]\nargs = ['{}']\n", file.display());
    workspace.example("removes", REMOVES, &removes(&other));
    workspace.write("tools/other", "");
    symlink(workspace.wasmtime(), &link).expect("a link");
    // From then on, cells begin as they stand, and the native one is the first.
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
        .says("mend it: ")
        .does_not_say("panicked");
    assert!(!link.is_symlink(), "the program did not remove it");
    assert!(!workspace.path("snapshots").exists());
    assert!(!workspace.scratch().exists(), "{}", workspace.scratch().display());
}

#[test]
fn a_wasmtime_that_may_not_be_run_is_named() {
    let workspace = Workspace::with("hello", HELLO, "");
    let copy = workspace.path("wasmtime");
    fs::write(&copy, "#!/bin/sh\necho wasmtime 48.0.8\n").expect("a file");
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).expect("rights that are set");
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
