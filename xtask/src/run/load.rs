//! Whether a program had the processor while it ran: what is killed at its deadline on a busy machine may be fast.

use std::time::{Duration, Instant};

use crate::support::platform;

/// What the system says at the start of a run.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    started: Instant,
    waited: Option<Duration>,
}

impl Load {
    /// Notes what the system says now.
    pub fn now() -> Load {
        Load { started: Instant::now(), waited: platform::waited_for_processor() }
    }

    /// Returns whether processes may have waited for a processor in more than a tenth of the time since then. For a short
    /// time, or if the system does not tell, that is always possible.
    pub fn may_have_been_high(self) -> bool {
        is_possible(self.started.elapsed(), self.waited, platform::waited_for_processor())
    }
}

fn is_possible(elapsed: Duration, before: Option<Duration>, now: Option<Duration>) -> bool {
    /// The system's figures are up to two seconds old.
    const LONG: Duration = Duration::from_secs(5);
    match before.zip(now) {
        Some((before, now)) if elapsed >= LONG => now.saturating_sub(before) > elapsed / 10,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_figures_over_a_long_time_show_that_a_machine_was_idle() {
        let seconds = Duration::from_secs;
        assert!(!is_possible(seconds(10), Some(seconds(100)), Some(seconds(101))));
        assert!(is_possible(seconds(10), Some(seconds(100)), Some(seconds(102))));
        assert!(is_possible(seconds(4), Some(seconds(100)), Some(seconds(100))));
        assert!(is_possible(seconds(10), None, None));
    }
}
