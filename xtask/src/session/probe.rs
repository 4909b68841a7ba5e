//! Runs one program several times, with grants that are chosen while it runs: what `check` and `grants` share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::build::artifacts::Files;
use crate::build::cargo::{Artifact, Built};
use crate::build::compose::Misfits;
use crate::build::message::Failure;
use crate::build::relink::Relink;
use crate::discover::user_directory::{MOST_BYTES, MOST_ENTRIES};
use crate::explain::evidence::Explained;
use crate::host::hosts::Hosts;
use crate::host::wasmtime::{STACK_EXHAUSTED, can_be_granted};
use crate::model::case::{Case, Row};
use crate::model::cell::{self, Cell, Position};
use crate::model::column::{Column, Unit};
use crate::model::example::Example;
use crate::model::grant::Grant;
use crate::model::outcome::End;
use crate::model::target::Target;
use crate::model::trace::Trace;
use crate::model::tree::{Entry, Tree};
use crate::model::unsteady::Unsteady;
use crate::run::cells::Plan;
use crate::run::concurrency::{Concurrency, cores};
use crate::run::invocation::FIXED_VARIABLES;
use crate::run::schedule;
use crate::run::scratch::Root;
use crate::session::minimize::{Answer, Candidate, Equality, search_as_far};
use crate::session::{Session, cells, explained};
use crate::snapshot::format::Drawn;

/// How deeply nested the directories may be that a search considers.
const DEEPEST: usize = 4;

/// How many directories a search considers at each level.
const MOST_DIRECTORIES: usize = 16;

/// How often a program is run natively at most to see whether it always does the same. If it does one of two things by
/// chance, one of two thousand programs is taken for a steady one.
pub const MOST_NATIVE: usize = 12;

/// How long the native runs after the second one may take together.
const REPETITION: Duration = Duration::from_millis(500);

/// A program that is built, and where it runs.
#[derive(Clone, Copy)]
pub struct Probe<'a> {
    pub session: &'a Session<'a>,
    pub hosts: &'a Hosts,
    pub built: &'a Built,
    pub files: &'a Files,
    pub misfits: &'a Misfits,
    pub scratch: &'a Root,
    /// What is not compared, because it differs natively from run to run.
    pub unsteady: Option<&'a Unsteady>,
    /// The example of which the case is one, or a stand-in for one.
    pub example: &'a Example,
    pub case: &'a Case,
    /// What links the program once more to find out why it differs, if that is possible.
    pub relink: Option<&'a Relink<'a>>,
}

impl Probe<'_> {
    /// Runs the program once in each of these rows and columns, and returns the outcomes.
    ///
    /// # Errors
    /// If a run has no outcome.
    pub fn run(&self, rows: Vec<Row>, columns: &[Column]) -> Result<BTreeMap<Position, Drawn>> {
        let example = self.with_rows(rows);
        let cells = cell::all(&example, columns);
        let mut outcomes = self.with_plan(|plan| cells::once(self.session, plan, &cells))?;
        let position = |cell: &Cell<'_>| Some((cell.position(), outcomes.remove(&cell.id())?));
        Ok(cells.iter().filter_map(position).collect())
    }

    /// Runs the program natively again and again, each time in another directory, and returns the outcomes. The first
    /// time it is another second of the clock than before, and there are further ones if the program is quick. Two runs
    /// never overlap, as both might use the same port.
    ///
    /// # Errors
    /// If a run has no outcome.
    pub fn run_natively_again(&self) -> Result<Vec<Drawn>> {
        let is_interrupted = || self.session.interrupt.signal().is_some();
        schedule::next_second(is_interrupted);
        let example = self.with_rows(vec![Row::default_row()]);
        let columns = [Column::pinned(Target::Native)];
        let cells = cell::all(&example, &columns);
        let mut outcomes = Vec::new();
        let started = Instant::now();
        for round in 1..MOST_NATIVE {
            let spent = started.elapsed();
            if round > 1 && spent + spent / (round as u32 - 1) > REPETITION {
                break;
            }
            let again = self.with_plan(|plan| cells::again(self.session, plan, &cells, round))?;
            outcomes.extend(again.into_values());
        }
        Ok(outcomes)
    }

    /// Explains why the program differs from native in these rows and columns, of which the outcomes are known.
    ///
    /// # Errors
    /// If a run has no outcome.
    pub fn explain(
        &self,
        rows: Vec<Row>,
        columns: &[Column],
        outcomes: &BTreeMap<Position, Drawn>,
    ) -> Result<Vec<Explained>> {
        let example = self.with_rows(rows);
        let cells = cell::all(&example, columns);
        let known = |cell: &Cell<'_>| Some((cell.id(), outcomes.get(&cell.position())?.clone()));
        let outcomes = cells.iter().filter_map(known).collect();
        self.with_plan(|plan| explained::run(self.session, plan, &cells, &outcomes, self.relink))
    }

    /// Returns what strace saw of the native program, if it is installed.
    ///
    /// # Errors
    /// If the run has no outcome.
    pub fn native_trace(&self) -> Result<Option<Trace>> {
        let example = self.with_rows(vec![Row::default_row()]);
        let columns = [Column::pinned(Target::Native)];
        let cells = cell::all(&example, &columns);
        let traces = self.with_plan(|plan| cells::traced(self.session, plan, &cells))?;
        Ok(traces.into_values().next().map(|traced| traced.trace))
    }

    fn with_rows(&self, rows: Vec<Row>) -> [Example; 1] {
        [Example { cases: vec![Case { rows, ..self.case.clone() }], ..self.example.clone() }]
    }

    /// Calls `work` with what is needed to run cells.
    fn with_plan<T>(&self, work: impl FnOnce(Plan<'_>) -> T) -> T {
        let stop = AtomicBool::new(false);
        let concurrency = concurrency(&self.case.fixture);
        work(Plan {
            scratch: self.scratch,
            hosts: self.hosts,
            built: self.built,
            files: self.files,
            misfits: self.misfits,
            concurrency: &concurrency,
            timeout: None,
            keep_scratch: false,
            echo: false,
            traced: false,
            compiled: &self.session.compiled,
            is_known_to_hang: &|_| false,
            unsteady: self.unsteady,
            interrupt: &self.session.interrupt,
            stop: &stop,
        })
    }

    /// Searches the least grant with which the program does on `target` what it does natively.
    ///
    /// # Errors
    /// If a run has no outcome.
    pub fn search(
        &self,
        target: Target,
        native: &Drawn,
        equality: Equality,
        candidates: &[Candidate],
    ) -> Result<Answer> {
        let columns = [Column::pinned(target)];
        search_as_far(&native.outcome, equality, candidates, |grants| {
            let row = |(index, grant): (usize, &Grant)| Row {
                name: format!("tried-{index}"),
                grant: grant.clone(),
                ..Row::default_row()
            };
            let mut outcomes = self.run(grants.iter().enumerate().map(row).collect(), &columns)?;
            let outcome = |index| outcomes.remove(&Position::pinned(&format!("tried-{index}"), target));
            let outcomes: Option<Vec<_>> = (0..grants.len()).map(outcome).collect();
            outcomes.context("the program was interrupted")
        })
    }
}

/// How many runs there may be at a time: fewer if their copies of a directory would together be larger than one may be.
pub fn concurrency(fixture: &Tree) -> Concurrency {
    let by_bytes = MOST_BYTES / fixture.copied_bytes().max(1);
    let by_number = MOST_ENTRIES / fixture.entries.len().max(1);
    let most = by_number.min(usize::try_from(by_bytes).unwrap_or(usize::MAX));
    let unlimited = Concurrency::usual();
    if most >= unlimited.max() { unlimited } else { Concurrency::exactly(most.clamp(1, cores())) }
}

/// What the user allows a search to grant beside the program's own copy of its directory.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    pub directories: Vec<String>,
    pub network: bool,
    pub whole_env: bool,
}

/// Returns what a search tries: the directory of the program and those below it, the variables that the harness
/// and the case set, and what the user allows.
pub fn candidates(case: &Case, allowed: &Allowed) -> Vec<Candidate> {
    let plain = |grant| Candidate { grant, narrower: Vec::new() };
    let here =
        Candidate { grant: Grant::of_directory("."), narrower: below(&case.fixture, Path::new(""), 0) };
    let own = case.env.keys().map(String::as_str).filter(|name| !FIXED_VARIABLES.contains(name));
    let variables = own.chain(FIXED_VARIABLES);
    // What allows most comes first, so that it is left out first.
    let whole_env = allowed.whole_env.then(|| plain(Grant { whole_env: true, ..Grant::default() }));
    let network = Grant { network: true, ..Grant::default() };
    let lookup = Grant { lookup: true, ..Grant::default() };
    let of_network = allowed.network.then(|| [network, lookup].map(plain)).into_iter().flatten();
    whole_env
        .into_iter()
        .chain([here])
        .chain(allowed.directories.iter().map(|directory| plain(Grant::of_directory(directory))))
        .chain(variables.map(|name| plain(Grant::of_variable(name))))
        .chain(of_network)
        .collect()
}

/// Returns what else a search tries for a program that ended so without any flags: a stack as large as natively, if its
/// own was too small.
pub fn candidates_for(end: &End) -> Option<Candidate> {
    /// What Linux gives the main thread.
    const NATIVE_STACK: u64 = 8 << 20;
    let is_exhausted = matches!(end, End::Trap(what) if what == STACK_EXHAUSTED);
    let grant = Grant { stack: Some(NATIVE_STACK), ..Grant::default() };
    is_exhausted.then_some(Candidate { grant, narrower: Vec::new() })
}

/// The candidates for the directories in `parent`.
fn below(fixture: &Tree, parent: &Path, depth: usize) -> Vec<Candidate> {
    if depth == DEEPEST {
        return Vec::new();
    }
    let is_in_parent = |path: &Path| path.parent() == Some(parent);
    let directories =
        fixture.entries.iter().filter(|(path, entry)| **entry == Entry::Directory && is_in_parent(path));
    let candidate = |path: &Path| Candidate {
        grant: Grant::of_directory(path.to_string_lossy()),
        narrower: below(fixture, path, depth + 1),
    };
    let directories = directories.filter(|(path, _)| can_be_granted(path));
    directories.take(MOST_DIRECTORIES).map(|(path, _)| candidate(path)).collect()
}

/// Puts the results of a build into the form in which cells look for them.
pub fn built(results: impl IntoIterator<Item = (Unit, Result<PathBuf, Failure>)>) -> Built {
    let artifact = |result| match result {
        Ok(file) => Artifact::Built(file),
        Err(failure) => Artifact::Failed(failure),
    };
    let artifacts = results.into_iter().map(|(unit, result)| (unit, artifact(result))).collect();
    Built { artifacts, ..Built::default() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn candidates_are_the_directories_and_variables_of_the_case_and_what_is_allowed() {
        let mut case = Case::plain("x");
        // The last ones have no name by which wasmtime could grant them.
        let entries = ["data", "data/deep", "..::x", "data/a::b"].map(|path| (path.into(), Entry::Directory));
        case.fixture = Arc::new(Tree { entries: entries.into() });
        case.env.insert("MODE".into(), "fast".into());
        // A variable that every case has is a candidate once.
        case.env.insert("TZ".into(), "Example/Vienna".into());
        let directory = |candidate: &Candidate| candidate.grant.dirs[0].host.clone();
        let found = candidates(&case, &Allowed::default());
        assert_eq!(directory(&found[0]), ".");
        assert_eq!(directory(&found[0].narrower[0]), "data");
        assert_eq!(directory(&found[0].narrower[0].narrower[0]), "data/deep");
        let numbers = [&found[0], &found[0].narrower[0]].map(|candidate| candidate.narrower.len());
        assert_eq!(numbers, [1, 1]);
        assert_eq!(found[1].grant, Grant::of_variable("MODE"));
        assert_eq!(found.len(), 2 + FIXED_VARIABLES.len());
        let allowed = Allowed { directories: vec!["/etc".into()], network: true, whole_env: true };
        let found = candidates(&case, &allowed);
        // What allows most is left out first.
        assert!(found[0].grant.whole_env);
        assert_eq!(directory(&found[2]), "/etc");
        assert!(found.iter().any(|candidate| candidate.grant.network));
        assert!(found.last().unwrap().grant.lookup);
    }
}
