//! A library that works on a copy of its constant, as any library might.
#![allow(unsafe_code, reason = "an exported name must not be mangled")]

use std::hint::black_box;

static LETTERS: [u8; 6] = *b"abcde\0";

/// Aligned like the stack, so that its place there does not depend on what else the compiler puts there.
#[repr(align(16))]
struct Buffer([u8; 6]);

/// Copies the constant into a buffer on the stack, and returns its first byte.
#[unsafe(no_mangle)]
pub extern "C" fn work() -> u32 {
    let buffer = Buffer(*black_box(&LETTERS));
    u32::from(black_box(&buffer).0[0])
}
