//! The watchdog: a small process beside a run that kills the run's programs and removes its scratch
//! directory if the run itself is killed before it can.
//!
//! The watchdog also holds the lock of the run, so that the next run starts only when nothing is left of
//! this one. There is one on Linux only: elsewhere the processes of a run cannot be found, or end with
//! the run by themselves (Windows).

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::exit;
use crate::process::{self, Descendants};
use crate::run::lock::Lock;
use crate::run::scratch;

/// What the run writes to the watchdog's stdin when it has cleaned up by itself. If the run is killed,
/// the kernel closes the pipe, and the watchdog reads the end of file without this.
const RELEASE: &[u8] = b".";

/// How long a run waits for the end of its watchdog.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the watchdog looks for the processes of the run.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// How long to sleep between two checks whether the watchdog has ended.
const INTERVAL: Duration = Duration::from_millis(1);

/// The watchdog of a run, as the run sees it.
pub struct Watchdog {
    /// `None` on systems without a watchdog.
    child: Option<Child>,
}

/// Starts the watchdog of a run. The programs of the run work in directories below `scratch`, and `own_dir` is
/// the harness's own directory. The watchdog inherits `lock`.
///
/// # Errors
/// If the process cannot be started.
pub fn start(own_dir: &Path, scratch: &Path, lock: &Lock) -> Result<Watchdog> {
    if !cfg!(target_os = "linux") {
        return Ok(Watchdog { child: None });
    }
    // This names the running program even if its file was replaced meanwhile (proc(5)).
    let mut command = Command::new("/proc/self/exe");
    command.arg("watchdog").arg(std::process::id().to_string()).arg(own_dir).arg(scratch);
    command.stdin(Stdio::piped()).stderr(Stdio::null());
    leave_process_group(&mut command);
    // An open file description holds the lock (flock(2)); standard output is one that survives exec.
    let child = lock.share().and_then(|held| command.stdout(held).spawn());
    let child = child.context("cannot start the watchdog of this run")?;
    process::keep(&child);
    Ok(Watchdog { child: Some(child) })
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
    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.child.is_some()
    }

    /// Leaves to the watchdog what the run has not cleaned up, as if the run were killed now.
    pub fn take_over(self) {
        // This closes the pipe.
        drop(self.child);
    }

    /// Ends the watchdog without effect, because the run has cleaned up by itself.
    ///
    /// # Errors
    /// If the watchdog has ended before, for example because a program has killed it, or does not end. The run
    /// itself is not affected.
    pub fn release(self) -> io::Result<()> {
        let Some(mut child) = self.child else { return Ok(()) };
        let written = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(RELEASE));
        let deadline = Instant::now() + PATIENCE;
        while child.try_wait()?.is_none() {
            if Instant::now() >= deadline {
                child.kill()?;
                return Err(io::Error::other(format!("it does not end within {PATIENCE:?}")));
            }
            thread::sleep(INTERVAL);
        }
        written
    }
}

/// The hidden command `watchdog`: waits until the run releases it or ends without doing so. In the
/// second case it kills the processes that the run has left below `scratch`, and removes that directory.
/// `run` is the process ID of the run, and `own_dir` the harness's own directory. Returns the exit code.
///
/// # Errors
/// If the processes cannot be listed or one does not end. Then the next run tries again.
pub fn watch(run: u32, own_dir: &Path, scratch: &Path) -> Result<u8> {
    let descendants = Arc::<Mutex<Descendants>>::default();
    let updated = Arc::clone(&descendants);
    thread::spawn(move || {
        loop {
            updated.lock().unwrap_or_else(PoisonError::into_inner).update(run);
            thread::sleep(LOOK_INTERVAL);
        }
    });
    let mut received = Vec::new();
    let read: io::Result<usize> = io::stdin().read_to_end(&mut received);
    if read.is_ok() && received == RELEASE {
        return Ok(exit::OK);
    }
    // Some processes have lost what shows that they belong to the scratch directory. The guard is kept, so that
    // nothing is updated any more.
    let mut descendants = descendants.lock().unwrap_or_else(PoisonError::into_inner);
    descendants.kill();
    process::end_all_of(scratch)?;
    scratch::all_ended(own_dir);
    // If something cannot be removed, the next run says so.
    let _ = scratch::clean_up(own_dir, scratch, &|| true);
    Ok(exit::OK)
}
