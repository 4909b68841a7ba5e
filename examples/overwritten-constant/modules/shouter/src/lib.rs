//! A module that holds another constant, in a function that is never called.
#![allow(unsafe_code, reason = "an exported name must not be mangled")]

static SHOUT: [u8; 5] = *b"HELLO";

/// A letter of the constant; 0 after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn shout(index: u32) -> u32 {
    SHOUT.get(index as usize).copied().map_or(0, u32::from)
}
