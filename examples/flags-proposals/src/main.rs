//! Copies memory and calls a function through a pointer, as every program does somewhere, or calls itself
//! thousands of times (`recursion`).

use std::env;
use std::hint::black_box;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("recursion") => {
            for calls in [9_000, 13_500] {
                println!("{} calls deep", depth(calls));
            }
        }
        _ => {
            let words = black_box(vec![1_u64; 100]);
            let sum: fn(&[u64]) -> u64 = black_box(|words| words.iter().sum());
            println!("the sum is {}", sum(&words.clone()));
        }
    }
}

/// Calls itself so many times. The compiler cannot make a loop of it, because it does not know what
/// `black_box` returns.
fn depth(calls: u32) -> u32 {
    match calls {
        0 => 0,
        _ => 1 + black_box(depth(black_box(calls - 1))),
    }
}
