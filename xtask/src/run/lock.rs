//! The locks of a run: one run at a time uses a target directory with its scratch directories, and one at a time writes
//! the snapshots and pages of a clone.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::support::terminal::say;

/// How long to wait for the name of the process that holds the lock.
const PATIENCE: Duration = Duration::from_millis(500);

/// A lock that is held until this is dropped or the process ends in any way, and as long as a process
/// holds what [`share`](Lock::share) returns.
pub struct Lock {
    file: File,
}

impl Lock {
    /// A handle for another process, which holds the lock as long as the handle is open there.
    ///
    /// # Errors
    /// If the handle cannot be duplicated.
    pub fn share(&self) -> std::io::Result<Stdio> {
        Ok(self.file.try_clone()?.into())
    }
}

/// Takes the lock on the file at `path`, which is created if it is missing. If another process holds the
/// lock, a message names it, and the lock is waited for.
///
/// # Errors
/// If the file cannot be created, locked or written.
pub fn take(path: &Path) -> Result<Lock> {
    let take = || -> Result<Lock> {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&mut file)?.map(|holder| format!(": {holder}")).unwrap_or_default();
                say(&format!("Waiting for another run that uses the same target directory{holder}"));
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let name = format!("process {}\n", std::process::id());
        // In this order the first line is never missing once the file has one.
        file.seek(SeekFrom::Start(0))?;
        file.write_all(name.as_bytes())?;
        file.set_len(name.len() as u64)?;
        Ok(Lock { file })
    };
    take().with_context(|| format!("cannot lock {}", path.display()))
}

/// The lock of a clone, which is held until this is dropped or the process ends in any way.
pub struct CloneLock {
    _directory: Option<File>,
}

/// Takes the lock for writing snapshots, rules and pages of the clone in `root`. If another process holds it, which uses
/// another target directory, a message says so, and it is waited for until `is_interrupted`. A process that needs both
/// takes the lock of its target directory first.
///
/// The directory itself is locked, so that nothing is left in the clone. Where that is not possible, as on Windows, there
/// is no lock.
pub fn of_clone(root: &Path, is_interrupted: impl Fn() -> bool) -> CloneLock {
    let directory = File::open(root).ok();
    let is_held = || matches!(directory.as_ref().map(File::try_lock), Some(Err(TryLockError::WouldBlock)));
    if is_held() {
        say("Waiting for another run that writes the snapshots of this clone");
        while is_held() && !is_interrupted() {
            thread::sleep(Duration::from_millis(20));
        }
    }
    CloneLock { _directory: directory }
}

/// Reads from the file of the lock which process holds it. A process that has just taken the lock needs a moment
/// to write that; if it is still missing after [`PATIENCE`], this returns `None`.
fn holder(file: &mut File) -> Result<Option<String>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut text = String::new();
        file.seek(SeekFrom::Start(0))?;
        file.read_to_string(&mut text)?;
        // A line without its end is not yet complete.
        if let Some((line, _)) = text.split_once('\n') {
            return Ok(Some(line.to_string()));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}
