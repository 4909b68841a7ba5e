//! Functions that take some of the stack and call back, and a constant.
#![allow(unsafe_code, reason = "an exported name must not be mangled")]

use std::hint::black_box;
use std::mem::MaybeUninit;

static GREETING: [u8; 5] = *b"hello";

/// A letter of the constant; 0 after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn letter(index: u32) -> u32 {
    GREETING.get(index as usize).copied().map_or(0, u32::from)
}

/// Calls back with the address of a buffer of eight kilobytes on the stack. The buffer stays untouched: a
/// single store to it would end the program once it is below 0.
#[unsafe(no_mangle)]
pub extern "C" fn descend(callback: extern "C" fn(isize)) {
    let buffer = MaybeUninit::<[u8; 8192]>::uninit();
    callback(buffer.as_ptr().addr().cast_signed());
}

/// The same with a buffer of one kilobyte that is written.
#[unsafe(no_mangle)]
pub extern "C" fn descend_writing(callback: extern "C" fn(isize)) {
    let mut buffer = [0; 1024];
    black_box(&mut buffer).fill(b'!');
    callback(buffer.as_ptr().addr().cast_signed());
}
