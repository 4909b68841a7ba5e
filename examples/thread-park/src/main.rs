//! Parks its main thread, with and without a call to unpark it.

use std::env;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    match env::args().nth(1).as_deref() {
        Some("token") => {
            thread::current().unpark();
            thread::park();
            println!("unparked beforehand, it does not wait");
        }
        Some("timeout") => {
            let timeout = Duration::from_millis(25);
            // The shortest of several, since the system may delay any of them.
            let shortest = (0..4).map(|_| {
                let start = Instant::now();
                thread::park_timeout(timeout);
                start.elapsed()
            });
            println!("waited for the whole time: {}", shortest.min() >= Some(timeout));
        }
        Some("forever") => {
            watch();
            thread::park();
            println!("park returned");
        }
        _ => eprintln!("usage: thread-park token|timeout|forever"),
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
