//! Programs that an optimized build survives. This example is built as `cargo build` does: the workspace's
//! `Cargo.toml` turns off the optimizations for it.

use std::env;
use std::hint::black_box;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("overflow") => overflow(),
        Some("frames") => frames(),
        _ => eprintln!("usage: debug-build overflow|frames"),
    }
}

/// Adds lengths in a usize, which has 32 bits on WASI.
fn overflow() {
    let half = black_box(3_000_000_000_u64);
    let sum = half as usize + half as usize;
    println!("the sum: {sum}");
}

/// Moves an array into a box. Without optimizations it is first built on the stack, which has 1 MiB on WASI.
fn frames() {
    let boxed = Box::new(large());
    println!("the last byte: {}", boxed[boxed.len() - 1]);
}

/// Returns an array of 700 KiB.
fn large() -> [u8; 700 * 1024] {
    black_box([7; 700 * 1024])
}
