//! Compares the outcomes of a case with its snapshot, and decides what to write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::model::case::Case;
use crate::model::cell::Position;
use crate::model::column::Column;
use crate::snapshot::format::Drawn;
use crate::snapshot::store::{self, Location, UpdateMode};
use crate::snapshot::table::Table;

/// The snapshot of a case, compared with the outcomes of this run.
pub struct Comparison {
    /// Whether the case is as recorded.
    pub status: Status,
    /// The table with the outcomes of this run, and for all other cells those of the snapshot.
    pub table: Table,
    /// The cells of this run that differ from the snapshot, in the order of the table.
    pub differing: Vec<Differing>,
    /// The drawn table of the accepted snapshot; empty if there is none.
    pub before: String,
    /// The drawn table as it is now.
    pub now: String,
    /// The rows, columns and cells of the snapshot that the case no longer has.
    pub orphans: Vec<String>,
    /// The path of the accepted snapshot.
    pub snapshot: PathBuf,
    /// Whether [`write`] accepts what the case does now.
    pub is_accepted: bool,
    location: Location,
    about: Option<String>,
    /// The table to write as the accepted snapshot, if any.
    accept: Option<Table>,
    pending: Pending,
}

/// How a case compares with its accepted snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is as recorded.
    Agrees,
    /// It differs from the snapshot.
    Differs,
    /// It has no snapshot.
    New,
}

/// A cell whose outcome differs from the snapshot.
pub struct Differing {
    /// The row and column of the cell.
    pub position: Position,
    /// The letter of the cell in the accepted table, if that has the cell.
    pub before: Option<String>,
    /// The letter of the cell in the table as it is now.
    pub now: String,
}

/// How many cells are listed one by one.
const MOST_CELLS: usize = 3;

/// Describes which cells differ, and how: `default@wasip1 A→B`. Many cells that have changed in the same way
/// are only counted: `7 cells: letters unchanged, other text`. The letters of two tables are independent, so
/// the same letter can mean another outcome.
pub fn changes(differing: &[Differing]) -> Vec<String> {
    let way = |one: &Differing| match &one.before {
        None => "new".to_string(),
        Some(before) if *before == one.now => "letters unchanged, other text".to_string(),
        Some(before) => format!("{before}→{}", one.now),
    };
    let mut ways: Vec<(String, Vec<&Differing>)> = Vec::new();
    for one in differing {
        let way = way(one);
        match ways.iter_mut().find(|(known, _)| *known == way) {
            Some((_, cells)) => cells.push(one),
            None => ways.push((way, vec![one])),
        }
    }
    let described = ways.iter().flat_map(|(way, cells)| match cells.len() > MOST_CELLS {
        true => vec![format!("{} cells: {way}", cells.len())],
        false => cells
            .iter()
            .map(|cell| {
                let way = if cell.before.as_ref() == Some(&cell.now) {
                    "letter unchanged, other text"
                } else {
                    way
                };
                format!("{}@{} {way}", cell.position.row, cell.position.column)
            })
            .collect(),
    });
    described.collect()
}

/// What to do with the pending snapshot.
enum Pending {
    Leave,
    Discard,
    Replace(Box<Table>),
}

/// What to do about differences and orphans, as the user asked for it.
#[derive(Clone, Copy)]
pub struct SnapshotPolicy {
    pub update: UpdateMode,
    /// Whether to remove orphans.
    pub prune: bool,
}

/// Compares the outcomes `ran` of a case with its snapshot in the directory `snapshots`. Nothing is written.
///
/// # Errors
/// If the accepted or the pending snapshot cannot be read or is malformed.
pub fn case(
    snapshots: &Path,
    example: &str,
    case: &Case,
    columns: &[Column],
    ran: &BTreeMap<Position, Drawn>,
    policy: SnapshotPolicy,
) -> Result<Comparison> {
    let location = Location::new(snapshots, example, &case.name);
    // The header of a snapshot is plain text.
    let about = case.about.as_ref().map(|about| about.replace('`', ""));
    let current = Table::empty(example, case, columns);
    let accepted = store::accepted(&location)?;
    let pending = store::pending(&location)?;

    // What to compare with: the accepted table, without orphans if they are to be removed.
    let recorded = accepted.as_ref().map(|accepted| &accepted.table);
    let orphans = recorded.map(|table| table.orphans(&current)).unwrap_or_default();
    let prune = policy.prune && !orphans.is_empty();
    let pruned = recorded.filter(|_| prune).map(|table| table.pruned(&current));
    let base = pruned.as_ref().or(recorded);

    let merged = current.clone().merge(base, ran);
    let status = match (&accepted, &pruned) {
        (None, _) => Status::New,
        (Some(_), Some(pruned)) if *pruned == merged => Status::Agrees,
        (Some(accepted), None) if accepted.agrees(&location, &merged, about.as_deref()) => Status::Agrees,
        (Some(_), _) => Status::Differs,
    };

    let accept_now = !ran.is_empty()
        && match policy.update {
            UpdateMode::Accept => status != Status::Agrees,
            UpdateMode::AcceptSeen => status == Status::Differs,
            UpdateMode::Check | UpdateMode::Pending => false,
        };
    let unsettled = status != Status::Agrees && !accept_now;
    // A pending snapshot may contain differences of cells that this run left out. They are kept, unless the
    // cells no longer exist: those differences were never accepted.
    let to_review = match &pending {
        Some(pending) if prune || orphans.is_empty() => {
            Some(current.clone().merge(Some(&pending.table.pruned(&current)), ran))
        }
        Some(pending) => Some(current.clone().merge(Some(&pending.table), ran)),
        None => unsettled.then(|| merged.clone()),
    };
    let accepted_then = if unsettled { base } else { Some(&merged) };
    let pending = match to_review {
        _ if policy.update == UpdateMode::Check || ran.is_empty() => Pending::Leave,
        Some(table) if unsettled || Some(&table) != accepted_then => Pending::Replace(Box::new(table)),
        _ => Pending::Discard,
    };

    let mut differing: Vec<_> = ran
        .iter()
        .filter(|(position, outcome)| base.and_then(|base| base.outcome(position)) != Some(outcome))
        .map(|(position, _)| Differing {
            position: position.clone(),
            before: base.filter(|base| base.slot(position).is_some()).map(|base| base.letter(position)),
            now: merged.letter(position),
        })
        .collect();
    differing.sort_by_key(|differing| merged.place(&differing.position));
    let before = base.map(Table::draw_unmarked).unwrap_or_default();
    let now = merged.draw_unmarked();
    let accept = if accept_now { Some(merged.clone()) } else { pruned };
    Ok(Comparison {
        status,
        table: merged,
        differing,
        before,
        now,
        orphans,
        snapshot: location.path().to_path_buf(),
        is_accepted: accept_now,
        about,
        location,
        accept,
        pending,
    })
}

/// Writes the accepted and the pending snapshot as the comparison decided.
///
/// # Errors
/// If a file cannot be written or removed.
pub fn write(comparison: &Comparison) -> Result<()> {
    let Comparison { location, about, accept, pending, .. } = comparison;
    let about = about.as_deref();
    if let Some(table) = accept {
        store::accept(location, table, about)?;
    }
    match pending {
        Pending::Leave => Ok(()),
        Pending::Discard => store::discard_pending(location),
        Pending::Replace(table) => store::keep_pending(location, table, about),
    }
}
