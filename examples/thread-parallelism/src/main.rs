//! Asks how many threads can run at once, and chooses a number of workers based on that.

use std::num::NonZero;
use std::thread;

fn main() {
    let threads = thread::available_parallelism();
    match &threads {
        Ok(_) => println!("the number is known"),
        Err(error) => println!("{:?}: {error}", error.kind()),
    }
    println!("at least one worker: {}", threads.map_or(1, NonZero::get) >= 1);
}
