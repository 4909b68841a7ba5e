//! Initializes something once: in time, too late or from within itself.

use std::env;
use std::process;
use std::sync::{LazyLock, Once, OnceLock};
use std::thread;
use std::time::Duration;

static LAZY: LazyLock<u32> = LazyLock::new(|| {
    println!("computing");
    6 * 7
});

fn main() {
    let (once, lock) = (Once::new(), OnceLock::new());
    match env::args().nth(1).as_deref() {
        Some("once") => {
            once.call_once(|| println!("called"));
            once.call_once(|| println!("called again"));
            println!("{:?}, then {:?}, {}", lock.set(1), lock.set(2), lock.wait());
            println!("{}, {}", *LAZY, *LAZY);
        }
        Some("reentrant") => {
            watch();
            println!("{}", lock.get_or_init(|| lock.get_or_init(|| 1) + 1));
        }
        Some("wait") => {
            watch();
            println!("{}", lock.wait());
        }
        _ => eprintln!("usage: sync-once once|reentrant|wait"),
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
