//! Allocates a lot of memory, frees it, and prints how much the program has before and after.

use std::env;
use std::hint::black_box;

/// The size of a wasm module's memory, which wasm counts in pages of 64 KiB.
#[cfg(target_arch = "wasm32")]
fn held() -> usize {
    core::arch::wasm32::memory_size(0) * 64 / 1024
}

/// What Linux keeps in memory for this process. `/proc` counts it in pages, usually of 4 KiB.
#[cfg(not(target_arch = "wasm32"))]
fn held() -> usize {
    let counts = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: usize = counts.split(' ').nth(1).and_then(|count| count.parse().ok()).expect("it is a number");
    pages * 4 / 1024
}

/// How much more there is than before, in MiB. Natively that varies a little, so it is rounded.
fn more(before: usize) -> usize {
    (held().saturating_sub(before) + 8) / 16 * 16
}

fn main() {
    let before = held();
    match env::args().nth(1).as_deref() {
        Some("drop") => {
            let bytes = black_box(vec![1_u8; 64 << 20]);
            println!("with 64 MiB: {} MiB more", more(before));
            drop(bytes);
            println!("dropped: {} MiB more", more(before));
            let bytes = black_box(vec![1_u8; 64 << 20]);
            println!("with 64 MiB again: {} MiB more", more(before));
            drop(bytes);
        }
        Some("push") => {
            let mut bytes = Vec::new();
            for number in 0..32 << 20 {
                bytes.push(number as u8);
            }
            println!("a Vec of {} MiB: {} MiB more", black_box(&bytes).len() >> 20, more(before));
        }
        Some("with-capacity") => {
            let mut bytes = Vec::with_capacity(32 << 20);
            for number in 0..32 << 20 {
                bytes.push(number as u8);
            }
            println!("a Vec of {} MiB: {} MiB more", black_box(&bytes).len() >> 20, more(before));
        }
        _ => eprintln!("usage: memory-return drop|push|with-capacity"),
    }
}
