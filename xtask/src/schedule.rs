//! In which order cells begin, and how their results are put back into the order of the report.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::mpsc::Receiver;

use anyhow::{Context, Result};

use crate::build::Unit;
use crate::cell::Cell;
use crate::random::Random;
use crate::run::{Job, Left};

/// The order in which cells begin: as they stand, or shuffled by a seed; but before all others one
/// cell for each unit that is to be compiled, so that its other cells find that done.
pub fn order(units: &[Unit], repeat: usize, seed: Option<u64>, to_compile: &BTreeSet<Unit>) -> Vec<Job> {
    let rounds = |cell| (0..repeat).map(move |round| Job { cell, round });
    let mut jobs: Vec<_> = (0..units.len()).flat_map(rounds).collect();
    if let Some(seed) = seed {
        Random::new(seed).shuffle(&mut jobs);
    }
    let mut to_compile = to_compile.clone();
    let (mut first, others): (Vec<_>, Vec<_>) =
        jobs.into_iter().partition(|job| to_compile.remove(&units[job.cell]));
    first.extend(others);
    first
}

/// The seed of `--shuffle[=SEED]`; one that is not given is chosen, and said.
pub fn seed(shuffle: Option<Option<u64>>, say: &dyn Fn(&str)) -> Option<u64> {
    let seed =
        shuffle?.unwrap_or_else(|| std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0));
    say(&format!("Shuffled: --shuffle={seed} gives this order again"));
    Some(seed)
}

/// The numbers of the cells of each case; the cells of a case stand together.
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

/// What has become of jobs so far, and where more comes from.
pub struct Runs {
    receiver: Receiver<(Job, Result<Left>)>,
    /// What came before it was asked for.
    early: BTreeMap<Job, Left>,
    done: usize,
}

impl Runs {
    pub fn new(receiver: Receiver<(Job, Result<Left>)>) -> Runs {
        Runs { receiver, early: BTreeMap::new(), done: 0 }
    }

    /// Waits for all repetitions of these cells, and gives them cell by cell.
    pub fn take(
        &mut self,
        cells: Range<usize>,
        repeat: usize,
        progress: impl Fn(usize),
    ) -> Result<Vec<Vec<Left>>> {
        let mut taken = Vec::new();
        for cell in cells {
            let mut rounds = Vec::new();
            for round in 0..repeat {
                let job = Job { cell, round };
                while !self.early.contains_key(&job) {
                    let (job, left) =
                        self.receiver.recv().context("a thread that runs cells has panicked")?;
                    self.early.insert(job, left?);
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
    use crate::target::Target;

    fn units(of_each: usize, targets: &[Target]) -> Vec<Unit> {
        targets.iter().flat_map(|target| vec![("cat".to_string(), *target); of_each]).collect()
    }

    #[test]
    fn a_seed_gives_an_order_of_all_jobs() {
        let order = |seed| order(&units(20, &[Target::NATIVE]), 2, seed, &BTreeSet::new());
        let plain = order(None);
        let shuffled = order(Some(7));
        assert_eq!(shuffled, order(Some(7)));
        assert_ne!(shuffled, plain);
        assert_ne!(shuffled, order(Some(8)));
        let mut sorted = shuffled;
        sorted.sort();
        assert_eq!(sorted, plain);
    }

    #[test]
    fn who_compiles_begins_first() {
        let units = units(2, &[Target::NATIVE, Target::WASIP1, Target::WASIP2]);
        let cells = |to_compile: &[&Unit]| {
            let jobs = order(&units, 1, None, &to_compile.iter().copied().cloned().collect());
            jobs.iter().map(|job| job.cell).collect::<Vec<_>>()
        };
        assert_eq!(cells(&[&units[2], &units[4]]), [2, 4, 0, 1, 3, 5]);
        assert_eq!(cells(&[]), [0, 1, 2, 3, 4, 5]);
    }
}
