//! The lock of what is installed: one run at a time installs toolchains, targets and tools on this machine, because two
//! rustups that install the same at once disturb each other.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::environment::Environment;
use crate::process::Interrupt;
use crate::support::terminal::say;

/// How often a waiting run looks for the lock and for interrupts.
const PERIOD: Duration = Duration::from_millis(50);

/// Takes the lock, which is held until the file is dropped or the process ends. If another run holds it, a message says
/// so, and the lock is waited for. Ends the process if an interrupt comes meanwhile. `None` if there is no cache
/// directory that can be written to: then what is installed elsewhere is installed without the lock.
///
/// # Errors
/// If the system cannot lock files there.
pub fn take(env: &Environment, interrupt: &Interrupt) -> Result<Option<File>> {
    let Some(cache) = &env.cache else { return Ok(None) };
    let path = cache.join("parallax/install.lock");
    let Ok(file) = open(&path) else { return Ok(None) };
    let mut has_said = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                return Err(anyhow::Error::new(error).context(format!("cannot lock {}", path.display())));
            }
        }
        if !has_said {
            say(&format!("Waiting for another run that installs tools: it holds {}", path.display()));
            has_said = true;
        }
        if let Some(signal) = interrupt.signal() {
            Interrupt::report_and_end_by(signal);
        }
        thread::sleep(PERIOD);
    }
}

fn open(path: &Path) -> io::Result<File> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    // Both ways, a FIFO does not block.
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}
