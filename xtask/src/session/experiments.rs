//! Experiments: a program runs once more, and one thing is different. If that changes what differs from native, it is
//! the cause.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::build::relink::{Relink, Variant};
use crate::explain::evidence::{Explained, Explanation};
use crate::explain::rules;
use crate::host::wasmtime::is_out_of_bounds;
use crate::model::case::{Case, Row};
use crate::model::cell::Cell;
use crate::model::column::{Column, Unit};
use crate::model::grant::Grant;
use crate::model::outcome::Outcome;
use crate::model::target::Target;
use crate::model::trace::WasiCall;
use crate::model::verdict::{self, Verdict};
use crate::run::cells::Plan;
use crate::run::invocation;
use crate::session::Session;
use crate::session::cells;

/// Does the experiments that are of use for the cells that no rule explains. `cells` are these and others, by id.
///
/// # Errors
/// If a run has no outcome, or an interrupt comes meanwhile.
pub fn run(
    session: &Session<'_>,
    plan: Plan<'_>,
    cells: &BTreeMap<String, Cell<'_>>,
    explained: &mut [Explained],
    relink: Option<&Relink<'_>>,
) -> Result<()> {
    with_variables(session, plan, cells, explained)?;
    in_utc(session, plan, cells, explained)?;
    match relink {
        Some(relink) => with_larger_stack(session, plan, cells, explained, relink),
        None => Ok(()),
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

/// The variable with the time zone, and its value for UTC.
const TIME_ZONE: (&str, &str) = ("TZ", "UTC");

/// Runs the native programs of the cells that no rule explains once more in UTC, if their case has another time zone.
/// If they then do all that they do under WASI, the time zone is what differs.
fn in_utc(
    session: &Session<'_>,
    plan: Plan<'_>,
    cells: &BTreeMap<String, Cell<'_>>,
    explained: &mut [Explained],
) -> Result<()> {
    let (name, utc) = TIME_ZONE;
    let row = Row::default_row();
    let native = Column::pinned(Target::Native);
    for one in explained.iter_mut().filter(|one| one.explanation.is_none()) {
        let cell = &cells[&one.id];
        let Some(zone) = cell.case.env.get(name) else { continue };
        let mut case = Case { rows: vec![row.clone()], ..cell.case.clone() };
        case.env.insert(name.into(), utc.into());
        let tried = Cell { case: &case, row: &row, column: &native, ..*cell };
        let outcomes = cells::once(session, plan, &[tried])?;
        let is_same = |outcome: &Outcome| Verdict::of(Some(outcome), &one.here.outcome) == Verdict::Same;
        if outcomes.values().all(|drawn| is_same(&drawn.outcome)) && !outcomes.is_empty() {
            let fact = format!("Natively it does the same if {name} is {utc} instead of {zone}.");
            one.explanation = Some(Explanation::new(&rules::NO_TIME_ZONE, fact));
        }
    }
    Ok(())
}

/// The stack that Linux gives the main thread, in bytes.
const NATIVE_STACK: u64 = 8 << 20;

/// Links the programs that access memory out of bounds, for a reason that no rule explains, once more with a stack as
/// large as natively. If they no longer do so, and still do with as much more memory of another kind, the stack was
/// full: an access at a wrong address can also end within a larger memory.
fn with_larger_stack(
    session: &Session<'_>,
    plan: Plan<'_>,
    cells: &BTreeMap<String, Cell<'_>>,
    explained: &mut [Explained],
    relink: &Relink<'_>,
) -> Result<()> {
    let is_open = |one: &Explained| one.explanation.is_none() && is_full(&one.here.outcome);
    let mut tried: Vec<_> = explained.iter().filter(|one| is_open(one)).map(|one| cells[&one.id]).collect();
    // A composed component is made of several programs.
    tried.retain(|cell| cell.row.compose.is_empty());
    for (variant, fails) in [(Variant::Stack(NATIVE_STACK), false), (Variant::Heap(NATIVE_STACK), true)] {
        let units: BTreeSet<Unit> = tried.iter().map(Cell::unit).collect();
        let relinked = relink(&units, variant)?;
        tried.retain(|cell| relinked.contains_key(&cell.unit()));
        let files = plan.files.clone().into_iter().chain(relinked).collect();
        let outcomes = cells::once(session, Plan { files: &files, ..plan }, &tried)?;
        tried.retain(|cell| outcomes.get(&cell.id()).is_some_and(|drawn| is_full(&drawn.outcome) == fails));
    }
    let ids: BTreeSet<_> = tried.iter().map(Cell::id).collect();
    for one in explained.iter_mut().filter(|one| ids.contains(&one.id)) {
        let fact = format!(
            "Linked with a stack of {size} MiB, it does not fail in this way; with {size} MiB more heap, it still does.",
            size = NATIVE_STACK >> 20
        );
        one.explanation = Some(Explanation::new(&rules::STACK_IN_MEMORY, fact));
    }
    Ok(())
}

/// Whether this may be the end of a program whose stack is full.
fn is_full(outcome: &Outcome) -> bool {
    is_out_of_bounds(&outcome.end, &outcome.stderr.text)
}
