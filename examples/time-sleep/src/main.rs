//! Sleeps for as many milliseconds as its argument says, or for as long as possible.

use std::env;
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let time = match env::args().nth(1).as_deref() {
        Some("longest") => Duration::MAX,
        argument => Duration::from_millis(argument.and_then(|number| number.parse().ok()).unwrap_or(0)),
    };
    let start = Instant::now();
    thread::sleep(time);
    println!("slept for {time:?} or more: {}", start.elapsed() >= time);
    thread::yield_now();
}
