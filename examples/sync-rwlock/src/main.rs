//! Reads and writes through a lock that this thread already holds.

use std::env;
use std::process;
use std::sync::RwLock;
use std::thread;
use std::time::Duration;

fn main() {
    let lock = RwLock::new(1);
    match env::args().nth(1).as_deref() {
        Some("try") => {
            let reader = lock.read().unwrap();
            println!("while read: read {:?}", lock.try_read().map(|value| *value));
            println!("while read: write {:?}", lock.try_write().map(|_| ()));
            drop(reader);
            let writer = lock.write().unwrap();
            println!("while written: read {:?}", lock.try_read().map(|_| ()));
            println!("while written: write {:?}", lock.try_write().map(|_| ()));
            drop(writer);
            println!("afterwards: write {:?}", lock.try_write().map(|value| *value));
        }
        Some("write-read") => {
            let _writer = lock.write().unwrap();
            watch();
            let _reader = lock.read().unwrap();
        }
        Some("read-write") => {
            let _reader = lock.read().unwrap();
            watch();
            let _writer = lock.write().unwrap();
        }
        _ => eprintln!("usage: sync-rwlock try|write-read|read-write"),
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
