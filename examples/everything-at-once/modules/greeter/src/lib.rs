//! A module that has two buffers on its stack and calls a library.
#![allow(unsafe_code, reason = "exports and imports of modules are foreign functions")]

use std::hint::black_box;

#[cfg(target_family = "wasm")]
#[link(wasm_import_module = "abc-library")]
unsafe extern "C" {
    safe fn work() -> u32;
}

#[cfg(not(target_family = "wasm"))]
use abc_library::work;

static PILE: [u8; 16] = *b"\xf0\x9f\x92\xa9!!\0\0\0\0\0\0\0\0\0\0";
static GREETING: [u8; 6] = *b"hello\0";

/// Aligned like the stack, so that its place there does not depend on what else the compiler puts there.
#[repr(align(16))]
struct Buffer<const SIZE: usize>([u8; SIZE]);

/// Returns the contents of the smaller buffer after the call: eight bytes, the first one lowest.
#[unsafe(no_mangle)]
pub extern "C" fn greeting() -> u64 {
    let pile = Buffer(*black_box(&PILE));
    let greeting = Buffer(*black_box(&GREETING));
    black_box(&pile);
    black_box(&greeting);
    black_box(work());
    let [a, b, c, d, e, f] = black_box(&greeting).0;
    u64::from_le_bytes([a, b, c, d, e, f, 0, 0])
}
