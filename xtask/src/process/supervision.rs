//! When a program is killed, and how long the harness waits for its end and for the end of its output.
//!
//! This does no I/O and never asks for the time, so that tests can drive it with points in time.

use std::time::Instant;

use super::types::{End, GRACE};

/// What the harness does next for a program that it watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Wait for the next event, at most until [`Supervision::deadline`].
    Wait,
    /// Kill the program's process group, then wait.
    Kill,
    /// Stop reading: the program has ended, and whatever still holds its streams open is out of reach.
    StopReading,
    /// Fail: the program was killed and still has not ended.
    GiveUp,
}

/// The state of one program, from its start until nothing more is expected of it.
#[derive(Debug)]
pub struct Supervision {
    deadline: Instant,
    killed_for: Option<End>,
    interrupted: bool,
    /// Whether [`Action::Kill`] was returned.
    killed: bool,
    leader_ended: bool,
}

impl Supervision {
    /// A program that has just been started and may run until `deadline`.
    pub fn new(deadline: Instant) -> Supervision {
        Supervision { deadline, killed_for: None, interrupted: false, killed: false, leader_ended: false }
    }

    /// The point in time until which the next event is waited for.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Why the harness killed the program or cut its output, unless an interrupt was the reason.
    pub fn killed_for(&self) -> Option<End> {
        self.killed_for
    }

    /// Whether an interrupt came.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    /// Records that the user has interrupted the run.
    pub fn interrupt(&mut self) {
        self.interrupted = true;
    }

    /// Records that the program ended at `now`. Its output may go on for [`GRACE`].
    pub fn leader_ended(&mut self, now: Instant) {
        self.leader_ended = true;
        self.deadline = now + GRACE;
    }

    /// Decides what to do at `now`, after any number of events. `too_much_output` tells whether one of
    /// the two streams has just exceeded its limit.
    ///
    /// [`Action::Kill`] is returned once at most: a program that goes on writing until the signal takes
    /// effect causes further events, and these must not postpone the deadline.
    pub fn next(&mut self, now: Instant, too_much_output: bool) -> Action {
        // The deadline counts even if events come all the time.
        let is_overdue = now >= self.deadline;
        if too_much_output && !self.killed {
            self.killed_for = self.killed_for.or(Some(End::TooMuchOutput));
        }
        if self.leader_ended {
            return if is_overdue { Action::StopReading } else { Action::Wait };
        }
        if self.killed {
            return if is_overdue { Action::GiveUp } else { Action::Wait };
        }
        if is_overdue && self.killed_for.is_none() {
            self.killed_for = Some(End::TimedOut);
        }
        if self.killed_for.is_some() || self.interrupted {
            self.killed = true;
            self.deadline = now + GRACE;
            return Action::Kill;
        }
        Action::Wait
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);
    const STEP: Duration = Duration::from_millis(10);

    #[test]
    fn a_program_is_killed_once_after_an_interrupt() {
        let start = Instant::now();
        let mut supervision = Supervision::new(start + TIMEOUT);
        assert_eq!(supervision.next(start, false), Action::Wait);
        supervision.interrupt();
        assert_eq!(supervision.next(start, false), Action::Kill);
        // A flood of output brings one event after another; none of them postpones the deadline.
        let deadline = start + GRACE;
        let mut now = start;
        while now + STEP < deadline {
            now += STEP;
            assert_eq!(supervision.next(now, false), Action::Wait, "after {:?}", now - start);
            assert_eq!(supervision.deadline(), deadline, "after {:?}", now - start);
        }
        assert_eq!(supervision.next(deadline, false), Action::GiveUp);
    }

    #[test]
    fn too_much_output_after_an_interrupt_does_not_kill_again() {
        let start = Instant::now();
        let mut supervision = Supervision::new(start + TIMEOUT);
        supervision.interrupt();
        assert_eq!(supervision.next(start, false), Action::Kill);
        assert_eq!(supervision.next(start + STEP, true), Action::Wait);
        assert_eq!(supervision.deadline(), start + GRACE);
    }

    #[test]
    fn an_interrupt_after_a_kill_does_not_kill_again() {
        let start = Instant::now();
        let mut supervision = Supervision::new(start + TIMEOUT);
        assert_eq!(supervision.next(start, true), Action::Kill);
        supervision.interrupt();
        assert_eq!(supervision.next(start + STEP, false), Action::Wait);
        assert_eq!(supervision.deadline(), start + GRACE);
        assert_eq!(supervision.killed_for(), Some(End::TooMuchOutput));
    }

    #[test]
    fn an_interrupt_at_the_deadline_kills_the_program() {
        let start = Instant::now();
        let mut supervision = Supervision::new(start + TIMEOUT);
        supervision.interrupt();
        assert_eq!(supervision.next(start + TIMEOUT, false), Action::Kill);
    }

    #[test]
    fn a_program_is_killed_at_its_deadline_though_events_come_all_the_time() {
        let start = Instant::now();
        let mut supervision = Supervision::new(start + TIMEOUT);
        assert_eq!(supervision.next(start + TIMEOUT - STEP, false), Action::Wait);
        assert_eq!(supervision.next(start + TIMEOUT, false), Action::Kill);
        assert_eq!(supervision.killed_for(), Some(End::TimedOut));
        supervision.leader_ended(start + TIMEOUT + STEP);
        assert_eq!(supervision.next(start + TIMEOUT + STEP, false), Action::Wait);
        assert_eq!(supervision.killed_for(), Some(End::TimedOut));
    }

    #[test]
    fn output_is_read_for_a_moment_after_the_end_of_the_program() {
        let start = Instant::now();
        let mut supervision = Supervision::new(start + TIMEOUT);
        supervision.leader_ended(start);
        assert_eq!(supervision.next(start + GRACE - STEP, false), Action::Wait);
        assert_eq!(supervision.next(start + GRACE, false), Action::StopReading);
        assert_eq!(supervision.killed_for(), None);
    }

    #[test]
    fn an_ended_program_is_not_killed() {
        let start = Instant::now();
        let mut supervision = Supervision::new(start + TIMEOUT);
        supervision.leader_ended(start);
        supervision.interrupt();
        assert_eq!(supervision.next(start, true), Action::Wait);
        // What the program printed before its end exceeds the limit nevertheless.
        assert_eq!(supervision.killed_for(), Some(End::TooMuchOutput));
        assert_eq!(supervision.deadline(), start + GRACE);
    }
}
