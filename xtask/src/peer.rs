//! The peer of a cell: a native program that listens while the cell's own program runs.
//!
//! It prints the number of its port, in one line, and serves until it is ended. Each cell has one of
//! its own, so that no cell finds what another has left there.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::process::{self, Interrupt, Limits, Pipe, Ran};
use crate::stop::{Stop, exit};
use crate::text::{bars, visible};

/// A peer is ended with its cell, and no cell takes this long.
const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// How often it is looked whether an interrupt has come meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Starts a peer in its scratch `folder`, does `work` with its port, and ends the peer with all that
/// it has started. Gives nothing if an interrupt comes before the port. `limits` are those of the
/// cell, and so long does the peer have to say its port. `whose` names the peer and its cell.
///
/// # Errors
/// If `work` fails, or the peer does not do what a peer has to do. One that ends in the very moment in
/// which `work` does may go unnoticed.
pub fn beside<T>(
    command: Command,
    folder: &Path,
    limits: Limits,
    interrupt: &Interrupt,
    whose: &str,
    work: impl FnOnce(u16) -> Result<T>,
) -> Result<Option<T>> {
    let cannot_run = || format!("{whose} cannot be run");
    let (end, armed) = Interrupt::on_drop().with_context(cannot_run)?;
    let (sender, chunks) = mpsc::channel();
    thread::scope(|scope| {
        let peer = scope.spawn(move || {
            // Once the port is known, nobody listens any more.
            let tell = |pipe, bytes: &[u8]| drop(sender.send((pipe, bytes.to_vec())));
            let limits = Limits { timeout: LIFE, ..limits };
            process::run(command, folder, b"", Stdio::piped(), limits, &end, Some(&tell))
        });
        let (heard, printed) = listen(&chunks, limits.timeout, interrupt);
        let done = match heard {
            Heard::Port(port) => Some(work(port)?),
            Heard::Other | Heard::Nothing | Heard::Interrupt => None,
        };
        drop(armed);
        let ended: Option<Ran> =
            peer.join().expect("watching a peer does not panic").with_context(cannot_run)?;
        let fault = match (&heard, &ended) {
            (Heard::Port(_), None) | (Heard::Interrupt, _) => return Ok(done),
            (Heard::Port(_), Some(ran)) => format!("has ended before its cell: {}", ran.end),
            (Heard::Other, _) => "prints something else than its port first".into(),
            (Heard::Nothing, Some(ran)) => format!("has ended without saying its port: {}", ran.end),
            (Heard::Nothing, None) => format!("has not said its port within {:?}", limits.timeout),
        };
        let printed = ended.map_or(printed, |ran| Printed { stdout: ran.stdout, stderr: ran.stderr });
        let message = format!(
            "{whose} {fault}\n{printed}a peer listens on a port of 127.0.0.1, prints its number in one line, \
             and serves until it is ended"
        );
        Err(Stop::error(exit::HARNESS, message))
    })
}

/// What the first line of a peer says.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Port(u16),
    /// A line that is no port.
    Other,
    /// The peer has ended, or the time is up.
    Nothing,
    /// An interrupt came first.
    Interrupt,
}

/// What a peer has printed, whole lines at a time.
#[derive(Default)]
struct Printed {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, bytes) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !bytes.is_empty() {
                write!(f, "{name}\n{}", bars(&visible(bytes)))?;
            }
        }
        Ok(())
    }
}

/// Waits for the first line of a peer.
fn listen(chunks: &Receiver<(Pipe, Vec<u8>)>, patience: Duration, interrupt: &Interrupt) -> (Heard, Printed) {
    let deadline = Instant::now() + patience;
    let mut printed = Printed::default();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match chunks.recv_timeout(left.min(LOOK)) {
            Ok((Pipe::Stdout, bytes)) => printed.stdout.extend(bytes),
            Ok((Pipe::Stderr, bytes)) => printed.stderr.extend(bytes),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return (Heard::Nothing, printed),
        }
        if let Some(heard) = first_line(&printed.stdout) {
            return (heard, printed);
        }
        if interrupt.signal().is_some() {
            return (Heard::Interrupt, printed);
        }
        if left.is_zero() {
            return (Heard::Nothing, printed);
        }
    }
}

/// What the first line says, once it is whole.
fn first_line(stdout: &[u8]) -> Option<Heard> {
    let end = stdout.iter().position(|byte| *byte == b'\n')?;
    let port = str::from_utf8(&stdout[..end]).ok().and_then(|line| line.trim_end().parse().ok());
    Some(match port {
        Some(port @ 1..) => Heard::Port(port),
        Some(0) | None => Heard::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines() {
        assert_eq!(first_line(b""), None);
        assert_eq!(first_line(b"401"), None);
        assert_eq!(first_line(b"40123\n"), Some(Heard::Port(40123)));
        assert_eq!(first_line(b"40123\r\nserving\n"), Some(Heard::Port(40123)));
        for other in ["\n", "0\n", "65536\n", "-1\n", "port 40123\n", "127.0.0.1:40123\n", "\u{fffd}\n"] {
            assert_eq!(first_line(other.as_bytes()), Some(Heard::Other), "{other}");
        }
    }

    #[test]
    fn what_was_printed_is_shown() {
        let printed = Printed { stdout: b"hello\n".into(), stderr: b"boom".into() };
        let picture = "stdout\n│hello\nstderr\n│boom\n(no newline at the end)\n";
        assert_eq!(printed.to_string(), picture);
    }
}
