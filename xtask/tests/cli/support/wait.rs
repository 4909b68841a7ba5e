//! Waiting for a condition, with a time limit.

use std::thread;
use std::time::{Duration, Instant};

/// The time limit for things that take a moment, generous enough for a busy machine.
pub const LIMIT: Duration = Duration::from_secs(15);

/// How long to sleep between two checks.
const INTERVAL: Duration = Duration::from_millis(5);

/// Calls `check` until it gives a value, and fails after [`LIMIT`].
#[track_caller]
pub fn wait_for<T>(what: &str, check: impl FnMut() -> Option<T>) -> T {
    wait_at_most(LIMIT, what, check)
}

/// Calls `check` until it gives a value, and fails after `limit`.
#[track_caller]
pub fn wait_at_most<T>(limit: Duration, what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(Instant::now() < deadline, "still waiting after {limit:?} for {what}");
        thread::sleep(INTERVAL);
    }
}
