//! Two runs in one workspace at once.

#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::processes::{assert_all_end, end_of, running, send, soon, xtask};
use crate::support::{HELLO, Workspace};

/// Waits until there is the file that its argument names.
const WAITS: &str = r#"
    fn main() {
        let file = std::env::args().nth(1).unwrap();
        while !std::path::Path::new(&file).exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        println!("Here it is!");
    }
"#;

/// Starts a run that waits for the file `go` in its workspace, and one of the example `calm` that has
/// to wait for the first. Gives both, and what the second says while it waits.
fn two_runs() -> (Workspace, Child, Child, String) {
    let workspace = Workspace::new();
    let go = workspace.path("go");
    let cases = format!("[default]\nargs = ['{}']\ntimeout = '10m'\ntargets = ['native']\n", go.display());
    workspace.example("waits", WAITS, &cases);
    workspace.example("calm", HELLO, "[default]\ntargets = ['native']\n");
    workspace.test("--no-run").code(0);

    let first = xtask(&workspace, "test waits --accept").spawn().expect("a run");
    soon("a cell that has begun", || running(&workspace, "waits").pop());
    let mut second = xtask(&workspace, "test calm --accept").spawn().expect("a run");
    let mut said = BufReader::new(second.stderr.take().expect("a pipe"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a line");
    // It says more later, and must not be disturbed by that nobody reads it.
    thread::spawn(move || said.lines().map_while(Result::ok).for_each(drop));
    (workspace, first, second, line)
}

#[test]
fn the_second_run_says_for_whom_it_waits_and_then_works() {
    let (workspace, mut first, mut second, said) = two_runs();
    let holder = format!("process {}", first.id());
    assert!(said.contains("Waiting for another run") && said.trim_end().ends_with(&holder), "{said}");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(second.try_wait().expect("a child of this test"), None, "it did not wait");

    workspace.write("go", "");
    assert_eq!(end_of(&mut first).code(), Some(0));
    assert_eq!(end_of(&mut second).code(), Some(0));
    assert_eq!(workspace.snapshots().len(), 2);
    workspace.test_in_ci("").code(0);
}

#[test]
fn a_run_that_waits_for_a_killed_one_waits_no_longer() {
    let (workspace, mut first, mut second, _) = two_runs();
    send(Signal::KILL, first.id());
    let killed = Instant::now();
    assert_eq!(end_of(&mut first).signal(), Some(9));
    assert_eq!(end_of(&mut second).code(), Some(0));
    assert!(killed.elapsed() < Duration::from_secs(15), "it took {:?}", killed.elapsed());
    assert_all_end(&workspace);
    assert_eq!(workspace.snapshots().len(), 1);
}

/// A run that waits can be interrupted, and the one that it waits for goes on.
#[test]
fn an_interrupt_ends_a_run_that_waits() {
    let (workspace, mut first, mut second, _) = two_runs();
    send(Signal::INT, second.id());
    assert_eq!(end_of(&mut second).signal(), Some(2));
    workspace.write("go", "");
    assert_eq!(end_of(&mut first).code(), Some(0));
}
