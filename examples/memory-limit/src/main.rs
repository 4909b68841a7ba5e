//! Requests 8 MiB, with `push` or with `reserve`, or requests nothing, and prints the result.

use std::env;
use std::hint::black_box;

/// Part of the module itself: memory that exists before the program starts.
static LARGE: [u8; 256 << 10] = [0; 256 << 10];

fn main() {
    let count = 8 << 20;
    println!("started, {} zeros", black_box(&LARGE).len());
    match env::args().nth(1).as_deref() {
        Some("push") => println!("got {}", grow(count)),
        Some("reserve") => match Vec::<u8>::new().try_reserve_exact(count) {
            Ok(()) => println!("got {count}"),
            Err(error) => println!("refused: {error}"),
        },
        Some("nothing") => println!("got along without"),
        _ => eprintln!("usage: memory-limit push|reserve|nothing"),
    }
}

fn grow(count: usize) -> usize {
    let mut bytes = Vec::with_capacity(count);
    bytes.push(0_u8);
    black_box(bytes).capacity()
}
