//! The error about a target directory with a path that a tool cannot work with.

use std::path::Path;

use crate::exit;
use crate::support::edition::is_installed;

/// Returns the error: it says what a tool cannot do with a path that has the character `bad`, and how to use another
/// directory. `cannot` is, for example, "wasmtime cannot read a file from".
pub fn refused(target_dir: &Path, bad: char, cannot: &str) -> anyhow::Error {
    let help = match is_installed() {
        // It is in the cache directory.
        true => format!("set XDG_CACHE_HOME to a path without `{bad}`"),
        false => format!("set CARGO_TARGET_DIR to a path without `{bad}`, or move the clone"),
    };
    let message = format!(
        "{cannot} a path with `{bad}`, as in the target directory {}\nhelp: {help}",
        target_dir.display()
    );
    exit::error(exit::SET_UP, message)
}
