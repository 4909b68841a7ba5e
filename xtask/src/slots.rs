//! How many cells run at a time: as many as there are slots, but who waits takes none.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most cells are done by then. One that is not mostly waits: for a clock, for a peer, for its own
/// end by a timeout.
const YOUNG: Duration = Duration::from_millis(40);

/// How many times more cells than slots run at most.
const MOST: usize = 4;

/// Slots for cells.
pub struct Slots {
    slots: usize,
    /// Whether a cell gives its slot back when it is no longer young.
    lends: bool,
    /// When those that run have begun.
    begun: Mutex<Vec<Instant>>,
    ended: Condvar,
}

/// A slot that is given back when this is dropped.
pub struct Slot<'a> {
    slots: &'a Slots,
    begun: Instant,
}

impl Slots {
    /// Exactly so many run at a time.
    pub fn exactly(slots: usize) -> Slots {
        Slots { slots, lends: false, begun: Mutex::default(), ended: Condvar::new() }
    }

    /// So many keep the machine busy, and others may wait beside them.
    pub fn busy(slots: usize) -> Slots {
        Slots { lends: true, ..Slots::exactly(slots) }
    }

    /// How many cells run at most.
    pub fn most(&self) -> usize {
        if self.lends { self.slots * MOST } else { self.slots }
    }

    /// Waits for a slot.
    pub fn take(&self) -> Slot<'_> {
        Slot { slots: self, begun: self.wait(self.running()) }
    }

    /// Waits until one more may run, and gives when it has begun.
    fn wait(&self, mut running: MutexGuard<'_, Vec<Instant>>) -> Instant {
        loop {
            let now = Instant::now();
            let young = running.iter().filter(|begun| !self.lends || now.duration_since(**begun) < YOUNG);
            let (count, oldest) =
                young.fold((0, now), |(count, oldest), begun| (count + 1, oldest.min(*begun)));
            if count < self.slots && running.len() < self.most() {
                running.push(now);
                return now;
            }
            // Until one ends, or the oldest of the young is young no more.
            let patience = if self.lends { YOUNG - now.duration_since(oldest).min(YOUNG) } else { YOUNG };
            let patience = patience.max(Duration::from_millis(1));
            running = self.ended.wait_timeout(running, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn running(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot<'_> {
    /// Gives the slot back and takes the next. Whoever gives back takes first, so that no thread is
    /// woken only to find nothing.
    pub fn renew(&mut self) {
        let mut running = self.slots.running();
        remove(&mut running, self.begun);
        self.begun = self.slots.wait(running);
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        remove(&mut self.slots.running(), self.begun);
        self.slots.ended.notify_one();
    }
}

fn remove(running: &mut Vec<Instant>, begun: Instant) {
    if let Some(at) = running.iter().position(|other| *other == begun) {
        running.swap_remove(at);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    /// How many of `threads` were running at once, when each runs for `long`.
    fn at_once(slots: &Slots, threads: usize, long: Duration) -> usize {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let _slot = slots.take();
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(long);
                    running.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        most.into_inner()
    }

    #[test]
    fn exactly_so_many() {
        assert_eq!(at_once(&Slots::exactly(2), 8, YOUNG * 2), 2);
        assert_eq!(at_once(&Slots::exactly(1), 3, Duration::from_millis(1)), 1);
    }

    #[test]
    fn who_waits_takes_no_slot() {
        assert_eq!(at_once(&Slots::busy(1), 8, YOUNG * 20), MOST);
    }
}
