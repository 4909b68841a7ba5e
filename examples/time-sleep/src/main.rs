//! Sleeps for as many milliseconds as its argument says, or for as long as possible.

use std::env;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let time = match args.first().map(String::as_str) {
        Some("longest") => Duration::MAX,
        argument => Duration::from_millis(argument.and_then(|number| number.parse().ok()).unwrap_or(0)),
    };
    if args.get(1).is_some_and(|arg| arg == "watched") {
        watch();
    }
    let start = Instant::now();
    thread::sleep(time);
    println!("slept for {time:?} or more: {}", start.elapsed() >= time);
    thread::yield_now();
}

/// Ends the program if it still sleeps after a while. This takes a thread; where threads are not
/// available, the sleep has to end by itself.
fn watch() {
    let end = || {
        thread::sleep(Duration::from_millis(200));
        println!("still asleep after 200 ms");
        process::exit(0);
    };
    let _ = thread::Builder::new().spawn(end);
}
