//! Requests more memory than any machine has, in several ways.
#![allow(unsafe_code, reason = "calling the allocator directly is unsafe")]

use std::alloc::{self, Layout};
use std::collections::TryReserveError;
use std::env;
use std::hint::black_box;

/// The largest size that Rust lets a program request. Natively no machine has it: the addresses of
/// a process on x86-64 have 47 bits. A wasm memory has at most 4 GiB, which is room for one such
/// block, if the machine is large enough, but never for two.
const LARGEST: usize = isize::MAX as usize;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("reserve") => reserve(),
        Some("alloc") => alloc(),
        Some("with-capacity") => with_capacity(),
        Some("more-than-4-gib") => more_than_4_gib(),
        _ => eprintln!("usage: memory-alloc reserve|alloc|with-capacity|more-than-4-gib"),
    }
}

fn reserve() {
    fn two_of(count: usize) -> Result<(Vec<u8>, Vec<u8>), TryReserveError> {
        let mut two = (Vec::new(), Vec::new());
        two.0.try_reserve(black_box(count))?;
        two.1.try_reserve(black_box(count))?;
        Ok(black_box(two))
    }
    for (name, count) in
        [("isize::MAX", LARGEST), ("isize::MAX + 1", LARGEST + 1), ("usize::MAX", usize::MAX)]
    {
        let got = two_of(count);
        println!("two of {name}: {}", got.map_or_else(|error| error.to_string(), |_| "granted".into()));
    }
}

fn alloc() {
    // A `Layout` holds at most `isize::MAX`, after rounding up to the alignment.
    println!("a layout of isize::MAX, aligned to 8: {}", Layout::from_size_align(LARGEST, 8).is_ok());
    let Ok(layout) = Layout::from_size_align(LARGEST, 1) else { return };
    // SAFETY: the size is not zero, and the allocated memory is not used.
    let two = unsafe { [alloc::alloc(layout), alloc::alloc(layout)] };
    println!("null for one of two: {}", black_box(two).iter().any(|address| address.is_null()));
    // SAFETY: as above.
    let two = unsafe { [alloc::alloc_zeroed(layout), alloc::alloc_zeroed(layout)] };
    println!("null for one of two zeroed: {}", black_box(two).iter().any(|address| address.is_null()));
}

/// Each block is less than `isize::MAX` on every target, and the three are more than 32 bits can address.
fn more_than_4_gib() {
    let blocks: Vec<Vec<u8>> = (0..3).map(|_| black_box(Vec::with_capacity(3 << 29))).collect();
    println!("got {} blocks", black_box(blocks).len());
}

fn with_capacity() {
    let one = black_box(Vec::<u8>::with_capacity(black_box(LARGEST)));
    let other = black_box(Vec::<u8>::with_capacity(black_box(LARGEST)));
    println!("got {} and {}", one.capacity(), other.capacity());
}
