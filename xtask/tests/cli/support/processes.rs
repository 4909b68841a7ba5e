//! The processes that belong to a workspace.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::wait;
use super::workspace::Workspace;

/// The processes that belong to a workspace, as process ID and command line: those that have its
/// path in the path of their program, their command line, their environment or their current
/// directory.
pub fn processes_of(workspace: &Workspace) -> Vec<(u32, String)> {
    let root = workspace.root().to_str().expect("the path should be valid UTF-8");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc should be readable") {
        let entry = entry.expect("/proc should be readable");
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let process = entry.path();
        // All of these are empty for a process that has just ended, and for a zombie.
        let text = |name| fs::read(process.join(name)).unwrap_or_default();
        let link = |name| fs::read_link(process.join(name)).unwrap_or_default();
        let line = String::from_utf8_lossy(&text("cmdline")).replace('\0', " ");
        let belongs = line.contains(root)
            || String::from_utf8_lossy(&text("environ")).contains(root)
            || ["exe", "cwd"].iter().any(|name| link(name).starts_with(Path::new(root)));
        if belongs {
            found.push((id, line));
        }
    }
    found
}

/// The IDs of the processes that run a program of this name from the workspace.
pub fn running(workspace: &Workspace, program: &str) -> Vec<u32> {
    let mut all = processes_of(workspace);
    all.retain(|(_, line)| line.split(' ').next().is_some_and(|word| word.ends_with(program)));
    all.into_iter().map(|(id, _)| id).collect()
}

/// Asserts that no process belongs to the workspace now: a run that was not killed has ended all of
/// them before it ends.
#[track_caller]
pub fn assert_no_processes(workspace: &Workspace) {
    assert_eq!(processes_of(workspace), [], "the run left processes running");
}

/// Asserts that no process belongs to the workspace soon: those of a killed run end after it.
#[track_caller]
pub fn assert_processes_end(workspace: &Workspace) {
    let mut left = Vec::new();
    let deadline = Instant::now() + wait::LIMIT;
    while Instant::now() < deadline {
        left = processes_of(workspace);
        if left.is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("the run left processes running: {left:?}");
}
