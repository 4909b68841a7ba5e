//! Copies memory and calls a function through a pointer, as every program does somewhere.

use std::hint::black_box;

fn main() {
    let words = black_box(vec![1_u64; 100]);
    let sum: fn(&[u64]) -> u64 = black_box(|words| words.iter().sum());
    println!("the sum is {}", sum(&words.clone()));
}
