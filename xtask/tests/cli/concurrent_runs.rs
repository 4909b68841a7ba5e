//! Several runs in one workspace at the same time.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::processes::{assert_processes_end, running};
use crate::support::runs::{can_signal, is_running, send_signal, wait_for_exit, xtask};
use crate::support::wait::wait_for;
use crate::support::{BYE, HELLO, Workspace};

/// Waits until the file that its argument names exists.
const WAITS: &str = r#"
    fn main() {
        let file = std::env::args().nth(1).unwrap();
        while !std::path::Path::new(&file).exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        println!("Here it is!");
    }
"#;

/// Starts a run that lasts until the workspace has a file `go`, and a run of the example `quick` that
/// has to wait for the first run. Returns both, and the first line that the second run prints.
fn two_runs() -> (Workspace, Child, Child, String) {
    let workspace = Workspace::new();
    let go = workspace.path("go");
    let cases = format!("[default]\nargs = ['{}']\ntimeout = '10m'\ntargets = ['native']\n", go.display());
    workspace.example("waits", WAITS, &cases);
    workspace.example("quick", HELLO, "[default]\ntargets = ['native']\n");
    workspace.test("--no-run").code(0);

    let first = xtask(&workspace, "test waits --accept").spawn().expect("xtask should start");
    wait_for("a running cell", || running(&workspace, "waits").pop());
    let mut second = xtask(&workspace, "test quick --accept").spawn().expect("xtask should start");
    let mut stderr = BufReader::new(second.stderr.take().expect("stderr should be a pipe"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("stderr should have a first line");
    // Reads what the second run prints later, so that it cannot block or fail because of the pipe.
    thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(drop));
    (workspace, first, second, line)
}

#[test]
fn second_run_names_the_run_that_it_waits_for_and_runs_after_it() {
    if !can_signal() {
        return;
    }
    let (workspace, mut first, mut second, line) = two_runs();
    let holder = format!("process {}", first.id());
    assert!(line.contains("Waiting for another run") && line.trim_end().ends_with(&holder), "{line}");
    thread::sleep(Duration::from_millis(300));
    assert!(is_running(&mut second), "the second run did not wait");

    workspace.write("go", "");
    assert_eq!(wait_for_exit(&mut first).code(), Some(0));
    assert_eq!(wait_for_exit(&mut second).code(), Some(0));
    assert_eq!(workspace.snapshots().len(), 2);
    workspace.test_in_ci("").code(0);
}

/// The lock of a target directory does not keep them apart.
#[test]
fn runs_with_different_target_directories_write_one_after_the_other() {
    if !can_signal() {
        return;
    }
    let workspace = Workspace::new();
    let go = workspace.path("go");
    let cases = format!("[default]\nargs = ['{}']\ntimeout = '10m'\ntargets = ['native']\n", go.display());
    workspace.example("waits", WAITS, &cases);
    workspace.example("quick", HELLO, "[default]\ntargets = ['native']\n");
    workspace.test("--no-run").code(0);
    let mut first = xtask(&workspace, "test waits --accept").spawn().expect("xtask should start");
    wait_for("a running cell", || running(&workspace, "waits").pop());
    let elsewhere = |args: &str| {
        let mut other = xtask(&workspace, args);
        other.env("CARGO_TARGET_DIR", workspace.path("../other"));
        other
    };
    // What writes nothing does not wait.
    let checked = elsewhere("test quick --check").output().expect("xtask should start");
    assert_eq!(checked.status.code(), Some(100), "{checked:?}");
    for args in ["test quick --accept", "divergences"] {
        let mut second = elsewhere(args).spawn().expect("xtask should start");
        let mut stderr = BufReader::new(second.stderr.take().expect("stderr should be a pipe"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("stderr should have a first line");
        assert_eq!(line, "Waiting for another run that writes the snapshots of this clone\n");
        assert!(is_running(&mut second), "the second run did not wait");
        send_signal(Signal::INT, second.id());
        assert_eq!(wait_for_exit(&mut second).signal(), Some(Signal::INT.as_raw()));
    }
    let mut second = elsewhere("test quick --accept").spawn().expect("xtask should start");
    workspace.write("go", "");
    assert_eq!(wait_for_exit(&mut first).code(), Some(0));
    assert_eq!(wait_for_exit(&mut second).code(), Some(0));
    assert_eq!(workspace.snapshots().len(), 2);
}

#[test]
fn holder_of_the_lock_that_has_not_written_its_name_is_not_named() {
    let workspace = Workspace::with("quick", HELLO, "[default]\ntargets = ['native']\n");
    workspace.test("--no-run").code(0);
    let lock = File::options().write(true).open(workspace.path("target/parallax/lock"));
    let lock = lock.expect("the lock should be there");
    lock.lock().expect("the lock should be free");
    lock.set_len(0).expect("the lock should be writable");
    let mut run = xtask(&workspace, "test --accept").spawn().expect("xtask should start");
    let mut stderr = BufReader::new(run.stderr.take().expect("stderr should be a pipe"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("stderr should have a first line");
    drop(lock);
    assert!(line.trim_end().ends_with("uses the same target directory"), "{line}");
    thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(drop));
    assert_eq!(wait_for_exit(&mut run).code(), Some(0));
}

#[test]
fn waiting_run_starts_when_the_other_run_is_killed() {
    if !can_signal() {
        return;
    }
    let (workspace, mut first, mut second, _) = two_runs();
    send_signal(Signal::KILL, first.id());
    let killed = Instant::now();
    assert_eq!(wait_for_exit(&mut first).signal(), Some(Signal::KILL.as_raw()));
    assert_eq!(wait_for_exit(&mut second).code(), Some(0));
    assert!(killed.elapsed() < Duration::from_secs(15), "it took {:?}", killed.elapsed());
    assert_processes_end(&workspace);
    assert_eq!(workspace.snapshots().len(), 1);
}

#[test]
fn interrupt_ends_a_waiting_run_but_not_the_other() {
    if !can_signal() {
        return;
    }
    let (workspace, mut first, mut second, _) = two_runs();
    send_signal(Signal::INT, second.id());
    assert_eq!(wait_for_exit(&mut second).signal(), Some(Signal::INT.as_raw()));
    workspace.write("go", "");
    assert_eq!(wait_for_exit(&mut first).code(), Some(0));
}

#[test]
fn concurrent_runs_do_not_disturb_each_other() {
    let workspace = Workspace::with("hello", HELLO, "[a]\n[b]\n[c]\n");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| workspace.test("--accept").code(0));
        }
    });
    workspace.test_in_ci("").code(0);
    workspace.program("hello", BYE);
    workspace.test_in_ci("").code(100);
}
