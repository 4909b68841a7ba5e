//! The lock of a run: one run at a time uses a target directory, its scratch directories and the
//! snapshots.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::support::terminal::say;

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
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                say(&format!(
                    "Waiting for another run that uses the same target directory: {}",
                    holder.trim()
                ));
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        write!(file, "process {}", std::process::id())?;
        Ok(Lock { file })
    };
    take().with_context(|| format!("cannot lock {}", path.display()))
}
