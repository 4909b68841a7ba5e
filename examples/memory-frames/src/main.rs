//! Puts large arrays on the stack, or where its argument says instead, and uses them.

use std::env;
use std::hint::black_box;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("2-mib") => println!("2 MiB on the stack: {}", frame::<{ 2 << 20 }>()),
        Some("heap") => println!("16 MiB on the heap: {}", sum(&mut vec![1; 16 << 20])),
        // The array is created on the stack, and moved to the heap from there.
        Some("box") => println!("2 MiB in a box: {}", boxed::<{ 2 << 20 }>()),
        // Optimized, there is one copy on the stack, and two otherwise.
        Some("small-box") => println!("700 KiB in a box: {}", boxed::<{ 700 << 10 }>()),
        _ => eprintln!("usage: memory-frames 2-mib|heap|box|small-box"),
    }
}

#[inline(never)]
fn frame<const N: usize>() -> u64 {
    sum(&mut [1; N])
}

#[inline(never)]
fn boxed<const N: usize>() -> u64 {
    sum(black_box(Box::new(black_box([1; N]))).as_mut_slice())
}

/// Touches every byte in memory; the compiler cannot compute the sum in advance.
fn sum(bytes: &mut [u8]) -> u64 {
    black_box(bytes).iter().map(|byte| u64::from(*byte)).sum()
}
