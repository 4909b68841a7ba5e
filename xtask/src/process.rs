//! Process control: starting, watching and ending the programs under test.
//!
//! This is the seam to the operating system. Behind it, a program runs apart from the harness, with
//! both streams read as they come, an absolute deadline and a limit on output, and nothing that it
//! started survives it:
//!
//! | | Linux | other Unix | Windows |
//! |---|---|---|---|
//! | what it started | its process group, and what left that by way of a subreaper | its process group | a job object |
//! | if the harness is killed | a guard ends what is left | it may go on | the job object ends it |
//!
//! Linux is tested; the others are only known to compile.

mod interrupt;
#[cfg(target_os = "linux")]
mod orphans;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fmt;
use std::time::Duration;

pub use interrupt::Interrupt;
#[cfg(target_os = "linux")]
pub use orphans::{adopt, end_all, end_all_of};
#[cfg(unix)]
use unix::signal_name;
#[cfg(unix)]
pub use unix::{broken_pipe, end_tool, run, start_tool};
#[cfg(windows)]
use windows::signal_name;
#[cfg(windows)]
pub use windows::{broken_pipe, end_tool, run, start_tool};

/// What a run may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub timeout: Duration,
    /// The most bytes that are kept of each stream.
    pub output: usize,
}

/// What a run left behind, as it came.
#[derive(Clone, Debug)]
pub struct Ran {
    pub end: End,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Whether processes that the program had started were still running when it had ended. They
    /// were killed.
    pub left_running: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Exit(i32),
    #[cfg_attr(windows, expect(dead_code, reason = "Windows has no signals"))]
    Signal(i32),
    TimedOut,
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

/// One of the two streams that a program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipe {
    Stdout,
    Stderr,
}

/// Is told of output as it comes, whole lines at a time as far as there are line feeds.
pub type Echo<'a> = &'a dyn Fn(Pipe, &[u8]);

/// How long the end of output is waited for once the program has ended, and its end once it was
/// killed.
const GRACE: Duration = Duration::from_secs(1);

/// Elsewhere than on Linux, nothing is adopted.
#[cfg(not(target_os = "linux"))]
pub fn adopt() -> std::io::Result<()> {
    Ok(())
}

/// Elsewhere than on Linux, there is nothing to end.
#[cfg(not(target_os = "linux"))]
pub fn end_all() -> std::io::Result<()> {
    Ok(())
}

/// Elsewhere than on Linux, what is left cannot be told from the rest.
#[cfg(not(target_os = "linux"))]
pub fn end_all_of(_: &std::path::Path) -> std::io::Result<()> {
    Ok(())
}
