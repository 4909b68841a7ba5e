//! Tests that need a tool or a permission that a machine may not have.
//!
//! Two environment variables say how such a test is treated:
//!
//! - `PARALLAX_TESTS_NEED_TOOLS=1`: it fails instead of being skipped.
//! - `PARALLAX_SKIPPED=FILE`: a line with its name and the reason is appended to that file.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::panic::Location;
use std::path::Path;
use std::process::Command;
use std::thread;

/// Another Rust than the pinned one, which `.ci/prepare` installs with its wasm targets.
pub const OTHER_RUST: &str = "1.93.0";

/// Whether rustup has a Rust with the standard library of a target.
pub fn is_rust_installed(rust: &str, triple: &str) -> bool {
    let sysroot = Command::new("rustup").args(["run", rust, "rustc", "--print", "sysroot"]).output();
    sysroot.is_ok_and(|output| {
        let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_string();
        output.status.success() && Path::new(&sysroot).join("lib/rustlib").join(triple).join("lib").is_dir()
    })
}

/// Whether a test can run, given whether what it needs `is_there`. If not, the test is reported as
/// skipped, and has to return. `description` names what the test needs.
///
/// # Panics
/// If it is not there and `PARALLAX_TESTS_NEED_TOOLS=1`.
#[must_use = "the test has to return if this is false"]
#[track_caller]
pub fn require(description: &str, is_there: bool) -> bool {
    if is_there {
        return true;
    }
    let reason = format!("{}: needs {description}", test_name(Location::caller()));
    let fails = env::var_os("PARALLAX_TESTS_NEED_TOOLS").is_some_and(|value| value == "1");
    assert!(!fails, "{reason}, and PARALLAX_TESTS_NEED_TOOLS=1");
    // Unlike `eprintln!`, this is shown for tests that pass, too.
    let _ = writeln!(io::stderr(), "skipped: {reason}");
    if let Some(file) = env::var_os("PARALLAX_SKIPPED").filter(|file| !file.is_empty()) {
        let list = OpenOptions::new().create(true).append(true).open(&file);
        list.and_then(|mut list| list.write_all(format!("{reason}\n").as_bytes()))
            .unwrap_or_else(|error| panic!("cannot write to PARALLAX_SKIPPED={}: {error}", file.display()));
    }
    false
}

/// The name of the test that runs in this thread. With `--test-threads=1` tests run in the main
/// thread, which has no such name; then it is the place of the call.
fn test_name(caller: &Location<'_>) -> String {
    match thread::current().name() {
        Some(name) if name != "main" => name.to_string(),
        _ => format!("{}:{}", caller.file(), caller.line()),
    }
}
