//! Ctrl-C and TERM at the harness: the first ends the run in order, the second at once.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// Whether an interrupt has come, in the two forms in which it is waited for.
pub struct Interrupt {
    signal: Arc<AtomicUsize>,
    /// Becomes readable with the interrupt and stays so: nobody ever reads it.
    readable: UnixStream,
}

impl Interrupt {
    /// From now on the two signals no longer end the process by themselves, until the second comes.
    pub fn watch() -> Result<Interrupt> {
        let watch = || {
            let (readable, writable) = UnixStream::pair()?;
            let (signal, armed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
            for number in [SIGINT, SIGTERM] {
                // In this order: the first signal finds it unarmed and arms it.
                flag::register_conditional_default(number, Arc::clone(&armed))?;
                flag::register(number, Arc::clone(&armed))?;
                let value = usize::try_from(number).expect("signals have positive numbers");
                flag::register_usize(number, Arc::clone(&signal), value)?;
                low_level::pipe::register(number, writable.try_clone()?)?;
            }
            std::io::Result::Ok(Interrupt { signal, readable })
        };
        watch().context("cannot watch for signals")
    }

    /// A descriptor that becomes readable with the interrupt.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.readable.as_fd()
    }

    /// The signal that came, if one did.
    pub fn signal(&self) -> Option<i32> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            number => i32::try_from(number).ok(),
        }
    }

    /// Ends the process as that signal would have ended it, so that the shell knows.
    pub fn end_by(signal: i32) -> ! {
        // It returns only if the system refuses; then the usual exit code says the same.
        let _ = low_level::emulate_default_handler(signal);
        std::process::exit(128 + signal)
    }
}
