//! Runs the program in the rows of a case, and searches the flags that it needs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use crate::exit;
use crate::explain::evidence::Explained;
use crate::model::case::{Case, DEFAULT_ROW, Row};
use crate::model::cell::Position;
use crate::model::column::Column;
use crate::model::grant::Grant;
use crate::model::outcome::End;
use crate::model::target::Target;
use crate::model::trace::Trace;
use crate::model::unsteady::Unsteady;
use crate::session::minimize::{Answer, Candidate, Equality, most_tried};
use crate::session::probe::{MOST_NATIVE, Probe, candidates_for};
use crate::snapshot::format::Drawn;
use crate::snapshot::table::Table;

/// The name of the row with the flags that a search has found.
const GRANTS: &str = "grants";

/// The name of the row with all flags of a search that did not help.
pub const TRIED: &str = "tried";

/// What the runs of a case have shown.
pub struct Checked {
    /// The case, with rows for the flags that were found.
    pub case: Case,
    pub table: Table,
    /// By wasm target; none for one that does not compile.
    pub answers: BTreeMap<Target, Answer>,
    /// Why it differs: without flags, and with all that were tried if they do not help.
    pub explained: Vec<Explained>,
    /// What differs natively from run to run, and is not compared.
    pub unsteady: Unsteady,
    /// What strace saw natively, if it is installed and all calls are wanted.
    pub native: Option<Trace>,
}

/// A case that has no result, because the program has no comparable outcome natively or the harness could not run it.
pub struct Unchecked {
    /// The name of the case.
    pub case: String,
    /// What happened, with help if there is some.
    pub why: String,
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
    // Each target is explained in two rows, which takes a traced run and one with all variables each. A larger stack
    // is one more candidate of the search. And a row that was found for one target is run for the other.
    (cells(false) * MOST_NATIVE, cells(true) + wasm(case).count() * (most_tried(candidates) + 9))
}

/// Runs each of these cases by `run`. A case that has no result costs no other one its own. Stops after an interrupt.
///
/// # Errors
/// Those that concern all cases.
pub fn each<C>(
    cases: &[(Case, C)],
    is_interrupted: impl Fn() -> bool,
    run: impl Fn(&Case, &C) -> Result<Checked>,
) -> Result<(Vec<Checked>, Vec<Unchecked>)> {
    let (mut checked, mut unchecked) = (Vec::new(), Vec::new());
    for (case, with) in cases {
        if is_interrupted() {
            break;
        }
        match run(case, with) {
            Ok(one) => checked.push(one),
            Err(error) if exit::concerns_all(&error) => return Err(error),
            Err(error) => unchecked.push(Unchecked { case: case.name.clone(), why: format!("{error:#}") }),
        }
    }
    Ok((checked, unchecked))
}

/// Runs the case of `probe`. With `trace`, the native program is run once more under strace, if that is installed.
///
/// # Errors
/// If a run has no outcome.
pub fn run(probe: &Probe<'_>, equality: Equality, candidates: &[Candidate], trace: bool) -> Result<Checked> {
    let columns: Vec<_> = probe.case.targets.iter().copied().map(Column::pinned).collect();
    let mut rows = probe.case.rows.clone();
    let mut outcomes = probe.run(rows.clone(), &columns)?;
    let at = Position::pinned(DEFAULT_ROW, Target::Native);
    let native = outcomes.get(&at).context("the program was interrupted")?;
    has_ended(&probe.example.name, probe.case, &native.outcome.end)?;
    let again = probe.run_natively_again()?;
    let unsteady = unsteady(&probe.example.name, native, &again)?;
    for drawn in outcomes.values_mut().filter(|_| !unsteady.parts.is_empty()) {
        let mut outcome = drawn.outcome.clone();
        unsteady.hide(&mut outcome);
        *drawn = Drawn::new(outcome);
    }
    let native = outcomes[&at].clone();
    let probe = &Probe { unsteady: Some(&unsteady), ..*probe };
    let mut answers = BTreeMap::new();
    let mut differing = outcomes.clone();
    for target in wasm(probe.case) {
        if probe.built.failure(&Column::pinned(*target).unit(&probe.example.name)).is_some() {
            continue;
        }
        let without = outcomes.get(&Position::pinned(DEFAULT_ROW, *target)).map(|drawn| &drawn.outcome.end);
        let more = without.and_then(candidates_for);
        let candidates: Vec<_> = candidates.iter().cloned().chain(more).collect();
        let answer = probe.search(*target, &native, equality, &candidates)?;
        // A grant that does not help, or allows nothing, is not worth a row.
        if let Some(grant) = answer.grant.as_ref().filter(|grant| **grant != Grant::default()) {
            let name = row_of(grant, &mut rows, *target);
            outcomes.insert(Position::pinned(&name, *target), answer.outcome.clone());
        }
        if let Some(grant) = &answer.as_far {
            if *grant != Grant::default() {
                let name = row_of(grant, &mut rows, *target);
                outcomes.insert(Position::pinned(&name, *target), answer.outcome.clone());
            }
            differing.insert(Position::pinned(TRIED, *target), answer.outcome.clone());
        }
        answers.insert(*target, answer);
    }
    // What was found for one target is tried for the other, too. Where the program does not compile, nothing is run.
    for row in &rows[probe.case.rows.len()..] {
        let is_missing =
            |column: &&Column| !outcomes.contains_key(&Position::pinned(&row.name, column.target));
        let missing: Vec<_> = columns.iter().filter(is_missing).cloned().collect();
        if !missing.is_empty() {
            outcomes.extend(probe.run(vec![row.clone()], &missing)?);
        }
    }
    let all = Grant::default().with(candidates.iter().map(|candidate| &candidate.grant));
    let tried = Row { name: TRIED.into(), grant: all, ..Row::default_row() };
    differing.retain(|position, _| [DEFAULT_ROW, TRIED].contains(&position.row.as_str()));
    let explained = probe.explain(vec![Row::default_row(), tried], &columns, &differing)?;
    let native = if trace && !explained.is_empty() { probe.native_trace()? } else { None };
    let case = Case { rows, ..probe.case.clone() };
    let table = Table::empty(&probe.example.name, &case, &columns).merge(None, &outcomes);
    Ok(Checked { case, table, answers, explained, unsteady, native })
}

/// What differs between the first native run and the others.
///
/// # Errors
/// If they end differently.
fn unsteady(name: &str, first: &Drawn, others: &[Drawn]) -> Result<Unsteady> {
    let ends: BTreeSet<_> =
        [first].into_iter().chain(others).map(|run| run.outcome.end.to_string()).collect();
    if ends.len() > 1 {
        let ends = ends.into_iter().collect::<Vec<_>>().join(" or ");
        let message = format!("{name} does not always end in the same way natively: {ends}");
        let help = "help: call it so that it does; otherwise there is nothing to compare with";
        return Err(exit::error(exit::HARNESS, format!("{message}\n{help}")));
    }
    let outcomes = [first].into_iter().chain(others).map(|run| &run.outcome);
    Ok(Unsteady::of(&outcomes.collect::<Vec<_>>()))
}

/// Checks that a program has ended natively: what is cut off says nothing about what would have followed.
fn has_ended(name: &str, case: &Case, end: &End) -> Result<()> {
    let (why, help) = match end {
        End::TimedOut => (
            format!("does not end natively: it was stopped after {:?}", case.timeout),
            "give it less to do, or more time with --timeout",
        ),
        End::TooMuchOutput => {
            ("prints more than 1 MiB natively: it was stopped".into(), "give it less to do")
        }
        _ => return Ok(()),
    };
    let message = format!("{name} {why}\nhelp: {help}; without an end there is nothing to compare with");
    Err(exit::error(exit::HARNESS, message))
}

/// The name of the row with this grant and nothing else, which is added unless there is one.
fn row_of(grant: &Grant, rows: &mut Vec<Row>, target: Target) -> String {
    let is_same = |row: &&Row| row.grant == *grant && row.flags.is_empty() && row.compose.is_empty();
    if let Some(row) = rows.iter().find(is_same) {
        return row.name.clone();
    }
    let name = match rows.iter().any(|row| row.name == GRANTS) {
        true => format!("{GRANTS}-{target}"),
        false => GRANTS.into(),
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
        assert_eq!(row_of(&here, &mut rows, Target::Wasip1), "grants");
        assert_eq!(row_of(&here, &mut rows, Target::Wasip2), "grants");
        assert_eq!(row_of(&data, &mut rows, Target::Wasip2), "grants-wasip2");
        assert_eq!(rows.len(), 3);
        let own = Row { name: "own".into(), grant: here.clone(), ..Row::default_row() };
        let mut rows = vec![Row::default_row(), own];
        assert_eq!(row_of(&here, &mut rows, Target::Wasip1), "own");
    }
}
