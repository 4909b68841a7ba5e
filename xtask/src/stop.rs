//! Why the harness ends early, and the exit code that says so.
//!
//! What a program under test does is never an error; this is for the harness's own work.

use std::fmt;

/// The exit codes of `cargo xtask`; README.md lists them for users.
pub mod exit {
    /// All as recorded.
    pub const OK: u8 = 0;
    /// Usage, or a malformed `cases.toml`. clap uses the same.
    pub const USAGE: u8 = 2;
    /// Nothing matched the filter.
    pub const NOTHING_MATCHED: u8 = 4;
    /// Set-up: something is missing and cannot be had.
    pub const SET_UP: u8 = 96;
    /// A cell differs from its snapshot, or has none.
    pub const DIFFERS: u8 = 100;
    /// The harness failed, or every example failed to build.
    pub const HARNESS: u8 = 101;
}

/// An error that has an exit code of its own. Any other error ends with [`exit::HARNESS`].
#[derive(Debug)]
pub struct Stop {
    pub code: u8,
    pub message: String,
}

impl Stop {
    /// An error for `anyhow` to carry up to `main`.
    pub fn error(code: u8, message: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Stop { code, message: message.into() })
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Stop {}
