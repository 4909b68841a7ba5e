//! Computes a little, or spends a quarter of a second sleeping or working.

use std::env;
use std::hint::{self, black_box};
use std::thread;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_millis(250);

fn main() {
    println!("started");
    match env::args().nth(1).as_deref() {
        Some("short") => println!("the sum is {}", (1..=1000_u64).map(black_box).sum::<u64>()),
        Some("asleep") => thread::sleep(LONG),
        Some("at-work") => {
            let begin = Instant::now();
            while begin.elapsed() < LONG {
                hint::spin_loop();
            }
        }
        _ => eprintln!("usage: limits-time short|asleep|at-work"),
    }
    println!("finished");
}
