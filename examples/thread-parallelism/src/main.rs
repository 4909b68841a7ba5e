//! Asks how many threads can run at once, and chooses a number of workers based on that.

use std::num::NonZero;
use std::thread;

fn main() {
    let threads = thread::available_parallelism();
    match &threads {
        // Natively the number is that of the machine, and cannot be recorded.
        Ok(number) if cfg!(target_family = "wasm") => println!("the number: {number}"),
        Ok(_) => println!("the number: that of the machine"),
        Err(error) => println!("{:?}: {error}", error.kind()),
    }
    println!("at least one worker: {}", threads.map_or(1, NonZero::get) >= 1);
}
