//! The guard: a small process beside a run that ends what the run has started, if the run itself is
//! killed before it can.
//!
//! It holds the lock of the run, too, so that the next run begins only when nothing is left of this
//! one.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::lock::Lock;
use crate::process;
use crate::scratch;
use crate::stop::exit;

/// What the run tells its guard when all is in order.
const ALL_IS_WELL: &[u8] = b".";

/// The guard of a run, seen from the run.
pub struct Guard {
    child: Option<Child>,
}

/// Starts the guard of a run whose programs work below `scratch`.
pub fn start(scratch: &Path, lock: &Lock) -> Result<Guard> {
    if !cfg!(target_os = "linux") {
        return Ok(Guard { child: None });
    }
    let mut command = Command::new("/proc/self/exe");
    command.arg("guard").arg(scratch).stdin(Stdio::piped()).stderr(Stdio::null());
    apart(&mut command);
    let child = lock.share().and_then(|held| command.stdout(held).spawn());
    Ok(Guard { child: Some(child.context("cannot start the guard of this run")?) })
}

/// What ends the run by a signal to its group must not end its guard.
fn apart(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

impl Guard {
    /// Lets the guard go: the run has ended by itself what it had started.
    pub fn release(self) -> Result<()> {
        let Some(mut child) = self.child else { return Ok(()) };
        let told = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(ALL_IS_WELL));
        told.and_then(|()| child.wait()).context("cannot release the guard of this run")?;
        Ok(())
    }
}

/// The guard itself: waits until the run has told it that all is well or has ended without that.
pub fn watch(scratch: &Path) -> Result<u8> {
    let mut told = Vec::new();
    let heard: io::Result<usize> = io::stdin().read_to_end(&mut told);
    if heard.is_ok() && told == ALL_IS_WELL {
        return Ok(exit::OK);
    }
    process::end_all_of(scratch)?;
    scratch::remove(scratch)?;
    Ok(exit::OK)
}
