//! Runs that are interrupted or killed: they leave no process running, and no snapshot is
//! incomplete.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::Signal;

use crate::support::processes::{assert_no_processes, assert_processes_end, running};
use crate::support::runs::{
    can_signal, is_running, send_signal, stderr_of, wait_for_exit, xtask, xtask_under,
};
use crate::support::wait::wait_for;
use crate::support::{AssertOutput, BYE, HELLO, Workspace, files_at};

/// Hangs if it gets an argument.
const HANGS: &str = r#"
    fn main() {
        if std::env::args().count() > 1 {
            std::thread::sleep(std::time::Duration::from_secs(3600));
        }
    }
"#;

/// A workspace with two examples that are built: `hangs` with the case `hang`, which hangs on these
/// targets, and `ends`, which does not hang and has only the native target.
fn with_hangs(targets: &str) -> Workspace {
    let cases = format!("[hang]\nargs = ['hang']\ntimeout = '10m'\ntargets = [{targets}]\n");
    let workspace = Workspace::with("hangs", HANGS, &cases);
    workspace.example("ends", HELLO, "[default]\ntargets = ['native']\n");
    workspace.test("--no-run").code(0);
    workspace
}

/// Interrupts a run after the cell of a changed example has ended and while another cell hangs.
fn interrupt_while_cells_run(signal: Signal) {
    let workspace = with_hangs("'native'");
    workspace.test("--accept ends").code(0);
    workspace.program("ends", BYE);
    let before = workspace.snapshots();

    // With one cell at a time, `ends` has ended before `hangs` starts.
    let mut run = xtask(&workspace, "test --accept --no-capture -j 1").spawn().expect("xtask should start");
    wait_for("a running cell", || running(&workspace, "hangs").pop());
    send_signal(signal, run.id());
    assert_eq!(wait_for_exit(&mut run).signal(), Some(signal.as_raw()));
    assert_no_processes(&workspace);
    let stderr = stderr_of(&mut run);
    assert!(stderr.contains("Bye!") && stderr.contains("Interrupted"), "{stderr}");
    assert_eq!(workspace.snapshots(), before);
    workspace.assert_no_scratch();
}

#[test]
fn interrupt_ends_a_run_by_sigint_without_accepting() {
    if can_signal() {
        interrupt_while_cells_run(Signal::INT);
    }
}

#[test]
fn termination_ends_a_run_by_sigterm_without_accepting() {
    if can_signal() {
        interrupt_while_cells_run(Signal::TERM);
    }
}

#[test]
fn end_of_the_terminal_ends_a_run_by_sighup_without_accepting() {
    if can_signal() {
        interrupt_while_cells_run(Signal::HUP);
    }
}

#[test]
fn quitting_ends_a_run_by_sigquit_without_accepting() {
    if can_signal() {
        interrupt_while_cells_run(Signal::QUIT);
    }
}

#[test]
fn run_whose_caller_ignores_sigchld_passes() {
    if !can_signal() {
        return;
    }
    let workspace = Workspace::with("hello", HELLO, "[default]\ntargets = ['native']\n");
    let wrapper = ["env", "--ignore-signal=CHLD"];
    let ran = xtask_under(&workspace, &wrapper, "test --accept").output().expect("xtask should start");
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn second_interrupt_ends_a_run_at_once() {
    if !can_signal() {
        return;
    }
    let workspace = with_hangs("'native'");
    // The stderr of this run is a full pipe that is not read: after the first interrupt the run
    // blocks when it prints that it was interrupted, until the second interrupt.
    let (mut reader, mut stderr) = io::pipe().expect("a pipe should be made");
    let blocking = fcntl_getfl(&stderr).expect("the pipe should have flags");
    fcntl_setfl(&stderr, blocking | OFlags::NONBLOCK).expect("the flags should be set");
    while stderr.write(b"\n").is_ok() {}
    fcntl_setfl(&stderr, blocking).expect("the flags should be set");

    let mut run = xtask(&workspace, "test hangs --quiet").stderr(stderr).spawn().expect("xtask should start");
    wait_for("a running cell", || running(&workspace, "hangs").pop());
    send_signal(Signal::INT, run.id());
    wait_for("the end of the cell", || running(&workspace, "hangs").is_empty().then_some(()));
    thread::sleep(Duration::from_millis(200));
    assert!(is_running(&mut run), "the run did not block on stderr");
    send_signal(Signal::INT, run.id());
    assert_eq!(wait_for_exit(&mut run).signal(), Some(Signal::INT.as_raw()));
    assert_processes_end(&workspace);
    let mut printed = String::new();
    reader.read_to_string(&mut printed).expect("the pipe should be readable");
    assert_eq!(printed.trim(), "");
    workspace.test("ends --accept").code(0);
}

/// Interrupts a run while cargo runs a build script that takes 30 seconds.
fn interrupt_while_building(signal: Signal) {
    let workspace = Workspace::with("slow", HELLO, "");
    let script = "fn main() { std::thread::sleep(std::time::Duration::from_secs(30)); }";
    workspace.write("examples/slow/build.rs", script);
    let mut run = xtask(&workspace, "test --accept").spawn().expect("xtask should start");
    wait_for("a running build script", || running(&workspace, "build-script-build").pop());
    send_signal(signal, run.id());
    assert_eq!(wait_for_exit(&mut run).signal(), Some(signal.as_raw()));
    // The run does not wait for the processes that cargo has started: they may end after it.
    assert_processes_end(&workspace);
    assert!(!workspace.path("snapshots").exists());
    let stderr = stderr_of(&mut run);
    assert!(stderr.contains("Interrupted"), "{stderr}");
}

#[test]
fn interrupt_ends_the_build() {
    if can_signal() {
        interrupt_while_building(Signal::INT);
    }
}

#[test]
fn termination_ends_the_build() {
    if can_signal() {
        interrupt_while_building(Signal::TERM);
    }
}

/// What is printed does not claim that no cell was run.
#[test]
fn interrupt_ends_a_search_and_an_explanation() {
    if !can_signal() {
        return;
    }
    let workspace = with_hangs("'native', 'wasip1'");
    for command in ["grants hangs/hang", "why hangs/hang"] {
        let mut run = xtask(&workspace, command).spawn().expect("xtask should start");
        wait_for("a running cell", || running(&workspace, "hangs").pop());
        send_signal(Signal::INT, run.id());
        assert_eq!(wait_for_exit(&mut run).signal(), Some(Signal::INT.as_raw()));
        let stderr = stderr_of(&mut run);
        assert_eq!(stderr.lines().last(), Some("Interrupted"), "{command}: {stderr}");
        assert_no_processes(&workspace);
    }
}

#[test]
fn killed_run_leaves_no_process_no_scratch_directory_and_no_lock() {
    if !can_signal() {
        return;
    }
    let workspace = with_hangs("'native', 'wasip1'");
    let mut run = xtask(&workspace, "test hangs -j 2").spawn().expect("xtask should start");
    wait_for("two running cells", || {
        let cells = running(&workspace, "hangs").len() + running(&workspace, "wasmtime").len();
        (cells >= 2).then_some(())
    });
    send_signal(Signal::KILL, run.id());
    assert_eq!(wait_for_exit(&mut run).signal(), Some(Signal::KILL.as_raw()));
    assert_processes_end(&workspace);
    workspace.assert_no_scratch();
    workspace.test("ends --accept").code(0).does_not_say("Waiting");
}

#[test]
fn next_run_waits_for_the_remaining_processes_of_a_killed_run() {
    if !can_signal() {
        return;
    }
    let workspace = with_hangs("'native', 'wasip1'");
    let mut run = xtask(&workspace, "test hangs -j 2").spawn().expect("xtask should start");
    wait_for("a running cell", || running(&workspace, "hangs").pop());
    send_signal(Signal::KILL, run.id());
    let started = Instant::now();
    workspace.test("ends --accept").code(0);
    assert!(started.elapsed() < Duration::from_secs(60), "it took {:?}", started.elapsed());
    assert_no_processes(&workspace);
    wait_for_exit(&mut run);
}

/// Prints a file of its fixture: what it prints can change without a build.
const SHOWS: &str = r#"
    fn main() {
        print!("{}", std::fs::read_to_string("word.txt").unwrap());
    }
"#;

/// The snapshot files of the example `shows`, as bytes: an incomplete one may not be valid UTF-8.
fn snapshots(workspace: &Workspace) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = files_at(&workspace.path("snapshots/shows"));
    files.retain(|path, _| path.extension().is_some_and(|extension| extension == "snap"));
    files
}

/// Kills 100 runs that accept changes, each at another moment. About half of the runs are killed at
/// some moment of the whole run, the others after the last case has ended: then the accepted
/// snapshots are written.
#[test]
fn snapshots_are_complete_whenever_a_run_is_killed() {
    if !can_signal() {
        return;
    }
    let cases: String = (1..=6).map(|number| format!("[case-{number}]\ntargets = ['native']\n")).collect();
    let workspace = Workspace::with("shows", SHOWS, &cases);
    // Large, so that writing a snapshot takes several system calls.
    let show = |round: u32| {
        let text = format!("word {round}\n").repeat(2000);
        workspace.write("examples/shows/fixture/word.txt", &text);
    };
    show(0);
    workspace.test("--accept").code(0);
    let recorded = snapshots(&workspace);
    assert_eq!(recorded.len(), 6);
    let of_round = |round: u32| -> BTreeMap<PathBuf, Vec<u8>> {
        let now = |text: &[u8]| String::from_utf8_lossy(text).replace("word 0\n", &format!("word {round}\n"));
        recorded.iter().map(|(path, text)| (path.clone(), now(text).into_bytes())).collect()
    };

    // When to kill, as fractions of the time that a run takes. The sequence is fixed and goes through
    // all multiples of 1/101, in an order that alternates between early and late.
    let mut moments = (0..).map(|number| f64::from(number * 37 % 101) / 101.0);
    let (mut whole_run, mut writing) = (Duration::ZERO, Duration::ZERO);
    let (mut killed, mut partly_written, mut round) = (0, 0, 0);
    let mut before = recorded.clone();
    while killed < 100 {
        round += 1;
        show(round);
        assert!(round < 1000, "most runs end before they are killed");
        let started = Instant::now();
        let mut run = xtask(&workspace, "test --accept").spawn().expect("xtask should start");
        let stderr = BufReader::new(run.stderr.take().expect("stderr should be a pipe"));
        let mut lines = stderr.lines().map_while(Result::ok).inspect(|line| println!("{line}"));
        let mut wait_for_last_case = || lines.any(|line| line.contains("case-6"));
        if round % 10 == 1 {
            // Every tenth run is not killed. It has to pass, and shows how long a run takes.
            assert!(wait_for_last_case(), "the run after {killed} killed ones");
            let last_case = Instant::now();
            assert_eq!(wait_for_exit(&mut run).code(), Some(0), "the run after {killed} killed ones");
            (whole_run, writing) = (started.elapsed(), last_case.elapsed());
        } else {
            let moment = moments.next().expect("the sequence is endless");
            if round % 2 == 0 {
                wait_for_last_case();
                thread::sleep(writing.mul_f64(moment));
            } else {
                thread::sleep(whole_run.mul_f64(moment));
            }
            send_signal(Signal::KILL, run.id());
            killed += u32::from(run.wait().expect("the run should end").signal().is_some());
        }
        let (now, new) = (snapshots(&workspace), of_round(round));
        assert!(now.keys().eq(new.keys()), "{:?}", now.keys());
        for (path, text) in &now {
            let is_complete = *text == new[path] || *text == before[path];
            assert!(is_complete, "{}:\n{}", path.display(), String::from_utf8_lossy(text));
        }
        partly_written += u32::from(now != new && now != before);
        before = now;
    }
    println!("{killed} of {round} runs were killed, {partly_written} when some snapshots were written");
    assert_processes_end(&workspace);
    workspace.test("--accept").code(0);
    assert_eq!(snapshots(&workspace), of_round(round));
    workspace.test_in_ci("").code(0);
    let left: Vec<_> = fs::read_dir(workspace.path("snapshots/shows"))
        .expect("the directory should be readable")
        .map(|entry| entry.expect("the directory should be readable").path())
        .filter(|path| !recorded.contains_key(path))
        .collect();
    assert_eq!(left, [] as [PathBuf; 0], "killed runs left files that no later run removes");
}
