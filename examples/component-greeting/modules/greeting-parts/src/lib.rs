//! The parts of the greeting in plain Rust, linked into one program or each built as a component.
#![allow(unsafe_code, reason = "reading from an address is unsafe")]

use std::hint::black_box;
use std::ptr;

static LETTERS: [u8; 6] = *b"abcde\0";
static PILE: [u8; 16] = *b"\xf0\x9f\x92\xa9!!\0\0\0\0\0\0\0\0\0\0";
static GREETING: [u8; 6] = *b"hello\0";

/// Aligned like the stack, so that its place there does not depend on what else the compiler puts there.
#[repr(align(16))]
struct Buffer<const SIZE: usize>([u8; SIZE]);

/// The library: copies its constant into a buffer on the stack, and returns its first byte.
pub fn work() -> u32 {
    let buffer = Buffer(*black_box(&LETTERS));
    u32::from(black_box(&buffer).0[0])
}

/// The greeter: returns what its smaller buffer holds after `work`, which knows neither buffer.
pub fn greeting(work: fn() -> u32) -> String {
    let pile = Buffer(*black_box(&PILE));
    let greeting = Buffer(*black_box(&GREETING));
    black_box(&pile);
    black_box(&greeting);
    black_box(work());
    let bytes = black_box(&greeting).0;
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// Changes a string in place.
pub fn shout(mut text: String) -> String {
    text.make_ascii_uppercase();
    text
}

/// Reads `count` bytes at an address, which must be in the memory that this code runs on.
pub fn bytes_at(address: u64, count: u32) -> Vec<u8> {
    let address = usize::try_from(address).expect("an address of this memory");
    let byte = |at| ptr::with_exposed_provenance::<u8>(address + at);
    // SAFETY: the caller ensures that there is memory; volatile, because no code here has written to it.
    (0..count as usize).map(|at| unsafe { byte(at).read_volatile() }).collect()
}
