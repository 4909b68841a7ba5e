//! Linux: kills the survivors of programs under test that have left their process group.
//!
//! The harness is made a subreaper, so that a process whose parent has ended becomes its child
//! (PR_SET_CHILD_SUBREAPER in prctl(2)). Survivors are matched to cells by their scratch directory: it
//! stands in the environment of a program (HOME and TMPDIR) and is its working directory. A process that
//! has changed both is killed at the end of the run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::mem;
use std::num::NonZeroI32;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, getpgid, getpid, getppid, kill_process, pidfd_open,
    pidfd_send_signal, set_child_subreaper, waitid,
};

/// Makes this process a subreaper: from now on, it adopts the survivors of programs.
///
/// # Errors
/// If the system refuses.
pub fn adopt() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// How long the harness waits for the end of processes that it has killed. It takes longer only if a process
/// cannot be reaped, for example because another one traces it, or is blocked in the kernel.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How long to sleep between two checks whether a process has ended.
pub const INTERVAL: Duration = Duration::from_millis(1);

/// Kills and reaps the children of this process that belong to the scratch directory, and those that it
/// adopts because their parent was killed. Returns whether any of them was running. The program that works in
/// the scratch directory must have been started by the calling thread.
///
/// # Errors
/// If the children cannot be listed, or one of them has not ended after [`PATIENCE`]. That one is left.
pub fn end_children_of(scratch: &Path) -> io::Result<bool> {
    // To look at the watchdog after each cell would take as long as everything else here.
    let of_cell = |pid: &Pid| !is_kept(*pid) && belongs_to(*pid, scratch);
    end_each(|| Ok(own_and_adopted_children().into_iter().filter(of_cell).collect()))
}

/// The process ID of the child that is never a survivor, or 0: the watchdog.
static KEPT: AtomicI32 = AtomicI32::new(0);

/// Declares that this child of the process is not a program under test, and is never killed as a survivor. Until
/// it is waited for, no other process has its number.
pub fn keep(child: &Child) {
    KEPT.store(Pid::from_child(child).as_raw_nonzero().get(), Ordering::Relaxed);
}

fn is_kept(pid: Pid) -> bool {
    pid.as_raw_nonzero().get() == KEPT.load(Ordering::Relaxed)
}

/// Kills and reaps all children of this process except the one that is kept, and those that it adopts meanwhile.
/// It must be called only when no program under test and no tool is running any more.
///
/// # Errors
/// If the children cannot be listed, or one of them has not ended after [`PATIENCE`]. That one is left.
pub fn end_all() -> io::Result<()> {
    end_each(|| Ok(children()?.into_iter().filter(|pid| !is_kept(*pid)).collect())).map(drop)
}

/// Kills and reaps the children that `find` returns, until it returns none. Returns whether any of them was
/// running.
fn end_each(find: impl Fn() -> io::Result<Vec<Pid>>) -> io::Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    let mut any = false;
    // A zombie does not belong to a directory any more, so what was killed is kept here until it is reaped.
    let mut left = BTreeSet::new();
    loop {
        left.extend(find()?.into_iter().map(Pid::as_raw_nonzero));
        if left.is_empty() {
            return Ok(any);
        }
        if Instant::now() >= deadline {
            return Err(does_not_end(left.iter().filter_map(|pid| Pid::from_raw(pid.get()))));
        }
        let mut reaped = Vec::new();
        for pid in left.iter().filter_map(|pid| Pid::from_raw(pid.get())) {
            // This fails only if another thread has reaped the child meanwhile.
            let _ = kill_process(pid, Signal::KILL);
            end_tracer(pid)?;
            if let Some(was_running) = reap(pid)? {
                any |= was_running;
                reaped.push(pid.as_raw_nonzero());
            }
        }
        left.retain(|pid| !reaped.contains(pid));
        if !left.is_empty() {
            thread::sleep(INTERVAL);
        }
    }
}

/// Kills the process that traces `pid`, if it is a descendant of this process: a process whose tracer is not
/// its parent cannot be reaped before the tracer has ended or reaped it (ptrace(2)).
///
/// # Errors
/// If the children cannot be listed.
pub fn end_tracer(pid: Pid) -> io::Result<()> {
    if let Some(tracer) = number_in_status(pid, "TracerPid")
        && is_descendant(tracer)
    {
        // This fails only if the tracer has ended meanwhile.
        let _ = kill_process(tracer, Signal::KILL);
    }
    Ok(())
}

/// Creates the error for processes that were killed but do not end.
pub fn does_not_end(left: impl Iterator<Item = Pid>) -> io::Error {
    let named: Vec<_> = left
        .map(|pid| {
            let name = fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero())).unwrap_or_default();
            let tracer = number_in_status(pid, "TracerPid")
                .map(|tracer| format!(", traced by process {}", tracer.as_raw_nonzero()));
            format!("{} ({}{})", pid.as_raw_nonzero(), name.trim_end(), tracer.unwrap_or_default())
        })
        .collect();
    let noun = if named.len() == 1 { "process" } else { "processes" };
    let message = format!("killed, but not ended after {PATIENCE:?}, and left: {noun} {}", named.join(", "));
    io::Error::other(message)
}

/// Whether this process is the parent of a process, or the parent of its parent, and so on.
fn is_descendant(pid: Pid) -> bool {
    let parent = |pid: &Pid| number_in_status(*pid, "PPid");
    // The chain is finite, but a number may be used again while it is read.
    std::iter::successors(Some(pid), parent).take(1000).skip(1).any(|ancestor| ancestor == getpid())
}

/// A process ID in `/proc/pid/status` (proc_pid_status(5)), unless it is 0.
fn number_in_status(pid: Pid, key: &str) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    parse_pid(line.trim())
}

/// Kills all processes that belong to the scratch directory, whether they are children of this process or
/// not.
///
/// # Errors
/// If the processes cannot be listed, or one of them has not ended after [`PATIENCE`]. That one is left.
pub fn end_all_of(scratch: &Path) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut left = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(parse_pid) else { continue };
            // A zombie has neither environment nor working directory, so this ends.
            if pid != getpid() && belongs_to(pid, scratch) && kill_process(pid, Signal::KILL).is_ok() {
                left.push(pid);
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(does_not_end(left.into_iter()));
        }
        thread::sleep(INTERVAL);
    }
}

/// Reaps the children of this process in a process group that was killed and whose leader was reaped.
/// Returns whether any of them was running until then.
///
/// # Errors
/// If the children cannot be waited for, or one of them has not ended after [`PATIENCE`]. That one is left.
pub fn reap_group(group: Pid) -> io::Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    let mut any = false;
    loop {
        match waitid(WaitId::Pgid(Some(group)), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(Some(status)) => any |= status.terminating_signal() == Some(Signal::KILL.as_raw()),
            Ok(None) => {
                let is_of_group = |pid: &Pid| getpgid(Some(*pid)) == Ok(group);
                let left: Vec<_> = children()?.into_iter().filter(is_of_group).collect();
                if Instant::now() >= deadline {
                    return Err(does_not_end(left.into_iter()));
                }
                left.into_iter().try_for_each(end_tracer)?;
                thread::sleep(INTERVAL);
            }
            Err(Errno::CHILD) => return Ok(any),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn parse_pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

/// The children of the calling thread, and the processes that this process has adopted.
///
/// Linux keeps a list of children for each thread. A process is in the list of the thread that has started it,
/// also if it was started with CLONE_PARENT by a child of that thread (clone(2)). When its parent ends, it gets
/// into the list of the first thread of the subreaper that has not ended (`find_new_reaper` in kernel/exit.c),
/// which is the main thread. With many threads, this takes much less time than reading the lists of all.
fn own_and_adopted_children() -> Vec<Pid> {
    let main_thread = format!("/proc/self/task/{}/children", getpid().as_raw_nonzero());
    let mut children = listed_children(Path::new("/proc/thread-self/children"));
    children.extend(listed_children(Path::new(&main_thread)));
    children
}

/// The children of all threads of this process.
fn children() -> io::Result<Vec<Pid>> {
    children_of(getpid())
}

/// The children of all threads of a process (proc(5), `/proc/pid/task/tid/children`).
fn children_of(pid: Pid) -> io::Result<Vec<Pid>> {
    let mut children = Vec::new();
    for task in fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero()))? {
        // If the thread ends before its file is read, another thread becomes the parent of its children.
        children.extend(listed_children(&task?.path().join("children")));
    }
    Ok(children)
}

/// The process IDs in the file `children` of a thread, or none if it cannot be read.
fn listed_children(file: &Path) -> Vec<Pid> {
    fs::read_to_string(file).unwrap_or_default().split_whitespace().filter_map(parse_pid).collect()
}

/// Whether a process belongs to a scratch directory. One that this user may not inspect does not.
fn belongs_to(pid: Pid, scratch: &Path) -> bool {
    let process = format!("/proc/{}", pid.as_raw_nonzero());
    // With the separator, because the name of one cell may be the beginning of the name of another.
    let below = [scratch.as_os_str().as_bytes(), b"/"].concat();
    let environment = fs::read(format!("{process}/environ")).unwrap_or_default();
    let in_environment = environment.windows(below.len()).any(|window| window == below);
    // Linux appends this to the path of a removed directory (proc(5)). A process in such a directory may be
    // a shell of the user, who had looked at a scratch directory that an earlier run kept.
    let is_removed = |cwd: &Path| cwd.as_os_str().as_bytes().ends_with(b" (deleted)");
    let is_below = |cwd: &Path| cwd.starts_with(scratch) && !is_removed(cwd);
    in_environment || fs::read_link(format!("{process}/cwd")).is_ok_and(|cwd| is_below(&cwd))
}

/// Reaps a child of this process that was killed, if it has ended. Returns whether it was running until then.
fn reap(pid: Pid) -> io::Result<Option<bool>> {
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(None) => return Ok(None),
            Ok(Some(status)) => return Ok(Some(status.terminating_signal() == Some(Signal::KILL.as_raw()))),
            Err(Errno::CHILD) => return Ok(Some(false)),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The descendants of the process that has started this one, as they were seen at certain moments.
///
/// A descendant of a subreaper cannot get away from it; but when the subreaper is killed, nothing tells any more
/// which processes were its descendants. So they have to be looked at before.
#[derive(Default)]
pub struct Descendants {
    /// With a descriptor for each (pidfd_open(2)), because a number may be used again for another process.
    seen: BTreeMap<NonZeroI32, OwnedFd>,
    /// Those of the time before. A process whose parent ends just when the processes are listed may be missing
    /// once.
    before: BTreeMap<NonZeroI32, OwnedFd>,
}

impl Descendants {
    /// Looks at the descendants of `parent` again. If `parent` is not the parent of this process, nothing changes:
    /// it has ended, and the parent is now a process that was not started by the harness.
    pub fn update(&mut self, parent: u32) {
        let Some(parent) = i32::try_from(parent).ok().and_then(Pid::from_raw) else { return };
        if getppid() != Some(parent) {
            return;
        }
        let mut now = BTreeMap::new();
        add_descendants(parent, &mut now);
        // As long as it is the parent, its number belongs to no other process.
        if getppid() == Some(parent) {
            self.before = mem::replace(&mut self.seen, now);
        }
    }

    /// Kills the descendants, and those that they have now.
    pub fn kill(&mut self) {
        let mut all = mem::take(&mut self.before);
        all.append(&mut self.seen);
        let running: Vec<_> = all.iter().filter(|(_, fd)| !has_ended(fd)).map(|(pid, _)| *pid).collect();
        for pid in running.into_iter().filter_map(|pid| Pid::from_raw(pid.get())) {
            add_descendants(pid, &mut all);
        }
        for descriptor in all.values() {
            // This fails only if the process has ended.
            let _ = pidfd_send_signal(descriptor, Signal::KILL);
        }
    }
}

/// Adds the descendants of `ancestor`, except this process.
fn add_descendants(ancestor: Pid, all: &mut BTreeMap<NonZeroI32, OwnedFd>) {
    let mut left = vec![ancestor];
    while let Some(parent) = left.pop() {
        for child in children_of(parent).unwrap_or_default() {
            if child == getpid() || all.contains_key(&child.as_raw_nonzero()) {
                continue;
            }
            // If the child has just ended, the descriptor may be one of another process with its number.
            if let Ok(descriptor) = pidfd_open(child, PidfdFlags::empty())
                && number_in_status(child, "PPid") == Some(parent)
            {
                all.insert(child.as_raw_nonzero(), descriptor);
                left.push(child);
            }
        }
    }
}

/// Whether the process of a descriptor has ended.
fn has_ended(descriptor: &OwnedFd) -> bool {
    poll(&mut [PollFd::new(descriptor, PollFlags::IN)], Some(&Timespec::default())) != Ok(0)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_belongs_to_a_directory_by_its_environment_or_working_directory() {
        let scratch = tempfile::tempdir().unwrap();
        let start = |name: &str, in_environment: bool| {
            let cwd = scratch.path().join(name);
            fs::create_dir(&cwd).unwrap();
            let mut command = Command::new("/bin/cat");
            command.env_clear().current_dir(&cwd).stdin(Stdio::piped()).stdout(Stdio::piped());
            if in_environment {
                command.env("HOME", &cwd);
            }
            let mut child = command.spawn().unwrap();
            // `spawn` returns during exec, shortly before Linux shows the new environment. A child that
            // answers has completed exec.
            child.stdin.as_mut().unwrap().write_all(b"!").unwrap();
            child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
            child
        };
        let mut by_cwd = start("a", false);
        let mut by_removed_cwd = start("b", false);
        let mut by_environment = start("c", true);
        fs::remove_dir(scratch.path().join("b")).unwrap();
        fs::remove_dir(scratch.path().join("c")).unwrap();
        let belongs = |child: &Child| belongs_to(Pid::from_child(child), scratch.path());
        let found = [&by_cwd, &by_removed_cwd, &by_environment].map(belongs);
        for child in [&mut by_cwd, &mut by_removed_cwd, &mut by_environment] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(found, [true, false, true]);
    }
}
