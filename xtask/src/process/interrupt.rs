//! Ctrl-C and TERM at the harness: the first ends the run in order, the second at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// Whether an interrupt has come, in the forms in which it is waited for.
pub struct Interrupt {
    signal: Arc<AtomicUsize>,
    /// Becomes readable with the interrupt and stays so: nobody ever reads it.
    #[cfg(unix)]
    readable: std::os::unix::net::UnixStream,
}

impl Interrupt {
    /// From now on the two signals no longer end the process by themselves, until the second comes.
    pub fn watch() -> io::Result<Interrupt> {
        let (signal, armed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        #[cfg(unix)]
        let (readable, writable) = std::os::unix::net::UnixStream::pair()?;
        for number in [SIGINT, SIGTERM] {
            // In this order: the first signal finds it unarmed and arms it.
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

    /// One that comes when what is given beside it is dropped: it ends what does not end by itself.
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

/// What holds back an interrupt of [`Interrupt::on_drop`].
pub struct Armed {
    signal: Arc<AtomicUsize>,
    /// Once it is closed, the other end is readable.
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
    /// One that never comes.
    pub fn never() -> Interrupt {
        let (readable, writable) = std::os::unix::net::UnixStream::pair().unwrap();
        // Closed, the other end would make it readable.
        std::mem::forget(writable);
        Interrupt { signal: Arc::default(), readable }
    }

    /// One that has come.
    pub fn come() -> Interrupt {
        let (readable, _) = std::os::unix::net::UnixStream::pair().unwrap();
        Interrupt { signal: Arc::new(AtomicUsize::new(2)), readable }
    }
}
