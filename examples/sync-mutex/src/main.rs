//! Locks what is already locked, or what a panic left behind.

use std::env;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

fn main() {
    let mutex = Mutex::new(1);
    match env::args().nth(1).as_deref() {
        Some("try-lock") => {
            let held = mutex.lock().unwrap();
            println!("while held: {:?}", mutex.try_lock().map(|_| ()));
            println!("{mutex:?}");
            drop(held);
            println!("afterwards: {:?}", mutex.try_lock().map(|value| *value));
        }
        Some("twice") => {
            let _held = mutex.lock().unwrap();
            watch();
            let _again = mutex.lock().unwrap();
        }
        Some("stdin") => {
            let _held = io::stdin().lock();
            watch();
            println!("read {:?}", io::read_to_string(io::stdin()));
        }
        Some("stdout") => {
            let _held = io::stdout().lock();
            println!("printing by another handle");
        }
        Some("poison") => {
            let broken = panic::catch_unwind(AssertUnwindSafe(|| {
                let _held = mutex.lock().unwrap();
                panic!("while the lock is held");
            }));
            println!("caught: {}, poisoned: {}", broken.is_err(), mutex.is_poisoned());
            mutex.clear_poison();
            println!("{:?}", mutex.lock().map(|value| *value));
        }
        _ => eprintln!("usage: sync-mutex try-lock|twice|stdin|stdout|poison"),
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
