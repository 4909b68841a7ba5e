//! Runs the program in the rows of a case, and searches the flags that it needs.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::model::case::{Case, DEFAULT_ROW, Row};
use crate::model::cell::Position;
use crate::model::column::Column;
use crate::model::grant::Grant;
use crate::model::target::Target;
use crate::session::minimize::{Answer, Candidate, Equality, most_tried};
use crate::session::probe::Probe;
use crate::snapshot::table::Table;

/// The name of the row with the flags that a search has found.
const GRANTS: &str = "grants";

/// The name of the row with all flags that were tried, if no search found any.
const EVERYTHING: &str = "everything";

/// What the runs of a case have shown.
pub struct Checked {
    /// The case, with rows for the flags that were found.
    pub case: Case,
    pub table: Table,
    /// By wasm target; none for one that does not compile.
    pub answers: BTreeMap<Target, Answer>,
}

impl Checked {
    /// Whether the program does what it does natively, perhaps with flags, on all wasm targets of the case.
    pub fn agrees(&self) -> bool {
        let agrees = |target| self.answers.get(target).is_some_and(|answer| answer.grant.is_some());
        wasm(&self.case).all(agrees)
    }
}

/// The wasm targets of a case.
pub fn wasm(case: &Case) -> impl Iterator<Item = &Target> {
    case.targets.iter().filter(|target| target.is_wasm())
}

/// How often the program of a case is run at most, natively and under wasmtime.
pub fn most_runs(case: &Case, candidates: &[Candidate]) -> (usize, usize) {
    let columns: Vec<_> = case.targets.iter().copied().map(Column::pinned).collect();
    let cells = |is_wasm| {
        let columns = columns.iter().filter(|column| column.target.is_wasm() == is_wasm);
        columns.flat_map(|column| case.rows.iter().filter(|row| case.runs(row, column))).count()
    };
    (cells(false), cells(true) + wasm(case).count() * most_tried(candidates))
}

/// Runs the case of `probe`.
///
/// # Errors
/// If a run has no outcome.
pub fn run(probe: &Probe<'_>, equality: Equality, candidates: &[Candidate]) -> Result<Checked> {
    let columns: Vec<_> = probe.case.targets.iter().copied().map(Column::pinned).collect();
    let mut rows = probe.case.rows.clone();
    let mut outcomes = probe.run(rows.clone(), &columns)?;
    let native = outcomes
        .get(&Position::pinned(DEFAULT_ROW, Target::Native))
        .context("the program was interrupted")?
        .clone();
    let mut answers = BTreeMap::new();
    for target in wasm(probe.case) {
        if probe.built.failure(&Column::pinned(*target).unit(&probe.example.name)).is_some() {
            continue;
        }
        let answer = probe.search(*target, &native, equality, candidates)?;
        let everything = Grant::default().with(candidates.iter().map(|candidate| &candidate.grant));
        let without = outcomes.get(&Position::pinned(DEFAULT_ROW, *target));
        let row = match &answer.grant {
            // Flags that do not help get a row, too, if they change something: it shows what is still different.
            None => (without != Some(&answer.outcome)).then_some((EVERYTHING, &everything)),
            Some(grant) => (*grant != Grant::default()).then_some((GRANTS, grant)),
        };
        if let Some((name, grant)) = row {
            let name = row_of(name, grant, &mut rows, *target);
            outcomes.insert(Position::pinned(&name, *target), answer.outcome.clone());
        }
        answers.insert(*target, answer);
    }
    let case = Case { rows, ..probe.case.clone() };
    let table = Table::empty(&probe.example.name, &case, &columns).merge(None, &outcomes);
    Ok(Checked { case, table, answers })
}

/// The name of the row with this grant and nothing else, which is added as `name` unless there is one.
fn row_of(name: &str, grant: &Grant, rows: &mut Vec<Row>, target: Target) -> String {
    let is_same = |row: &&Row| row.grant == *grant && row.flags.is_empty() && row.compose.is_empty();
    if let Some(row) = rows.iter().find(is_same) {
        return row.name.clone();
    }
    let name = match rows.iter().any(|row| row.name == name) {
        true => format!("{name}-{target}"),
        false => name.into(),
    };
    rows.push(Row { name: name.clone(), grant: grant.clone(), ..Row::default_row() });
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_the_same_grant_are_one() {
        let (here, data) = (Grant::of_directory("."), Grant::of_directory("data"));
        let mut rows = vec![Row::default_row()];
        assert_eq!(row_of(GRANTS, &here, &mut rows, Target::Wasip1), "grants");
        assert_eq!(row_of(GRANTS, &here, &mut rows, Target::Wasip2), "grants");
        assert_eq!(row_of(GRANTS, &data, &mut rows, Target::Wasip2), "grants-wasip2");
        assert_eq!(rows.len(), 3);
        let own = Row { name: "own".into(), grant: here.clone(), ..Row::default_row() };
        let mut rows = vec![Row::default_row(), own];
        assert_eq!(row_of(GRANTS, &here, &mut rows, Target::Wasip1), "own");
    }
}
