//! Interrupts of the harness, by Ctrl-C (SIGINT), Ctrl-\\ (SIGQUIT), SIGTERM, or the end of the terminal
//! (SIGHUP): the first one ends the run in order, the second one at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[cfg(unix)]
use signal_hook::consts::{SIGFPE, SIGHUP, SIGILL, SIGKILL, SIGPIPE, SIGQUIT, SIGSEGV, SIGSTOP};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::support::terminal::say;

/// The signals that interrupt the harness.
#[cfg(unix)]
const SIGNALS: &[i32] = &[SIGINT, SIGTERM, SIGHUP, SIGQUIT];
#[cfg(not(unix))]
const SIGNALS: &[i32] = &[SIGINT, SIGTERM];

/// The standard signals of Linux (signal(7)).
#[cfg(unix)]
const STANDARD_SIGNALS: std::ops::RangeInclusive<i32> = 1..=31;

/// The signals with which [`ignore_no_signals`] has nothing to do: [`Interrupt::watch`] deals with SIGHUP, std resets
/// SIGPIPE in each program that it starts, and of the others signal-hook installs no handlers.
#[cfg(unix)]
const NOT_HERE: [i32; 7] = [SIGHUP, SIGPIPE, SIGKILL, SIGSTOP, SIGILL, SIGFPE, SIGSEGV];

/// Makes sure that programs start with the default action for all signals, also for those that the caller ignores, as
/// nohup(1) does with SIGHUP. It also makes sure that the exit status of a child can be read: if SIGCHLD is ignored, the
/// system discards it (`SA_NOCLDWAIT` in sigaction(2)).
///
/// # Errors
/// If the system refuses to install a handler.
pub fn ignore_no_signals() -> io::Result<()> {
    #[cfg(unix)]
    for number in STANDARD_SIGNALS.filter(|number| !NOT_HERE.contains(number) && is_ignored(*number)) {
        // A handler that does nothing else has the same effect here. A program does not inherit it (execve(2)).
        flag::register(number, Arc::new(AtomicBool::new(false)))?;
    }
    Ok(())
}

#[cfg(unix)]
fn is_ignored_hangup(number: i32) -> bool {
    number == SIGHUP && is_ignored(SIGHUP)
}

#[cfg(not(unix))]
fn is_ignored_hangup(_: i32) -> bool {
    false
}

/// Whether this process ignores a signal (`SigIgn` in proc_pid_status(5)). On other systems than Linux this is
/// not known, and false.
#[cfg(unix)]
fn is_ignored(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (number - 1) & 1 == 1
}

/// Tells whether an interrupt has come, to code that asks for it and to code that polls a descriptor.
pub struct Interrupt {
    /// The number of the signal that came, or 0.
    signal: Arc<AtomicUsize>,
    /// Becomes readable with the interrupt and stays so, as it is never read.
    #[cfg(unix)]
    readable: std::os::unix::net::UnixStream,
}

impl Interrupt {
    /// Handles these signals: the first signal no longer ends the process but is recorded here, the second one
    /// ends the process. SIGHUP has no effect if the caller ignores it, as nohup(1) does.
    ///
    /// # Errors
    /// If the system refuses to make a pipe or to install a handler.
    pub fn watch() -> io::Result<Interrupt> {
        let (signal, armed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        #[cfg(unix)]
        let (readable, writable) = std::os::unix::net::UnixStream::pair()?;
        for &number in SIGNALS {
            if is_ignored_hangup(number) {
                // A handler that does nothing else: programs do not inherit it, as they would what is ignored.
                flag::register(number, Arc::new(AtomicBool::new(false)))?;
                continue;
            }
            // Handlers run in this order: the first signal finds `armed` unset, and then sets it.
            flag::register_conditional_default(number, Arc::clone(&armed))?;
            flag::register(number, Arc::clone(&armed))?;
            let value = usize::try_from(number).expect("signals have positive numbers");
            flag::register_usize(number, Arc::clone(&signal), value)?;
            #[cfg(unix)]
            low_level::pipe::register(number, writable.try_clone()?)?;
        }
        #[cfg(unix)]
        return Ok(Interrupt { signal, readable });
        #[cfg(not(unix))]
        Ok(Interrupt { signal })
    }

    /// Returns an interrupt that comes when the second value is dropped, for a program that runs until the
    /// harness kills it.
    ///
    /// # Errors
    /// If the system refuses to make a pipe.
    pub fn on_drop() -> io::Result<(Interrupt, Armed)> {
        let signal = Arc::new(AtomicUsize::new(0));
        #[cfg(unix)]
        let (readable, writable) = std::os::unix::net::UnixStream::pair()?;
        let armed = Armed {
            signal: Arc::clone(&signal),
            #[cfg(unix)]
            _writable: writable,
        };
        #[cfg(unix)]
        return Ok((Interrupt { signal, readable }, armed));
        #[cfg(not(unix))]
        Ok((Interrupt { signal }, armed))
    }

    /// A descriptor that becomes readable with the interrupt.
    #[cfg(unix)]
    pub fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.readable)
    }

    /// The number of the signal that came, if one did.
    pub fn signal(&self) -> Option<i32> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            number => i32::try_from(number).ok(),
        }
    }

    /// Says that this process was interrupted, and ends it as [`Interrupt::end_by`].
    pub fn report_and_end_by(signal: i32) -> ! {
        say("Interrupted");
        Interrupt::end_by(signal)
    }

    /// Ends this process by that signal, so that a shell sees that it was interrupted.
    pub fn end_by(signal: i32) -> ! {
        // It returns only if the system refuses. Shells use 128 + the number for the same.
        let _ = low_level::emulate_default_handler(signal);
        std::process::exit(128 + signal)
    }
}

/// Triggers an interrupt of [`Interrupt::on_drop`] when it is dropped.
pub struct Armed {
    signal: Arc<AtomicUsize>,
    /// When it is closed, the other end becomes readable.
    #[cfg(unix)]
    _writable: std::os::unix::net::UnixStream,
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.signal.store(usize::try_from(SIGTERM).unwrap_or(1), Ordering::SeqCst);
    }
}

#[cfg(all(test, unix))]
impl Interrupt {
    /// An interrupt that never comes.
    pub fn never() -> Interrupt {
        let (readable, writable) = std::os::unix::net::UnixStream::pair().unwrap();
        // If this were closed, the other end would become readable.
        std::mem::forget(writable);
        Interrupt { signal: Arc::default(), readable }
    }

    /// An interrupt that has come.
    pub fn come() -> Interrupt {
        let (readable, _) = std::os::unix::net::UnixStream::pair().unwrap();
        Interrupt { signal: Arc::new(AtomicUsize::new(2)), readable }
    }
}
