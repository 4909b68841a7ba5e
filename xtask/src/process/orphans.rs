//! Linux: what programs under test leave behind, though it has left their process group.
//!
//! The harness is made a subreaper, so that a process whose parents have ended becomes its child.
//! Whose such a child is, it tells by a mark: the scratch folder of its cell, which stands in its
//! environment (HOME and TMPDIR) and is its working directory unless it has changed both.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, set_child_subreaper, waitid,
};

/// From now on, what programs leave behind becomes a child of this process.
pub fn adopt() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Kills the children that bear the mark `folder`, and what becomes a child by their end. Gives
/// whether any of them was running.
pub fn end_children_of(folder: &Path) -> io::Result<bool> {
    let mut any = false;
    loop {
        let marked: Vec<_> = children()?.into_iter().filter(|pid| bears(*pid, folder)).collect();
        if marked.is_empty() {
            return Ok(any);
        }
        for pid in marked {
            any |= kill_and_reap(pid)?;
        }
    }
}

/// Kills all children, and what becomes a child by their end. No program under test may be running.
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

/// Kills all processes that bear the mark `folder`, whoever's children they are.
pub fn end_all_of(folder: &Path) -> io::Result<()> {
    loop {
        let mut any = false;
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(number) else { continue };
            // A killed process that nobody has reaped yet has neither environment nor folder.
            if pid != getpid() && bears(pid, folder) {
                any |= kill_process(pid, Signal::KILL).is_ok();
            }
        }
        if !any {
            return Ok(());
        }
    }
}

/// Reaps what is left of a process group whose leader was reaped before, after it was killed. Gives
/// whether any of it was running until then.
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

fn number(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

/// The children of all threads of this process.
fn children() -> io::Result<Vec<Pid>> {
    let mut children = Vec::new();
    for task in fs::read_dir("/proc/self/task")? {
        // A thread may end meanwhile.
        let listed = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        children.extend(listed.split_whitespace().filter_map(number));
    }
    Ok(children)
}

/// Whether a process bears the mark of a folder. One that cannot be looked at does not.
fn bears(pid: Pid, folder: &Path) -> bool {
    let process = format!("/proc/{}", pid.as_raw_nonzero());
    // With what separates it from what is in it: the name of a cell may be the beginning of another.
    let mark = [folder.as_os_str().as_bytes(), b"/"].concat();
    let environment = fs::read(format!("{process}/environ")).unwrap_or_default();
    let in_environment = environment.windows(mark.len()).any(|window| window == mark);
    // Linux says so of a folder that was removed. Who still stands there may be a person's shell,
    // left in a scratch folder that an earlier run had kept.
    let there = |cwd: &Path| cwd.starts_with(folder) && !cwd.as_os_str().as_bytes().ends_with(b" (deleted)");
    in_environment || fs::read_link(format!("{process}/cwd")).is_ok_and(|cwd| there(&cwd))
}

/// Ends a child of this process, and gives whether it was running until then.
fn kill_and_reap(pid: Pid) -> io::Result<bool> {
    // It fails only for a child that was reaped meanwhile.
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
    fn marks() {
        let folder = tempfile::tempdir().unwrap();
        let started = |name: &str, in_environment: bool| {
            let cwd = folder.path().join(name);
            fs::create_dir(&cwd).unwrap();
            let mut echo = Command::new("/bin/cat");
            echo.env_clear().current_dir(&cwd).stdin(Stdio::piped()).stdout(Stdio::piped());
            if in_environment {
                echo.env("HOME", &cwd);
            }
            let mut echo = echo.spawn().unwrap();
            // `spawn` returns during exec, some time before Linux shows the new environment. Who
            // answers has left that behind.
            echo.stdin.as_mut().unwrap().write_all(b"!").unwrap();
            echo.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
            echo
        };
        let mut stands_there = started("a", false);
        let mut stood_there = started("b", false);
        let mut marked = started("c", true);
        fs::remove_dir(folder.path().join("b")).unwrap();
        fs::remove_dir(folder.path().join("c")).unwrap();
        let bears = |child: &Child| bears(Pid::from_child(child), folder.path());
        let found = [&stands_there, &stood_there, &marked].map(bears);
        for child in [&mut stands_there, &mut stood_there, &mut marked] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(found, [true, false, true]);
    }
}
