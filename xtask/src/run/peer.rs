//! The peer of a cell: a native program that listens while the cell's own program runs.
//!
//! It prints the number of its port on one line, and serves until it is killed. Each cell has a peer of
//! its own, so that no cell finds what another has left there.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::process::{self, Interrupt, Limits, Pipe, Ran, Streams};
use crate::support::escape::{bars, visible};

/// The timeout of a peer. A peer is killed with its cell, and no cell takes this long.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// How often [`listen`] checks whether an interrupt has come.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Starts a peer in its scratch directory, calls `work` with its port, and kills the peer and all that it
/// has started. Returns what `work` returns, or `None` if an interrupt comes before the port is known.
///
/// `limits` are those of the cell; the peer has to print its port within the same timeout. `name` names
/// the peer in messages.
///
/// # Errors
/// If `work` fails, or the peer cannot be started, does not print its port, or ends before `work` does. A
/// peer that ends at the very moment at which `work` does may go unnoticed.
pub fn beside<T>(
    command: Command,
    scratch: &Path,
    limits: Limits,
    interrupt: &Interrupt,
    name: &str,
    work: impl FnOnce(u16) -> Result<T>,
) -> Result<Option<T>> {
    let cannot_run = || format!("{name} cannot be run");
    let (end, armed) = Interrupt::on_drop().with_context(cannot_run)?;
    let (sender, chunks) = mpsc::channel();
    thread::scope(|scope| {
        let peer = scope.spawn(move || {
            // Once the port is known, the receiver is gone, so an error is expected.
            let tell = |pipe, bytes: &[u8]| drop(sender.send((pipe, bytes.to_vec())));
            let limits = Limits { timeout: LIFETIME, ..limits };
            process::run(command, scratch, b"", Streams::Recorded, limits, &end, Some(&tell))
        });
        let (announced, printed) = listen(&chunks, limits.timeout, interrupt);
        let done = match announced {
            Announced::Port(port) => Some(work(port)?),
            Announced::Other | Announced::Nothing | Announced::Interrupt => None,
        };
        drop(armed);
        let ended: Option<Ran> =
            peer.join().expect("watching a peer does not panic").with_context(cannot_run)?;
        let problem = match (&announced, &ended) {
            (Announced::Port(_), None) | (Announced::Interrupt, _) => return Ok(done),
            (Announced::Port(_), Some(ran)) => format!("ended before its cell: {}", ran.end),
            (Announced::Other, _) => "did not print a port number on its first line".into(),
            (Announced::Nothing, Some(ran)) => format!("ended without printing its port: {}", ran.end),
            (Announced::Nothing, None) => format!("did not print its port within {:?}", limits.timeout),
        };
        let printed = ended.map_or(printed, |ran| Printed { stdout: ran.stdout, stderr: ran.stderr });
        let message = format!(
            "{name} {problem}\n{printed}help: a peer listens on a port of 127.0.0.1, prints the port number \
             on one line, and serves until it is killed"
        );
        Err(anyhow!(message))
    })
}

/// What a peer has announced on its first line.
#[derive(Debug, PartialEq, Eq)]
enum Announced {
    /// The port on which it listens.
    Port(u16),
    /// A line that is not a port number.
    Other,
    /// No line: the peer ended or the timeout was over before.
    Nothing,
    /// No line: an interrupt came before.
    Interrupt,
}

/// What a peer has printed so far.
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

/// Waits for the first line of a peer, for `timeout` at most. Returns also what the peer has printed until
/// then.
fn listen(
    chunks: &Receiver<(Pipe, Vec<u8>)>,
    timeout: Duration,
    interrupt: &Interrupt,
) -> (Announced, Printed) {
    let deadline = Instant::now() + timeout;
    let mut printed = Printed::default();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match chunks.recv_timeout(left.min(POLL_INTERVAL)) {
            Ok((Pipe::Stdout, bytes)) => printed.stdout.extend(bytes),
            Ok((Pipe::Stderr, bytes)) => printed.stderr.extend(bytes),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return (Announced::Nothing, printed),
        }
        if let Some(announced) = first_line(&printed.stdout) {
            return (announced, printed);
        }
        if interrupt.signal().is_some() {
            return (Announced::Interrupt, printed);
        }
        if left.is_zero() {
            return (Announced::Nothing, printed);
        }
    }
}

/// What the first line announces, or `None` as long as it is not complete.
fn first_line(stdout: &[u8]) -> Option<Announced> {
    let end = stdout.iter().position(|byte| *byte == b'\n')?;
    let port = str::from_utf8(&stdout[..end]).ok().and_then(|line| line.trim_end().parse().ok());
    Some(match port {
        Some(port @ 1..) => Announced::Port(port),
        Some(0) | None => Announced::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines() {
        assert_eq!(first_line(b""), None);
        assert_eq!(first_line(b"401"), None);
        assert_eq!(first_line(b"40123\n"), Some(Announced::Port(40123)));
        assert_eq!(first_line(b"40123\r\nserving\n"), Some(Announced::Port(40123)));
        for other in ["\n", "0\n", "65536\n", "-1\n", "port 40123\n", "127.0.0.1:40123\n", "\u{fffd}\n"] {
            assert_eq!(first_line(other.as_bytes()), Some(Announced::Other), "{other}");
        }
    }

    #[test]
    fn a_message_shows_what_was_printed() {
        let printed = Printed { stdout: b"hello\n".into(), stderr: b"boom".into() };
        let shown = "stdout\n│hello\nstderr\n│boom\n(no newline at the end)\n";
        assert_eq!(printed.to_string(), shown);
    }
}
