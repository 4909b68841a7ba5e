//! Functions that take eight kilobytes of the stack and call back.
#![allow(unsafe_code, reason = "an exported name must not be mangled")]

use std::hint::black_box;
use std::mem::MaybeUninit;

/// Calls back with the address of a buffer on the stack. The buffer stays untouched: a single store to
/// it would end the program once it is below 0.
#[unsafe(no_mangle)]
pub extern "C" fn descend(callback: extern "C" fn(isize)) {
    let buffer = MaybeUninit::<[u8; 8192]>::uninit();
    callback(buffer.as_ptr().addr().cast_signed());
}

/// The same with a buffer that is written.
#[unsafe(no_mangle)]
pub extern "C" fn descend_writing(callback: extern "C" fn(isize)) {
    let buffer = black_box([1_u8; 8192]);
    callback(buffer.as_ptr().addr().cast_signed());
}
