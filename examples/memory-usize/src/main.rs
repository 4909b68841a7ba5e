//! Prints what depends on the width of `usize`, and what only appears to.

use std::alloc::Layout;
use std::collections::HashMap;
use std::env;
use std::hint::black_box;
use std::io;
use std::mem::{align_of, size_of};
use std::num::NonZeroUsize;
use std::sync::Arc;

/// More than 32 bits can hold.
const FIVE_GIB: u64 = 5 << 30;

/// One more than an `isize` of 32 bits can hold.
const TWO_GIB: u64 = 2 << 30;

/// What C code, a file header or another process would see.
#[repr(C)]
struct Shared {
    _first: u8,
    _number: u64,
    _wide: i128,
}

#[repr(C)]
struct WithLength {
    _first: u8,
    _length: usize,
    _address: *const u8,
}

fn main() {
    match env::args().nth(1).as_deref() {
        Some("fixed") => fixed(),
        Some("sizes") => sizes(),
        Some("truncate") => truncate(),
        Some("convert") => convert(),
        Some("capacity") => capacity(),
        _ => eprintln!("usage: memory-usize fixed|sizes|truncate|convert|capacity"),
    }
}

/// Types that contain no `usize` and no pointer.
fn fixed() {
    println!("u64: {} aligned to {}", size_of::<u64>(), align_of::<u64>());
    println!("i128: {} aligned to {}", size_of::<i128>(), align_of::<i128>());
    println!("f64: {} aligned to {}", size_of::<f64>(), align_of::<f64>());
    println!("repr(C) u8, u64, i128: {} aligned to {}", size_of::<Shared>(), align_of::<Shared>());
    println!("Option<u32>: {}", size_of::<Option<u32>>());
    println!("Option<char>: {}", size_of::<Option<char>>());
}

/// Types that contain one.
fn sizes() {
    println!("usize: {} aligned to {}", size_of::<usize>(), align_of::<usize>());
    println!("Option<NonZeroUsize>: {}", size_of::<Option<NonZeroUsize>>());
    println!(
        "pointer, Box, Option<Box>: {} {} {}",
        size_of::<*const u8>(),
        size_of::<Box<u8>>(),
        size_of::<Option<Box<u8>>>()
    );
    println!("&str: {}", size_of::<&str>());
    println!("Vec: {}", size_of::<Vec<u64>>());
    println!("Arc: {}", size_of::<Arc<u64>>());
    println!("HashMap: {}", size_of::<HashMap<u8, u8>>());
    println!("io::Error: {}", size_of::<io::Error>());
    println!(
        "repr(C) u8, usize, pointer: {} aligned to {}",
        size_of::<WithLength>(),
        align_of::<WithLength>()
    );
    println!("usize::MAX: {}", usize::MAX);
}

/// Makes a `usize` of a number that fits in 64 bits, whatever it becomes.
fn truncate() {
    let large = black_box(FIVE_GIB);
    println!("as usize: {}", large as usize);
    println!("-1 as usize: {:#x}", black_box(-1_isize) as usize);
    println!("1e10 as usize: {}", black_box(1e10) as usize);
    println!("rotated: {:#x}", black_box(0xf000_000f_usize).rotate_left(4));
    println!("nth(5 GiB) of a longer range: {:?}", (0..u64::MAX).nth(large as usize));
}

/// Makes a `usize` of a number only if it fits.
fn convert() {
    let large = black_box(FIVE_GIB);
    println!("try_from: {:?}", usize::try_from(large).map_err(|error| error.to_string()));
    println!("parse: {:?}", large.to_string().parse::<usize>().map_err(|error| error.to_string()));
    println!("65536 * 65536: {:?}", black_box(65536_usize).checked_mul(65536));
}

/// If no `isize` can hold the size, the system is not asked for memory.
fn capacity() {
    println!("5 GiB: {:?}", Layout::array::<u64>((FIVE_GIB / 8) as usize).is_ok());
    println!("2 GiB less a byte: {:?}", Layout::array::<u8>((TWO_GIB - 1) as usize).is_ok());
    println!("2 GiB: {:?}", Layout::array::<u8>(TWO_GIB as usize).is_ok());
    // Small enough for every machine on which this was built, and nothing touches it.
    let bytes: Vec<u8> = Vec::with_capacity(TWO_GIB as usize);
    println!("room for {}", bytes.capacity());
}
