//! A module with one function.
#![allow(unsafe_code, reason = "an exported name must not be mangled")]

/// Returns the answer.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> i32 {
    42
}
