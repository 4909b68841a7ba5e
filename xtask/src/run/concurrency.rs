//! How many cells run at a time.
//!
//! A cell needs a permit to run. With [`Concurrency::per_core`], cells that have run for a while do not
//! count any more, as nearly all of them are idle: they wait for a clock, a peer or their own timeout.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

/// How long a cell counts as busy. Most cells have ended by then; most of those that have not are idle.
const BUSY: Duration = Duration::from_millis(40);

/// At most this many times as many cells run as may be busy.
const MAX_FACTOR: usize = 4;

/// A semaphore that limits how many cells run at a time.
pub struct Concurrency {
    limit: usize,
    /// Whether a cell that has run for longer than [`BUSY`] still counts towards the limit.
    counts_idle: bool,
    /// When each of the running cells was started.
    started: Mutex<Vec<Instant>>,
    /// Notified when a cell has ended.
    ended: Condvar,
    /// Locked by each cell that runs, and exclusively by one that runs alone.
    alone: RwLock<()>,
}

/// The right to run one cell, which ends when this is dropped.
pub struct Permit<'a> {
    concurrency: &'a Concurrency,
    started: Instant,
}

/// How many processes can run at a time.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

impl Concurrency {
    /// At most `limit` cells run at a time, idle or not.
    pub fn exactly(limit: usize) -> Concurrency {
        Concurrency {
            limit,
            counts_idle: true,
            started: Mutex::default(),
            ended: Condvar::new(),
            alone: RwLock::default(),
        }
    }

    /// At most `cores` busy cells run at a time, and idle ones beside them, in total at most four times
    /// as many.
    pub fn per_core(cores: usize) -> Concurrency {
        Concurrency { counts_idle: false, ..Concurrency::exactly(cores) }
    }

    /// As [`Concurrency::per_core`], for the cores of this machine.
    pub fn usual() -> Concurrency {
        Concurrency::per_core(cores())
    }

    /// The most cells that ever run at a time, and so the number of threads that make sense.
    pub fn max(&self) -> usize {
        if self.counts_idle { self.limit } else { self.limit * MAX_FACTOR }
    }

    /// Waits until another cell may run.
    pub fn acquire(&self) -> Permit<'_> {
        Permit { concurrency: self, started: self.wait(self.running()) }
    }

    /// Waits until another cell may run, adds it to `running`, and returns when it was started.
    fn wait(&self, mut running: MutexGuard<'_, Vec<Instant>>) -> Instant {
        loop {
            let now = Instant::now();
            let counted =
                running.iter().filter(|started| self.counts_idle || now.duration_since(**started) < BUSY);
            let (count, oldest) =
                counted.fold((0, now), |(count, oldest), started| (count + 1, oldest.min(*started)));
            if count < self.limit && running.len() < self.max() {
                running.push(now);
                return now;
            }
            // Until a cell ends, or the oldest of those that count does not count any more.
            let patience = if self.counts_idle { BUSY } else { BUSY - now.duration_since(oldest).min(BUSY) };
            let patience = patience.max(Duration::from_millis(1));
            running = self.ended.wait_timeout(running, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until no cell runs alone. As long as the result exists, none will.
    pub fn beside_others(&self) -> RwLockReadGuard<'_, ()> {
        self.alone.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no cell runs. As long as the result exists, no other one will.
    pub fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.alone.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// Exchanges this permit for a new one, because one cell has ended and the next is to run. Other
    /// threads that wait are passed over: to wake one of them for the permit that this thread would
    /// take at once costs a context switch for each cell.
    pub fn renew(&mut self) {
        let mut running = self.concurrency.running();
        remove(&mut running, self.started);
        self.started = self.concurrency.wait(running);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        remove(&mut self.concurrency.running(), self.started);
        self.concurrency.ended.notify_one();
    }
}

/// Removes one cell that was started at that time. Which of several does not matter.
fn remove(running: &mut Vec<Instant>, started: Instant) {
    if let Some(at) = running.iter().position(|other| *other == started) {
        running.swap_remove(at);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// The most of `threads` cells that ran at a time, where each runs for `duration`.
    fn most_at_a_time(concurrency: &Concurrency, threads: usize, duration: Duration) -> usize {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let _permit = concurrency.acquire();
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(duration);
                    running.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        most.into_inner()
    }

    #[test]
    fn no_more_cells_run_than_the_limit() {
        assert_eq!(most_at_a_time(&Concurrency::exactly(2), 8, BUSY * 2), 2);
        assert_eq!(most_at_a_time(&Concurrency::exactly(1), 3, Duration::from_millis(1)), 1);
    }

    #[test]
    fn idle_cells_do_not_count() {
        assert_eq!(most_at_a_time(&Concurrency::per_core(1), 8, BUSY * 20), MAX_FACTOR);
    }
}
