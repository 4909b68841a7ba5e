//! Waits on a condition variable that no other thread uses.

use std::env;
use std::process;
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let (ready, condvar) = (Mutex::new(false), Condvar::new());
    let guard = ready.lock().unwrap();
    match env::args().nth(1).as_deref() {
        Some("wait") => {
            watch();
            drop(condvar.wait(guard));
            println!("wait returned");
        }
        Some("timeout") => {
            let timeout = Duration::from_millis(50);
            let start = Instant::now();
            let (guard, result) = condvar.wait_timeout_while(guard, timeout, |ready| !*ready).unwrap();
            println!("ready: {guard}, timed out: {}", result.timed_out());
            println!("waited for the whole time: {}", start.elapsed() >= timeout);
        }
        _ => eprintln!("usage: sync-condvar wait|timeout"),
    }
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
