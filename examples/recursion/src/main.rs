//! Calls itself as often as its argument says, with small stack frames.

use std::env;
use std::hint::black_box;

fn main() {
    let depth = env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    println!("returned from {}", descend(depth));
}

fn descend(depth: u64) -> u64 {
    match depth {
        0 => 0,
        // The sum is needed after the call, so the call cannot become a loop.
        _ => black_box(descend(black_box(depth - 1))) + 1,
    }
}
