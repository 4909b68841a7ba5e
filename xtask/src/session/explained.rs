//! Runs cells and explains those that differ from native.
//!
//! An outcome is that of an ordinary run. The trace is that of a second one, in a fresh scratch directory: it costs the
//! program its stderr. If that run ends in another way, no rule uses its trace.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::build::cargo::{Artifact, Built};
use crate::build::lock_file::LockFile;
use crate::build::message::Crate;
use crate::build::relink::Relink;
use crate::explain::evidence::{Evidence, Explained, Explanation, Traced, agree};
use crate::explain::{self, rules};
use crate::model::case::DEFAULT_ROW;
use crate::model::cell::Cell;
use crate::model::column::Column;
use crate::model::outcome::End;
use crate::model::target::Target;
use crate::model::verdict::Verdict;
use crate::run::cells::Plan;
use crate::run::invocation;
use crate::session::{Session, cells, experiments};
use crate::snapshot::format::Drawn;

/// Explains those of `cells` that differ from the native ones of their cases. `outcomes` are those of all these cells,
/// the native ones among them, by their ids. With `relink`, programs may be linked once more to find the reason.
///
/// # Errors
/// If a run has no outcome, or an interrupt comes meanwhile.
pub fn run(
    session: &Session<'_>,
    plan: Plan<'_>,
    cells: &[Cell<'_>],
    outcomes: &BTreeMap<String, Drawn>,
    relink: Option<&Relink<'_>>,
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
    experiments::run(session, plan, &cells, &mut explained, relink)?;
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
        args: &cell.case.args,
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
