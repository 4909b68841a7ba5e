//! Waits with the locks of parking_lot, for a limited time.

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

const LIMIT: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("free") => free(),
        Some("held") => held(),
        Some("condvar") => condvar(),
        Some("std-condvar") => std_condvar(),
        _ => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}

/// Takes a lock that nobody holds.
fn free() {
    let number = Mutex::new(1);
    *number.lock() += 1;
    println!("the number is {}", *number.lock());
}

/// Tries to take a lock that is held, at once and for a while.
fn held() {
    let number = Mutex::new(1);
    let _guard = number.lock();
    println!("at once: {}", number.try_lock().is_some());
    println!("within 20 ms: {}", number.try_lock_for(LIMIT).is_some());
}

/// Waits for a notification that does not come.
fn condvar() {
    let (number, changed) = (Mutex::new(1), Condvar::new());
    let start = Instant::now();
    let timed_out = changed.wait_for(&mut number.lock(), LIMIT).timed_out();
    println!("timed out: {timed_out}, after at least 20 ms: {}", start.elapsed() >= LIMIT);
}

/// The same with std.
fn std_condvar() {
    let (number, changed) = (std::sync::Mutex::new(1), std::sync::Condvar::new());
    let start = Instant::now();
    let guard = number.lock().expect("nobody panics");
    // Without a notification, std could still return early, but then the condition does not hold.
    let (_guard, timeout) =
        changed.wait_timeout_while(guard, LIMIT, |number| *number == 1).expect("nobody panics");
    println!("timed out: {}, after at least 20 ms: {}", timeout.timed_out(), start.elapsed() >= LIMIT);
}
