//! Runs that are ended from outside, at the worst moment: nothing survives them, and no snapshot is
//! ever half of one.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::Signal;

use crate::processes::{assert_all_end, assert_nothing_runs, end_of, running, send, soon, xtask};
use crate::support::{HELLO, Said, Workspace};

/// Hangs if it gets an argument.
const HANGS: &str = r#"
    fn main() {
        if std::env::args().count() > 1 {
            std::thread::sleep(std::time::Duration::from_secs(3600));
        }
    }
"#;

/// The example `hangs`, built for these targets, with the case `hang` that hangs, and the native
/// example `calm` that does not.
fn with_hangs(targets: &str) -> Workspace {
    let cases = format!("[hang]\nargs = ['hang']\ntimeout = '10m'\ntargets = [{targets}]\n");
    let workspace = Workspace::with("hangs", HANGS, &cases);
    workspace.example("calm", HELLO, "[default]\ntargets = ['native']\n");
    workspace.test("--no-run").code(0);
    workspace
}

#[test]
fn a_second_interrupt_ends_a_run_at_once() {
    let workspace = with_hangs("'native'");
    // Nobody reads the stderr of this run, and it is full: a run that wants to say how it was
    // interrupted has to wait for that, until the second interrupt comes.
    let (mut reader, mut stderr) = io::pipe().expect("a pipe");
    let blocking = fcntl_getfl(&stderr).expect("flags");
    fcntl_setfl(&stderr, blocking | OFlags::NONBLOCK).expect("a pipe that does not block");
    while stderr.write(b"\n").is_ok() {}
    fcntl_setfl(&stderr, blocking).expect("a pipe that blocks");

    let mut run = xtask(&workspace, "test hangs --quiet").stderr(stderr).spawn().expect("a run");
    soon("a cell that has begun", || running(&workspace, "hangs").pop());
    send(Signal::INT, run.id());
    soon("the end of the cell", || running(&workspace, "hangs").is_empty().then_some(()));
    thread::sleep(Duration::from_millis(200));
    assert_eq!(run.try_wait().expect("a child of this test"), None, "the run did not want to say anything");
    send(Signal::INT, run.id());
    assert_eq!(end_of(&mut run).signal(), Some(Signal::INT.as_raw()));
    assert_all_end(&workspace);
    let mut said = String::new();
    reader.read_to_string(&mut said).expect("what stood in the pipe");
    assert_eq!(said.trim(), "");
    workspace.test("calm --accept").code(0);
}

/// Interrupts a run while cargo runs a build script that takes half a minute.
fn interrupted_while_building(signal: Signal) {
    let workspace = Workspace::with("slow", HELLO, "");
    let script = "fn main() { std::thread::sleep(std::time::Duration::from_secs(30)); }";
    workspace.write("examples/slow/build.rs", script);
    let mut run = xtask(&workspace, "test --accept").spawn().expect("a run");
    soon("a build script that has begun", || running(&workspace, "build-script-build").pop());
    send(signal, run.id());
    assert_eq!(end_of(&mut run).signal(), Some(signal.as_raw()));
    // Nobody waits for what cargo had started, so its end may show a moment later.
    assert_all_end(&workspace);
    assert!(!workspace.path("snapshots").exists());
    let mut said = String::new();
    run.stderr.take().expect("a pipe").read_to_string(&mut said).expect("what the run said");
    assert!(said.contains("Interrupted"), "{said}");
}

#[test]
fn an_interrupt_ends_the_build_too() {
    interrupted_while_building(Signal::INT);
}

#[test]
fn a_termination_ends_the_build_too() {
    interrupted_while_building(Signal::TERM);
}

#[test]
fn a_killed_run_leaves_nothing_running_and_no_lock() {
    let workspace = with_hangs("'native', 'wasip1'");
    let mut run = xtask(&workspace, "test hangs -j 2").spawn().expect("a run");
    soon("two cells that have begun", || {
        let begun = running(&workspace, "hangs").len() + running(&workspace, "wasmtime").len();
        (begun >= 2).then_some(())
    });
    send(Signal::KILL, run.id());
    assert_eq!(end_of(&mut run).signal(), Some(Signal::KILL.as_raw()));
    assert_all_end(&workspace);
    assert!(!workspace.scratch().exists(), "{}", workspace.scratch().display());
    workspace.test("calm --accept").code(0).does_not_say("Waiting");
}

/// The run after a killed one does not begin before all of that is gone, and then it does.
#[test]
fn a_run_waits_for_what_is_left_of_a_killed_one() {
    let workspace = with_hangs("'native', 'wasip1'");
    let mut run = xtask(&workspace, "test hangs -j 2").spawn().expect("a run");
    soon("a cell that has begun", || running(&workspace, "hangs").pop());
    send(Signal::KILL, run.id());
    let started = Instant::now();
    workspace.test("calm --accept").code(0);
    assert!(started.elapsed() < Duration::from_secs(60), "it took {:?}", started.elapsed());
    assert_nothing_runs(&workspace);
    end_of(&mut run);
}

/// Shows a file of its fixture, so that what it prints changes and it need not be built anew.
const SHOWS: &str = r#"
    fn main() {
        print!("{}", std::fs::read_to_string("word.txt").unwrap());
    }
"#;

/// The snapshots below a folder by their paths, whether they are text or not.
fn snapshots(workspace: &Workspace) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(workspace.path("snapshots/shows")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "snap") {
            let contents = fs::read(&path).expect("a file");
            found.insert(path, contents);
        }
    }
    found
}

#[test]
fn whenever_a_run_is_killed_each_snapshot_is_the_old_one_or_the_new_one() {
    let cases: String = (1..=6).map(|number| format!("[case-{number}]\ntargets = ['native']\n")).collect();
    let workspace = Workspace::with("shows", SHOWS, &cases);
    // Large enough that a file is not written at one go.
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

    let random = RandomState::new();
    let (mut whole, mut writing) = (Duration::ZERO, Duration::ZERO);
    let (mut killed, mut amid, mut round) = (0, 0, 0);
    let mut before = recorded.clone();
    while killed < 100 {
        show(round + 1);
        round += 1;
        assert!(round < 1000, "runs end before they are killed");
        let fraction = (random.hash_one(round) % 1000) as f64 / 1000.0;
        let started = Instant::now();
        let mut run = xtask(&workspace, "test --accept").spawn().expect("a run");
        let said = BufReader::new(run.stderr.take().expect("a pipe"));
        let mut said = said.lines().map_while(Result::ok).inspect(|line| println!("{line}"));
        let mut last_case = || said.find(|line| line.contains("case-6"));
        match round % 10 {
            1 => {
                // A run that nobody kills works, and tells how long the others may be let go on.
                assert!(last_case().is_some(), "the run after {killed} killed ones");
                let written = Instant::now();
                assert_eq!(end_of(&mut run).code(), Some(0), "the run after {killed} killed ones");
                (whole, writing) = (started.elapsed(), written.elapsed());
            }
            // What is accepted is written in the last moments of a run: every other one is killed there.
            number => {
                if number % 2 == 0 {
                    last_case();
                    thread::sleep(writing.mul_f64(fraction));
                } else {
                    thread::sleep(whole.mul_f64(fraction));
                }
                send(Signal::KILL, run.id());
                killed += u32::from(run.wait().expect("an end").signal().is_some());
            }
        }
        let (now, new) = (snapshots(&workspace), of_round(round));
        assert!(now.keys().eq(new.keys()), "{:?}", now.keys());
        for (path, text) in &now {
            let is_whole = *text == new[path] || *text == before[path];
            assert!(is_whole, "{}:\n{}", path.display(), String::from_utf8_lossy(text));
        }
        amid += u32::from(now != new && now != before);
        before = now;
    }
    println!("{killed} of {round} runs were killed, {amid} with some snapshots written and some not");
    assert_all_end(&workspace);
    workspace.test("--accept").code(0);
    assert_eq!(snapshots(&workspace), of_round(round));
    workspace.test_in_ci("").code(0);
    let left: Vec<_> = fs::read_dir(workspace.path("snapshots/shows"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !recorded.contains_key(path))
        .collect();
    assert_eq!(left, [] as [PathBuf; 0], "killed runs leave files behind, and no run removes them");
}
