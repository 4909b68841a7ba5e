//! One run at a time for each build folder: scratch folders and snapshots are nobody else's then.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};

/// Holds the lock until it is dropped, or until the process ends in any way.
pub struct Lock {
    file: File,
}

impl Lock {
    /// The lock for another process, which then holds it, too.
    pub fn share(&self) -> std::io::Result<Stdio> {
        Ok(self.file.try_clone()?.into())
    }
}

/// Takes the lock at `path`, if need be after another run has ended; `say` tells whose.
pub fn take(path: &Path, say: &dyn Fn(&str)) -> Result<Lock> {
    let take = || -> Result<Lock> {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                say(&format!("Waiting for another run in this clone to end: {}", holder.trim()));
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
