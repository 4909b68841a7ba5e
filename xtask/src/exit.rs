//! The exit codes of `cargo xtask`, and errors with an exit code.
//!
//! An error means that the harness could not do its work. What a program under test does is never an error.

use std::fmt;

/// Everything is as recorded.
pub const OK: u8 = 0;
/// Wrong usage, or a malformed `cases.toml` or `Cargo.toml`. clap uses the same code.
pub const USAGE: u8 = 2;
/// Nothing matched the filter.
pub const NOTHING_MATCHED: u8 = 4;
/// Set-up: something is missing and cannot be installed.
pub const SET_UP: u8 = 96;
/// A cell differs from its snapshot, or has none.
pub const DIFFERS: u8 = 100;
/// The harness failed, or an example does not compile natively.
pub const HARNESS: u8 = 101;

/// An error with its own exit code. For any other error, the harness exits with [`HARNESS`].
#[derive(Debug)]
pub struct Error {
    /// One of the codes of this module.
    pub code: u8,
    /// What is shown on stderr.
    pub message: String,
    /// Whether the message already has `error:` lines of its own, as diagnostics of files do.
    pub is_drawn: bool,
}

/// Creates an error with an exit code. `main` prints `message` after `error: `.
pub fn error(code: u8, message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Error { code, message: message.into(), is_drawn: false })
}

/// Creates an error from diagnostics as `diagnostic.rs` draws them. Its exit code is [`USAGE`].
pub fn diagnostics(drawn: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Error { code: USAGE, message: drawn.into(), is_drawn: true })
}

/// Whether an error concerns everything that a command does, such as a missing program, and not only the item at which
/// it came up, such as a cell. Then it has another exit code than [`HARNESS`].
pub fn concerns_all(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Error>().is_some_and(|error| error.code != HARNESS)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
