//! Says what takes long.

use std::time::{Duration, Instant};

use crate::support::terminal::{self, StatusLine};

/// How long something may take before anything is said about it.
const QUIET: Duration = Duration::from_secs(1);

/// How often the line is redrawn.
const INTERVAL: Duration = Duration::from_millis(100);

/// A line about something that may take long, on a terminal only. It is removed when this is dropped.
pub struct Slow {
    next: Instant,
    line: StatusLine,
}

impl Slow {
    /// Starts the clock.
    pub fn start() -> Slow {
        Slow { next: Instant::now() + QUIET, line: StatusLine::default() }
    }

    /// Draws what `text` says, unless it is too early.
    pub fn tell(&mut self, text: impl FnOnce() -> String) {
        if Instant::now() >= self.next && terminal::is_watched() {
            self.line.draw(&format!("     {}", text()));
            self.next = Instant::now() + INTERVAL;
        }
    }
}
