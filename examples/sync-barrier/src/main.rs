//! Waits at a barrier for as many threads as its argument says, although there is only one.

use std::env;
use std::process;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

fn main() {
    let threads = env::args().nth(1).and_then(|number| number.parse().ok()).unwrap_or(1);
    println!("a barrier for {threads}");
    watch();
    println!("leader: {}", Barrier::new(threads).wait().is_leader());
}

/// Ends the program if it is still waiting after a while. This takes a thread; where threads are
/// not available, the wait has to end by itself.
fn watch() {
    let end = || {
        thread::sleep(Duration::from_millis(100));
        println!("still waiting after 100 ms");
        process::exit(1);
    };
    let _ = thread::Builder::new().spawn(end);
}
