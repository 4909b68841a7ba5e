//! Runs that a test watches from outside, and the processes that belong to a workspace.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::support::Workspace;

/// How long the tests wait for what has to come soon, even on a busy machine.
pub const SOON: Duration = Duration::from_secs(15);

/// `xtask` with arguments that are separated by blanks, as a command of the standard library: that
/// of assert_cmd cannot be left running.
pub fn xtask(workspace: &Workspace, args: &str) -> Command {
    behind(workspace, &[], args)
}

/// As [`xtask`], started by another command line that ends with what it is to start.
pub fn behind(workspace: &Workspace, wrapper: &[&str], args: &str) -> Command {
    let xtask = workspace.xtask();
    let mut command = match wrapper {
        [] => Command::new(xtask.get_program()),
        [program, rest @ ..] => {
            let mut command = Command::new(program);
            command.args(rest).arg(xtask.get_program());
            command
        }
    };
    for (name, value) in xtask.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(args.split_whitespace()).current_dir(workspace.root());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A command line behind which rights count, also for root.
pub fn without_privileges() -> &'static [&'static str] {
    match geteuid().is_root() {
        true => &["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"],
        false => &[],
    }
}

#[track_caller]
pub fn send(signal: Signal, process: u32) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("the number of a process");
    kill_process(pid, signal).expect("a signal that is sent");
}

/// Waits until something is there, or fails.
#[track_caller]
pub fn soon<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(SOON, what, look)
}

#[track_caller]
pub fn within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for the end of a run that has to end soon.
#[track_caller]
pub fn end_of(run: &mut Child) -> ExitStatus {
    soon("the end of the run", || run.try_wait().expect("a child of this test"))
}

/// The processes that belong to a workspace, with their command lines. It is in the path of their
/// program or in their command line, their environment or their folder.
pub fn processes_of(workspace: &Workspace) -> Vec<(u32, String)> {
    let root = workspace.root().to_str().expect("a path in UTF-8");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("the list of processes") {
        let entry = entry.expect("an entry");
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let process = entry.path();
        // What has ended meanwhile, or waits to be reaped, has none of these.
        let text = |name| fs::read(process.join(name)).unwrap_or_default();
        let link = |name| fs::read_link(process.join(name)).unwrap_or_default();
        let line = String::from_utf8_lossy(&text("cmdline")).replace('\0', " ");
        let is_of_root = line.contains(root)
            || String::from_utf8_lossy(&text("environ")).contains(root)
            || ["exe", "cwd"].iter().any(|name| link(name).starts_with(Path::new(root)));
        if is_of_root {
            found.push((number, line));
        }
    }
    found
}

/// The processes that run a program of this name from the workspace.
pub fn running(workspace: &Workspace, program: &str) -> Vec<u32> {
    let mut all = processes_of(workspace);
    all.retain(|(_, line)| line.split(' ').next().is_some_and(|word| word.ends_with(program)));
    all.into_iter().map(|(number, _)| number).collect()
}

/// A run that has ended by itself leaves nothing running, not for a moment.
#[track_caller]
pub fn assert_nothing_runs(workspace: &Workspace) {
    assert_eq!(processes_of(workspace), [], "these survive the run");
}

/// What a killed run leaves running ends soon.
#[track_caller]
pub fn assert_all_end(workspace: &Workspace) {
    let mut left = Vec::new();
    let deadline = Instant::now() + SOON;
    while Instant::now() < deadline {
        left = processes_of(workspace);
        if left.is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("these survive the run: {left:?}");
}
