//! What a run is given and what it gives, on every system.

use std::fmt;
use std::fs::File;
use std::io;
use std::process::Stdio;
use std::time::Duration;

/// The limits of a run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long the program may run.
    pub timeout: Duration,
    /// The most bytes that the program may write to each stream. It is killed when it writes more, and so
    /// many are kept.
    pub output: usize,
}

/// Where a program reads from and writes to.
pub enum Streams {
    /// Both output streams are recorded.
    Recorded,
    /// The error stream is recorded, and the standard output goes to this.
    StdoutTo(Stdio),
    /// Both output streams are recorded, and the input is this file.
    StdinFrom(File),
    /// The three standard streams are a terminal, and all that is written to it is recorded as standard output.
    Terminal,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Ran {
    pub end: End,
    /// What the program wrote to its standard output, if that was a pipe.
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Whether processes that the program had started were still running when it had ended by itself.
    /// They were killed.
    pub left_running: bool,
}

/// Why a program has no result.
#[derive(Debug)]
pub enum RunError {
    /// It cannot be started.
    Start(io::Error),
    /// It was started, but could not be watched to its end. What could not be ended is left running.
    Watch(io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Start(error) | RunError::Watch(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit code.
    Exit(i32),
    /// By the signal of this number.
    #[cfg_attr(windows, expect(dead_code, reason = "Windows has no signals"))]
    Signal(i32),
    /// The harness killed it at its timeout.
    TimedOut,
    /// A stream exceeded [`Limits::output`].
    TooMuchOutput,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Exit(code) => write!(f, "exit {code}"),
            End::Signal(number) => write!(f, "signal {}", signal_name(*number)),
            End::TimedOut => f.write_str("timed out"),
            End::TooMuchOutput => f.write_str("too much output"),
        }
    }
}

/// One of the two output streams of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipe {
    Stdout,
    Stderr,
}

/// Called with output as soon as it is read: on Unix with whole lines, and at the end of a stream with what
/// is left of it; on Windows with any part of it.
pub type Echo<'a> = &'a dyn Fn(Pipe, &[u8]);

/// How long the harness waits for the end of output after a program has ended, and for the end of a program
/// after it was killed.
pub const GRACE: Duration = Duration::from_secs(1);

/// The name of a signal, such as `SIGABRT`, or its number if it has no name.
#[cfg(unix)]
pub fn signal_name(number: i32) -> String {
    match signal_hook::low_level::signal_name(number) {
        Some(name) => name.to_string(),
        None => number.to_string(),
    }
}

/// The name of a signal, which Windows does not have.
#[cfg(windows)]
pub fn signal_name(number: i32) -> String {
    number.to_string()
}
