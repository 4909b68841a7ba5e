//! Saves a note. In a browser it would be kept in the page, where a program has no files. Whether this is
//! a browser is decided by the architecture, as many crates do, or by the operating system.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let saved = match env::args().nth(1).as_deref() {
        Some("by-arch") => save_by_arch("a note\n"),
        Some("by-os") => save_by_os("a note\n"),
        _ => return ExitCode::from(2),
    };
    match saved {
        Ok(()) => {
            println!("saved");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("not saved: {error} [{:?}]", error.kind());
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn save_by_arch(note: &str) -> std::io::Result<()> {
    std::fs::write("note.txt", note)
}

/// WASI has files, but its architecture is wasm32, too.
#[cfg(target_arch = "wasm32")]
fn save_by_arch(note: &str) -> std::io::Result<()> {
    keep_in_page(note)
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
fn save_by_os(note: &str) -> std::io::Result<()> {
    std::fs::write("note.txt", note)
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
fn save_by_os(note: &str) -> std::io::Result<()> {
    keep_in_page(note)
}

/// Stands for a call of the browser.
#[cfg(target_arch = "wasm32")]
fn keep_in_page(_note: &str) -> std::io::Result<()> {
    Ok(())
}
