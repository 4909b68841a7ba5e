//! A wasmtime that cannot be started, or that is removed during a run.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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

/// A wasmtime of which `--version` runs this shell script.
fn with_version_script(workspace: &Workspace, script: &str) -> PathBuf {
    let path = workspace.path("tools/wasmtime");
    workspace.write("tools/wasmtime", &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the mode should be set");
    path
}

/// Asks for the version of a wasmtime that runs `script` instead, and asserts that this ends soon with a
/// message.
#[track_caller]
fn assert_no_answer(script: &str, message: &str) {
    let workspace = Workspace::with("hello", HELLO, "");
    let path = with_version_script(&workspace, script);
    for args in [&["test"][..], &["setup"], &["doctor"]] {
        let started = Instant::now();
        let run = workspace.xtask().args(args).env("WASMTIME", &path).assert().code(96);
        let output = run.stderr_text() + &run.stdout_text();
        assert!(output.contains(message) && output.contains("WASMTIME"), "{args:?}: {output}");
        assert!(started.elapsed() < Duration::from_secs(60), "{args:?} took too long");
        #[cfg(target_os = "linux")]
        crate::support::processes::assert_no_processes(&workspace);
    }
}

#[test]
fn wasmtime_that_does_not_answer_is_killed() {
    assert_no_answer("sleep 601 & cd \"${0%/*}\"; sleep 600; wait", "it does not answer within 5 s");
}

#[test]
fn wasmtime_that_prints_without_end_is_killed() {
    assert_no_answer("while :; do echo wasmtime 48.0.8; done", "it prints more than 64 KiB");
}

#[cfg(target_os = "linux")]
#[test]
fn interrupt_ends_a_wasmtime_that_does_not_answer() {
    use rustix::process::Signal;

    use crate::support::processes::{assert_no_processes, processes_of};
    use crate::support::runs::{can_signal, send_signal, wait_for_exit, xtask};
    use crate::support::wait::wait_for;

    if !can_signal() {
        return;
    }
    let workspace = Workspace::with("hello", HELLO, "");
    let path = with_version_script(&workspace, "sleep 600");
    for args in ["test", "doctor"] {
        let mut run = xtask(&workspace, args).env("WASMTIME", &path).spawn().expect("xtask should start");
        wait_for("the script", || {
            processes_of(&workspace).iter().any(|(_, line)| line.contains("tools/wasmtime")).then_some(())
        });
        send_signal(Signal::TERM, run.id());
        assert_eq!(wait_for_exit(&mut run).code(), None, "{args}");
        assert_no_processes(&workspace);
    }
}
