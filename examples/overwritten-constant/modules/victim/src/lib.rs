//! A module that holds a constant and returns its letters.
#![allow(unsafe_code, reason = "an exported name must not be mangled")]

static GREETING: [u8; 5] = *b"hello";

/// A letter of the constant; 0 after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn letter(index: u32) -> u32 {
    GREETING.get(index as usize).copied().map_or(0, u32::from)
}
