//! The order in which cells are started, and how their results are put into the order of the report.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::model::cell::Cell;
use crate::run::cells::{CellRun, Job};
use crate::support::terminal::say;

/// Returns the order in which `cells` cells are started, each of which runs `repeat` times: that of the cells, or
/// shuffled by `seed`.
pub fn order(cells: usize, repeat: usize, seed: Option<u64>) -> Vec<Job> {
    let rounds = |cell| (0..repeat).map(move |round| Job { cell, round });
    let mut jobs: Vec<_> = (0..cells).flat_map(rounds).collect();
    if let Some(seed) = seed {
        fastrand::Rng::with_seed(seed).shuffle(&mut jobs);
    }
    jobs
}

/// Returns the seed of `--shuffle[=SEED]`, or `None` without this flag. Without SEED, the seed is random. Shows
/// the seed to the user.
pub fn seed(shuffle: Option<Option<u64>>) -> Option<u64> {
    let seed =
        shuffle?.unwrap_or_else(|| std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0));
    say(&format!("Shuffled; --shuffle={seed} repeats this order"));
    Some(seed)
}

/// Waits until the wall clock shows another second, or until `is_over`.
pub fn next_second(is_over: impl Fn() -> bool) {
    let second = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let (now, started) = (second(), Instant::now());
    // The clock may be set back meanwhile, so this never waits for much longer than a second.
    while second() == now && started.elapsed() < Duration::from_millis(1500) && !is_over() {
        thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the indices of the cells of each case. The cells of a case must be adjacent.
pub fn cases(cells: &[Cell<'_>]) -> Vec<Range<usize>> {
    let mut first = 0;
    let same_case = |one: &Cell<'_>, other: &Cell<'_>| std::ptr::eq(one.case, other.case);
    cells
        .chunk_by(same_case)
        .map(|case| {
            let numbers = first..first + case.len();
            first = numbers.end;
            numbers
        })
        .collect()
}

/// The results of jobs, in the order in which they are needed.
pub struct Runs {
    receiver: Receiver<(Job, Result<CellRun>)>,
    /// Results that were received before they were needed.
    early: BTreeMap<Job, CellRun>,
    done: usize,
}

impl Runs {
    /// Receives the results from `receiver`.
    pub fn new(receiver: Receiver<(Job, Result<CellRun>)>) -> Runs {
        Runs { receiver, early: BTreeMap::new(), done: 0 }
    }

    /// Waits for all repetitions of `cells`, which are given by index, and returns the results of each cell.
    /// Calls `progress` with the number of finished jobs whenever another job has finished.
    ///
    /// # Errors
    /// If a job failed, or a thread that runs cells has panicked.
    pub fn take(
        &mut self,
        cells: Range<usize>,
        repeat: usize,
        progress: impl Fn(usize),
    ) -> Result<Vec<Vec<CellRun>>> {
        let mut taken = Vec::new();
        for cell in cells {
            let mut rounds = Vec::new();
            for round in 0..repeat {
                let job = Job { cell, round };
                while !self.early.contains_key(&job) {
                    let (job, result) =
                        self.receiver.recv().context("a thread that runs cells has panicked")?;
                    self.early.insert(job, result?);
                    self.done += 1;
                    progress(self.done);
                }
                rounds.extend(self.early.remove(&job));
            }
            taken.push(rounds);
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_an_order_of_all_jobs() {
        let order = |seed| order(20, 2, seed);
        let plain = order(None);
        let shuffled = order(Some(7));
        assert_eq!(shuffled, order(Some(7)));
        assert_ne!(shuffled, plain);
        assert_ne!(shuffled, order(Some(8)));
        let mut sorted = shuffled;
        sorted.sort();
        assert_eq!(sorted, plain);
    }
}
