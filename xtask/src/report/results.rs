//! The results of a run, which all reports show.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::exit;
use crate::model::cell::Cell;
use crate::model::column::{Column, Unit};
use crate::report::page::file::Update;
use crate::snapshot::compare::{Comparison, SnapshotPolicy, Status};
use crate::snapshot::format::Drawn;
use crate::snapshot::store::UpdateMode;

/// The result of a case.
pub struct CaseResult<'a> {
    /// The cells of this run; there is at least one.
    pub cells: Vec<CellResult<'a>>,
    /// The outcomes of those cells, compared with the snapshot.
    pub comparison: Comparison,
    /// The units that do not build although the case needs them on the machine itself: its native program,
    /// or its peer. Such a case is an error, and nothing of it is recorded.
    pub unbuilt: Vec<Unit>,
}

/// The result of a cell.
pub struct CellResult<'a> {
    pub cell: Cell<'a>,
    /// The outcome of the first repetition.
    pub outcome: Drawn,
    /// The first outcome of a later repetition that differs, if there is one.
    pub unsteady: Option<Drawn>,
    /// How long all repetitions took together.
    pub took: Duration,
    /// From the start of the first repetition to the end of the last one; `None` if the cell could not be run.
    pub span: Option<Range<Instant>>,
    /// What a user types in the scratch directory for the same run; `None` if the cell could not be run.
    pub typed: Option<String>,
}

impl<'a> CaseResult<'a> {
    /// The id of the case.
    pub fn id(&self) -> String {
        self.cells[0].cell.case_id()
    }

    /// The names of the example and the case.
    pub fn names(&self) -> (&str, &str) {
        let cell = &self.cells[0].cell;
        (&cell.example.name, &cell.case.name)
    }

    /// Whether no cell differs between repetitions.
    pub fn is_steady(&self) -> bool {
        self.cells.iter().all(|cell| cell.unsteady.is_none())
    }

    /// Whether the program does not compile natively although it is meant to.
    pub fn is_broken(&self) -> bool {
        !self.unbuilt.is_empty()
    }

    /// Whether this case makes the run fail.
    pub fn failed(&self) -> bool {
        self.is_broken()
            || !self.is_steady()
            || self.comparison.status != Status::Agrees && !self.comparison.is_accepted
    }

    /// Whether all cells that the case has in `columns` were run.
    pub fn is_whole(&self, columns: &[Column]) -> bool {
        let case = self.cells[0].cell.case;
        let cells = |row| columns.iter().filter(|column| case.runs(row, column)).count();
        case.rows.iter().map(cells).sum::<usize>() == self.cells.len()
    }

    /// The time from the start of its first cell to the end of its last one.
    pub fn took(&self) -> Duration {
        let spans = || self.cells.iter().filter_map(|cell| cell.span.as_ref());
        let first = spans().map(|span| span.start).min();
        let last = spans().map(|span| span.end).max();
        first.zip(last).map_or(Duration::ZERO, |(first, last)| last.duration_since(first))
    }

    /// The status of the case.
    pub fn status(&self) -> CaseStatus {
        match self.comparison.status {
            _ if self.is_broken() => CaseStatus::Broken,
            _ if !self.is_steady() => CaseStatus::Unsteady,
            Status::Agrees => CaseStatus::Pass,
            _ if self.comparison.is_accepted => CaseStatus::Accepted,
            Status::Differs => CaseStatus::Fail,
            Status::New => CaseStatus::New,
        }
    }

    /// Whether outcomes of this run are about to be recorded that were not recorded before.
    pub fn is_recorded_anew(&self) -> bool {
        self.comparison.is_accepted && !self.comparison.differing.is_empty()
    }

    /// The ids of the cells that differ from the snapshot or between repetitions.
    pub fn differing_ids(&self) -> Vec<String> {
        self.differing().map(|result| result.cell.id()).collect()
    }

    /// The cells that differ from the snapshot or between repetitions.
    pub fn differing(&self) -> impl Iterator<Item = &CellResult<'a>> {
        let differs = |result: &&CellResult<'_>| {
            result.unsteady.is_some()
                || self
                    .comparison
                    .differing
                    .iter()
                    .any(|differing| differing.position == result.cell.position())
        };
        self.cells.iter().filter(differs)
    }
}

/// A cell that has no outcome, because the harness could not run it to its end.
pub struct LostCell {
    /// The name of its example.
    pub example: String,
    pub id: String,
    pub why: String,
}

/// The status of a case in a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CaseStatus {
    /// It is as recorded.
    Pass,
    /// It differs from its snapshot.
    Fail,
    /// It has no snapshot.
    New,
    /// It differed from its snapshot or had none, and was accepted.
    Accepted,
    /// It differs between repetitions.
    Unsteady,
    /// Its program does not compile natively, which the case does not say.
    Broken,
}

impl CaseStatus {
    /// Its name in the report for other programs.
    pub fn name(self) -> &'static str {
        match self {
            CaseStatus::Pass => "pass",
            CaseStatus::Fail => "fail",
            CaseStatus::New => "new",
            CaseStatus::Accepted => "accepted",
            CaseStatus::Unsteady => "unsteady",
            CaseStatus::Broken => "broken",
        }
    }
}

/// The figures of a run.
#[derive(Default)]
pub struct Summary {
    /// The number of cases that passed, including those that were accepted.
    pub passed: usize,
    /// The number of cases that failed.
    pub failed: usize,
    /// The number of those that failed because their program does not compile natively.
    pub broken: usize,
    /// The number of cases that were accepted in this run.
    pub accepted: usize,
    /// The examples of those cases.
    pub accepted_examples: BTreeSet<String>,
    /// The number of cells of all these cases.
    pub cells: usize,
    /// The number of cells that the harness could not run to their end.
    pub without_outcome: usize,
    /// The number of cases that were not compared because the run ended early.
    pub not_run: usize,
    /// The orphans: snapshots, rows, columns and cells that belong to no case any more.
    pub orphans: Vec<String>,
    /// Whether the page of divergences was updated because of what was accepted.
    pub page: Update,
    /// Which rules have changed because of what was accepted or pruned, in a few lines.
    pub rules: Option<String>,
    /// Whether the rules of what was accepted could not be found.
    pub without_rules: bool,
}

impl Summary {
    /// Adds the result of a case.
    pub fn add(&mut self, result: &CaseResult<'_>) {
        self.cells += result.cells.len();
        self.broken += usize::from(result.is_broken());
        match (result.failed(), result.status()) {
            (true, _) => self.failed += 1,
            (false, status) => {
                self.passed += 1;
                if status == CaseStatus::Accepted {
                    self.accepted += 1;
                    self.accepted_examples.insert(result.names().0.into());
                }
            }
        }
    }

    /// Whether orphans make the run fail.
    pub fn orphans_fail(&self, policy: SnapshotPolicy) -> bool {
        policy.update == UpdateMode::Check && !self.orphans.is_empty()
    }

    /// The exit code of the run.
    pub fn exit_code(&self, policy: SnapshotPolicy) -> u8 {
        match self.failed > 0 || self.orphans_fail(policy) {
            _ if self.broken > 0 || self.without_outcome > 0 || self.without_rules => exit::HARNESS,
            true => exit::DIFFERS,
            false => exit::OK,
        }
    }
}
