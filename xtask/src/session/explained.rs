//! Runs cells and explains those that differ from native.
//!
//! An outcome is that of an ordinary run. The trace is that of a second one, in a fresh scratch directory: it costs the
//! program its stderr. If that run ends in another way, no rule uses its trace.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::build::cargo::{Artifact, Built};
use crate::build::lock_file::LockFile;
use crate::build::message::Crate;
use crate::explain::evidence::{Evidence, Explained, Explanation, Traced, agree};
use crate::explain::{self, rules};
use crate::model::case::{DEFAULT_ROW, Row};
use crate::model::cell::Cell;
use crate::model::column::Column;
use crate::model::grant::Grant;
use crate::model::outcome::End;
use crate::model::target::Target;
use crate::model::trace::WasiCall;
use crate::model::verdict::{self, Verdict};
use crate::run::cells::Plan;
use crate::run::invocation;
use crate::session::Session;
use crate::session::cells;
use crate::snapshot::format::Drawn;

/// Explains those of `cells` that differ from the native ones of their cases. `outcomes` are those of all these cells,
/// the native ones among them, by their ids.
///
/// # Errors
/// If a run has no outcome, or an interrupt comes meanwhile.
pub fn run(
    session: &Session<'_>,
    plan: Plan<'_>,
    cells: &[Cell<'_>],
    outcomes: &BTreeMap<String, Drawn>,
) -> Result<Vec<Explained>> {
    fn case<'c>(cell: &Cell<'c>) -> (&'c str, &'c str) {
        (&cell.example.name, &cell.case.name)
    }
    let is_native = |cell: &&Cell<'_>| cell.row.name == DEFAULT_ROW && !cell.column.target.is_wasm();
    let natives: BTreeMap<_, _> =
        cells.iter().filter(is_native).map(|cell| (case(cell), outcomes.get(&cell.id()))).collect();
    let native = |cell: &Cell<'_>| natives.get(&case(cell)).copied().flatten();
    let differing: Vec<_> = cells
        .iter()
        .filter(|cell| cell.column.target.is_wasm())
        .filter_map(|cell| Some((*cell, native(cell)?, outcomes.get(&cell.id())?)))
        .filter(|(_, native, here)| {
            let verdict = Verdict::of(Some(&native.outcome), &here.outcome);
            !matches!(verdict, Verdict::Same | Verdict::NoBaseline)
        })
        .collect();
    let to_trace: Vec<_> = differing
        .iter()
        .filter(|(_, _, here)| can_be_traced(&here.outcome.end))
        .map(|(cell, _, _)| *cell)
        .collect();
    let mut traces = cells::traced(session, plan, &to_trace)?;
    let lock = LockFile::read(&session.workspace.root);
    let mut explained: Vec<_> = differing
        .iter()
        .map(|(cell, native, here)| explained(&plan, &lock, cell, native, here, traces.remove(&cell.id())))
        .collect();
    let cells: BTreeMap<_, _> = differing.iter().map(|(cell, _, _)| (cell.id(), *cell)).collect();
    with_variables(session, plan, &cells, &mut explained)?;
    exit_codes(&cells, outcomes, &mut explained);
    Ok(explained)
}

/// Withdraws the rule about exit codes on wasip2 unless the same program asks for the native code on wasip1, where the
/// host sees which code it asks for.
fn exit_codes(
    cells: &BTreeMap<String, Cell<'_>>,
    outcomes: &BTreeMap<String, Drawn>,
    explained: &mut [Explained],
) {
    let asks_for_it: Vec<String> = explained
        .iter()
        .filter(|one| {
            one.explanation.as_ref().is_some_and(|why| why.rule == &rules::EXIT_CODE && why.call.is_some())
        })
        .map(|one| one.id.clone())
        .collect();
    for one in explained.iter_mut().filter(|one| one.target == Target::Wasip2) {
        let is_guess = |why: &Explanation| why.rule == &rules::EXIT_CODE && why.call.is_none();
        if !one.explanation.as_ref().is_some_and(is_guess) {
            continue;
        }
        let cell = &cells[&one.id];
        let sibling = Cell { column: &Column::pinned(Target::Wasip1), ..*cell }.id();
        let has_code =
            outcomes.get(&sibling).is_some_and(|drawn| drawn.outcome.end == one.native.outcome.end);
        if !has_code && !asks_for_it.contains(&sibling) {
            one.explanation = None;
        }
    }
}

/// Runs the cells that no rule explains, and that ask for variables, once more with all variables of their case. If
/// what differed first is then the same as natively, the variables are the cause.
fn with_variables(
    session: &Session<'_>,
    plan: Plan<'_>,
    cells: &BTreeMap<String, Cell<'_>>,
    explained: &mut [Explained],
) -> Result<()> {
    let asks = |one: &Explained| {
        let is_valid = one.explanation.is_none() && one.is_trace_valid();
        is_valid
            && one.traced.iter().any(|traced| traced.trace.calls.iter().any(WasiCall::asks_for_variables))
    };
    let variables = |cell: &Cell<'_>| invocation::variables(cell.case);
    let rows: Vec<(usize, Row)> = explained
        .iter()
        .enumerate()
        .filter(|(_, one)| asks(one))
        .map(|(index, one)| {
            let cell = &cells[&one.id];
            let given = cell.row.grant.env.iter().map(|variable| variable.name.clone()).collect::<Vec<_>>();
            let grants: Vec<_> = variables(cell)
                .into_keys()
                .filter(|name| !given.contains(name))
                .map(Grant::of_variable)
                .collect();
            (index, Row { grant: cell.row.grant.clone().with(&grants), ..cell.row.clone() })
        })
        .collect();
    let tried: Vec<_> =
        rows.iter().map(|(index, row)| Cell { row, ..cells[&explained[*index].id] }).collect();
    let outcomes = cells::once(session, plan, &tried)?;
    for ((index, _), cell) in rows.iter().zip(&tried) {
        let one = &mut explained[*index];
        let (native, before) = (&one.native.outcome, &one.here.outcome);
        let Some(with) = outcomes.get(&cell.id()).map(|drawn| &drawn.outcome) else { continue };
        // The line that was the first to differ must be the same as natively.
        let is_gone = verdict::changes(native, before).first().is_some_and(|first| {
            !verdict::changes(native, with).iter().any(|change| change.native == first.native)
        });
        let is_cause = Verdict::of(Some(native), with) == Verdict::Same || with.end == before.end && is_gone;
        if is_cause {
            let names: Vec<_> = cell.case.env.keys().map(String::as_str).collect();
            let fact = match names[..] {
                [] => "With the variables of the environment, this is the same as natively.".to_string(),
                _ => format!(
                    "With the variables of the environment ({} and others), this is the same as natively.",
                    names.join(", ")
                ),
            };
            one.explanation = Some(Explanation::new(&rules::ENV_NOT_GRANTED, fact));
        }
    }
    Ok(())
}

fn can_be_traced(end: &End) -> bool {
    !matches!(end, End::DoesNotBuild(_) | End::DoesNotCompose(_))
}

/// The crates that a package may contain: of an example those that its lock file names, of another program all.
fn crates_of(built: &Built, lock: &LockFile, package: &str) -> Vec<Crate> {
    let names = lock.dependencies(package);
    let name = |krate: &&Crate| krate.package.split(' ').next().is_some_and(|name| names.contains(name));
    match lock.has(package) {
        true => built.crates.iter().filter(name).cloned().collect(),
        false => built.crates.iter().cloned().collect(),
    }
}

fn explained(
    plan: &Plan<'_>,
    lock: &LockFile,
    cell: &Cell<'_>,
    native: &Drawn,
    here: &Drawn,
    traced: Option<Traced>,
) -> Explained {
    let variables: Vec<_> = invocation::variables(cell.case).into_iter().collect();
    let flags = plan.hosts.of(cell.column).flags(cell.row);
    let failure = match plan.built.artifacts.get(&cell.unit()) {
        Some(Artifact::Failed(failure)) => Some(failure),
        Some(_) | None => None,
    };
    let valid = traced.as_ref().filter(|traced| agree(&here.outcome, &traced.outcome.outcome));
    let crates = crates_of(plan.built, lock, &cell.example.name);
    let explanation = explain::explain(&Evidence {
        crates: &crates,
        target: cell.column.target,
        flags: &flags,
        variables: &variables,
        native: &native.outcome,
        here: &here.outcome,
        package: &cell.example.name,
        failure,
        trace: valid.map(|traced| &traced.trace),
    });
    Explained {
        id: cell.id(),
        target: cell.column.target,
        native: native.clone(),
        here: here.clone(),
        traced,
        explanation,
    }
}
