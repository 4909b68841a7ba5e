//! Nothing survives a run, and of an interrupted one nothing is kept.

#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{self, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::support::{BYE, HELLO, Workspace, objects};

const HANGS: &str = r#"
    fn main() {
        if std::env::args().count() > 1 {
            println!("begun {}", std::process::id());
            std::thread::sleep(std::time::Duration::from_secs(3600));
        }
    }
"#;

/// Interrupts a run while its last cell hangs.
fn interrupted_by(signal: Signal) {
    let cases = "[a]\ntargets = ['native']\n[b]\nargs = ['hang']\ntimeout = '60s'\ntargets = ['native']\n";
    let workspace = Workspace::with("hangs", HANGS, cases);
    workspace.example("calm", HELLO, "[default]\ntargets = ['native']\n");
    workspace.test("--accept calm").code(0);
    workspace.program("calm", BYE);
    let before = workspace.snapshots();

    let mut command = process::Command::new(workspace.xtask().get_program());
    for (name, value) in workspace.xtask().get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(["test", "--accept", "--no-capture"]).current_dir(workspace.root());
    let mut run = command.stderr(Stdio::piped()).spawn().expect("a run");
    let stderr = BufReader::new(run.stderr.take().expect("a pipe"));
    let mut lines = stderr.lines().map_while(Result::ok);
    let begun = lines.find_map(|line| Some(line.split_once("begun ")?.1.trim().to_string()));
    let hanging: i32 = begun.expect("a cell that has begun").parse().expect("a number");

    let own = i32::try_from(run.id()).ok().and_then(Pid::from_raw).expect("the number of a process");
    kill_process(own, signal).expect("a signal that is sent");
    let said: Vec<_> = lines.collect();
    let status = run.wait().expect("an end");
    assert_eq!(status.signal(), Some(signal.as_raw()), "{status}: {said:?}");
    assert!(said.iter().any(|line| line.contains("Interrupted")), "{said:?}");
    assert_gone(hanging);

    assert_eq!(workspace.snapshots(), before);
    assert!(!workspace.scratch().exists(), "{}", workspace.scratch().display());
}

/// Waits until a process is gone, or is a zombie that whoever adopted it has not yet reaped.
fn assert_gone(number: i32) {
    let deadline = Instant::now() + Duration::from_secs(10);
    let pid = Pid::from_raw(number).expect("the number of a process");
    let is_zombie = || {
        let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
    };
    while test_kill_process(pid).is_ok() && !is_zombie() {
        assert!(Instant::now() < deadline, "the program survives");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_interrupt_ends_the_run_by_that_signal() {
    interrupted_by(Signal::INT);
}

#[test]
fn a_termination_ends_the_run_by_that_signal() {
    interrupted_by(Signal::TERM);
}

/// Only there can the harness adopt what a program leaves behind.
#[cfg(target_os = "linux")]
#[test]
fn a_process_that_left_its_group_does_not_survive() {
    let program = r#"
        use std::os::unix::process::CommandExt;
        use std::process::{Command, Stdio};

        fn main() {
            if std::env::args().count() > 1 {
                return std::thread::sleep(std::time::Duration::from_secs(120));
            }
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let child = command.arg("sleep").process_group(0).spawn().unwrap();
            println!("{}", child.id());
        }
    "#;
    let workspace = Workspace::with("daemon", program, "");
    let cells = objects(&workspace.test("--target native --check --format json").code(100));
    let outcome = cells[0]["outcome"].as_str().expect("a text");
    let number = outcome.strip_prefix("exit 0, left processes running\nstdout\n│").expect("a number").trim();
    assert_gone(number.parse().expect("a number"));
}
