//! The watchdog: a small process beside a run that kills the run's programs and removes its scratch
//! directory if the run itself is killed before it can.
//!
//! The watchdog also holds the lock of the run, so that the next run starts only when nothing is left of
//! this one. There is one on Linux only: elsewhere the processes of a run cannot be found, or end with
//! the run by themselves (Windows).

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::exit;
use crate::process;
use crate::run::lock::Lock;
use crate::support::removal;

/// What the run writes to the watchdog's stdin when it has cleaned up by itself. If the run is killed,
/// the kernel closes the pipe, and the watchdog reads the end of file without this.
const RELEASE: &[u8] = b".";

/// The watchdog of a run, as the run sees it.
pub struct Watchdog {
    /// `None` on systems without a watchdog.
    child: Option<Child>,
}

/// Starts the watchdog of a run. The programs of the run work in directories below `scratch`. The watchdog
/// inherits `lock`.
///
/// # Errors
/// If the process cannot be started.
pub fn start(scratch: &Path, lock: &Lock) -> Result<Watchdog> {
    if !cfg!(target_os = "linux") {
        return Ok(Watchdog { child: None });
    }
    // This names the running program even if its file was replaced meanwhile (proc(5)).
    let mut command = Command::new("/proc/self/exe");
    command.arg("watchdog").arg(scratch).stdin(Stdio::piped()).stderr(Stdio::null());
    leave_process_group(&mut command);
    // An open file description holds the lock (flock(2)); standard output is one that survives exec.
    let child = lock.share().and_then(|held| command.stdout(held).spawn());
    Ok(Watchdog { child: Some(child.context("cannot start the watchdog of this run")?) })
}

/// Puts the watchdog into a process group of its own: a signal that kills the whole group of the run,
/// such as one from a terminal, must not kill its watchdog.
fn leave_process_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

impl Watchdog {
    /// Ends the watchdog without effect, because the run has cleaned up by itself.
    ///
    /// # Errors
    /// If the watchdog has ended before.
    pub fn release(self) -> Result<()> {
        let Some(mut child) = self.child else { return Ok(()) };
        let written = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(RELEASE));
        written.and_then(|()| child.wait()).context("cannot release the watchdog of this run")?;
        Ok(())
    }
}

/// The hidden command `watchdog`: waits until the run releases it or ends without doing so. In the
/// second case it kills the processes that the run has left below `scratch`, and removes that directory.
/// Returns the exit code.
///
/// # Errors
/// If the processes cannot be listed or the directory cannot be removed.
pub fn watch(scratch: &Path) -> Result<u8> {
    let mut received = Vec::new();
    let read: io::Result<usize> = io::stdin().read_to_end(&mut received);
    if read.is_ok() && received == RELEASE {
        return Ok(exit::OK);
    }
    process::end_all_of(scratch)?;
    removal::remove(scratch)?;
    Ok(exit::OK)
}
