//! Puts an array of 2 MiB on the stack, and uses it; its build script requests a stack of 4 MiB.

use std::hint::black_box;

fn main() {
    let mut bytes = [1_u8; 2 << 20];
    let sum: u64 = black_box(&mut bytes).iter().map(|byte| u64::from(*byte)).sum();
    println!("2 MiB on the stack: {sum}");
}
