//! Comparing: what a case did against what was recorded of it, and what is to be written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cases::Case;
use crate::snapshot::{self, Keeping, Place, Staged};
use crate::table::{self, Slot, Table};

/// What was recorded of a case, and what it did in this run.
pub struct Verdict {
    pub status: Status,
    /// The table with the cells of this run and the others as they were recorded.
    pub table: Table,
    /// The cells of this run that are not as recorded, with the letters of then and now.
    pub differing: Vec<Differing>,
    /// The drawn table as it was accepted, and as it is now.
    pub before: String,
    pub now: String,
    /// What the snapshot holds beyond what the case has.
    pub orphans: Vec<String>,
    pub snapshot: PathBuf,
    /// Whether [`write`] will make what the case does now the accepted snapshot.
    pub is_accepted: bool,
    changes: Changes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Agrees,
    /// It is not as recorded.
    Differs,
    /// Nothing is recorded.
    New,
}

pub struct Differing {
    pub place: table::Place,
    /// The letter in the accepted table, if the cell was in it.
    pub before: Option<String>,
    pub now: String,
}

impl fmt::Display for Differing {
    /// As `default@wasip1 A→B`. A letter is a name within its table: if it is the same, it stands
    /// for another outcome now.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (row, column) = &self.place;
        match &self.before {
            None => write!(f, "{row}@{column} is new"),
            Some(before) if *before == self.now => write!(f, "{row}@{column} does something else"),
            Some(before) => write!(f, "{row}@{column} {before}→{}", self.now),
        }
    }
}

/// What is to be written once the run has come to its end.
struct Changes {
    place: Place,
    accept: Option<Staged>,
    /// The pending snapshot: left alone, discarded, or replaced.
    pending: Pending,
}

enum Pending {
    Left,
    Discarded,
    Replaced(Box<Staged>),
}

/// What a comparison is told by the command line.
#[derive(Clone, Copy)]
pub struct Wish {
    pub keeping: Keeping,
    pub prune: bool,
}

/// Compares the outcomes of a case, by their places, with its snapshot. Nothing in `snapshots` is
/// touched; insta's files go to `staging`.
///
/// # Errors
/// If a snapshot is there, but is none.
pub fn case(
    snapshots: &Path,
    staging: &Path,
    example: &str,
    case: &Case,
    ran: &BTreeMap<table::Place, String>,
    wish: Wish,
) -> Result<Verdict> {
    let place = Place::new(snapshots, example, &case.name);
    let current = Table::empty(example, case);
    let accepted = snapshot::accepted(&place)?;
    let pending = snapshot::pending(&place)?;
    let stage = |what: &str, table: &Table| {
        snapshot::stage(staging, &format!("{example}.{}.{what}", case.name), table, case.about.as_deref())
    };

    // What to compare with: the accepted table, after orphans were removed if that was asked for.
    let recorded = accepted.as_ref().map(|accepted| &accepted.table);
    let orphans = recorded.map(|table| table.orphans(&current)).unwrap_or_default();
    let prune = wish.prune && !orphans.is_empty();
    let pruned = recorded.filter(|_| prune).map(|table| table.pruned(&current));
    let pruned_staged = pruned.as_ref().map(|table| stage("pruned", table)).transpose()?;
    let base = pruned.as_ref().or(recorded);

    let merged = current.clone().merge(base, ran);
    let staged = stage("now", &merged)?;
    let reference = pruned_staged
        .as_ref()
        .map(|staged| &staged.recorded)
        .or(accepted.as_ref().map(|accepted| &accepted.recorded));
    let status = match reference {
        None => Status::New,
        Some(reference) if snapshot::agree(reference, &staged.recorded) => Status::Agrees,
        Some(_) => Status::Differs,
    };

    let accept_now = !ran.is_empty()
        && match wish.keeping {
            Keeping::Accept => status != Status::Agrees,
            Keeping::AcceptSeen => status == Status::Differs,
            Keeping::Check | Keeping::Pending => false,
        };
    let unsettled = status != Status::Agrees && !accept_now;
    // A pending snapshot may hold differences of cells that this run has left out. What it alone has
    // of cells that are no more, nobody has ever recorded.
    let to_review = match &pending {
        Some(pending) if prune || orphans.is_empty() => {
            Some(current.clone().merge(Some(&pending.table.pruned(&current)), ran))
        }
        Some(pending) => Some(current.clone().merge(Some(&pending.table), ran)),
        None => unsettled.then(|| merged.clone()),
    };
    let accepted_then = if unsettled { base } else { Some(&merged) };
    let pending = match to_review {
        _ if wish.keeping == Keeping::Check || ran.is_empty() => Pending::Left,
        Some(table) if unsettled || Some(&table) != accepted_then => {
            Pending::Replaced(Box::new(stage("pending", &table)?))
        }
        _ => Pending::Discarded,
    };

    let differing = ran
        .iter()
        .filter(|(place, outcome)| {
            base.and_then(|base| base.slot(place)) != Some(&Slot::Ran((*outcome).clone()))
        })
        .map(|(place, _)| Differing {
            place: place.clone(),
            before: base.filter(|base| base.slot(place).is_some()).map(|base| base.letter(place)),
            now: merged.letter(place),
        })
        .collect();
    let before = base.map(Table::draw).unwrap_or_default();
    let now = merged.draw();
    let accept = if accept_now { Some(staged) } else { pruned_staged };
    Ok(Verdict {
        status,
        table: merged,
        differing,
        before,
        now,
        orphans,
        snapshot: place.path().to_path_buf(),
        is_accepted: accept_now,
        changes: Changes { place, accept, pending },
    })
}

/// Writes what a comparison has found to be written.
pub fn write(verdict: &Verdict) -> Result<()> {
    let Changes { place, accept, pending } = &verdict.changes;
    if let Some(staged) = accept {
        snapshot::accept(place, staged)?;
    }
    match pending {
        Pending::Left => Ok(()),
        Pending::Discarded => snapshot::discard_pending(place),
        Pending::Replaced(staged) => snapshot::keep_pending(place, staged),
    }
}
