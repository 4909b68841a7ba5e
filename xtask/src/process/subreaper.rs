//! Linux: kills the survivors of programs under test that have left their process group.
//!
//! The harness is made a subreaper, so that a process whose parent has ended becomes its child
//! (PR_SET_CHILD_SUBREAPER in prctl(2)). Survivors are matched to cells by their scratch directory: it
//! stands in the environment of a program (HOME and TMPDIR) and is its working directory. A process that
//! has changed both is killed at the end of the run.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, set_child_subreaper, waitid,
};

/// Makes this process a subreaper: from now on, it adopts the survivors of programs.
///
/// # Errors
/// If the system refuses.
pub fn adopt() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Kills and reaps the children of this process that belong to the scratch directory, and those that it
/// adopts because their parent was killed. Returns whether any of them was running.
///
/// # Errors
/// If the children cannot be listed or waited for.
pub fn end_children_of(scratch: &Path) -> io::Result<bool> {
    let mut any = false;
    loop {
        let of_cell: Vec<_> = children()?.into_iter().filter(|pid| belongs_to(*pid, scratch)).collect();
        if of_cell.is_empty() {
            return Ok(any);
        }
        for pid in of_cell {
            any |= kill_and_reap(pid)?;
        }
    }
}

/// Kills and reaps all children of this process, and those that it adopts meanwhile. It must be called only
/// when no program under test and no tool is running any more.
///
/// # Errors
/// If the children cannot be listed or waited for.
pub fn end_all() -> io::Result<()> {
    loop {
        let children = children()?;
        if children.is_empty() {
            return Ok(());
        }
        for pid in children {
            kill_and_reap(pid)?;
        }
    }
}

/// Kills all processes that belong to the scratch directory, whether they are children of this process or
/// not.
///
/// # Errors
/// If the processes cannot be listed.
pub fn end_all_of(scratch: &Path) -> io::Result<()> {
    loop {
        let mut any = false;
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(parse_pid) else { continue };
            // A zombie has neither environment nor working directory, so this ends.
            if pid != getpid() && belongs_to(pid, scratch) {
                any |= kill_process(pid, Signal::KILL).is_ok();
            }
        }
        if !any {
            return Ok(());
        }
    }
}

/// Reaps the children of this process in a process group that was killed and whose leader was reaped.
/// Returns whether any of them was running until then.
///
/// # Errors
/// If the children cannot be waited for.
pub fn reap_group(group: Pid) -> io::Result<bool> {
    let mut any = false;
    loop {
        match waitid(WaitId::Pgid(Some(group)), WaitIdOptions::EXITED) {
            Ok(Some(status)) => any |= status.terminating_signal() == Some(Signal::KILL.as_raw()),
            Ok(None) | Err(Errno::CHILD) => return Ok(any),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn parse_pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

/// The children of all threads of this process (proc(5), `/proc/pid/task/tid/children`).
fn children() -> io::Result<Vec<Pid>> {
    let mut children = Vec::new();
    for task in fs::read_dir("/proc/self/task")? {
        // If the thread ends before its file is read, another thread becomes the parent of its children.
        let listed = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        children.extend(listed.split_whitespace().filter_map(parse_pid));
    }
    Ok(children)
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

/// Kills and reaps a child of this process, and returns whether it was running until then.
fn kill_and_reap(pid: Pid) -> io::Result<bool> {
    // This fails only if another thread has reaped the child meanwhile.
    let _ = kill_process(pid, Signal::KILL);
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED) {
            Ok(status) => {
                let signal = status.and_then(|status| status.terminating_signal());
                return Ok(signal == Some(Signal::KILL.as_raw()));
            }
            Err(Errno::CHILD) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::{Child, Command, Stdio};

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
