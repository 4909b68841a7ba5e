//! `cargo xtask why`: explains why cells differ from native, and records the rules of the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::build::relink::Relink;
use crate::cli::WhyArgs;
use crate::commands::named;
use crate::discover::examples;
use crate::environment::Environment;
use crate::exit;
use crate::explain::evidence::Explained;
use crate::explain::recorded;
use crate::model::case::{Case, DEFAULT_ROW};
use crate::model::cell::{self, Cell};
use crate::model::column::Column;
use crate::model::example::Example;
use crate::model::trace::Trace;
use crate::report::catalogue::{self, Entry};
use crate::report::{style, why};
use crate::run::lock;
use crate::session::ready::Ready;
use crate::session::{self, explained};
use crate::support::edition::COMMAND;
use crate::support::escape::{count, without_controls};
use crate::support::terminal::{self, say};
use crate::workspace::Workspace;

/// Runs the command, and returns the exit code.
///
/// # Errors
/// If there is no such cell, if a cell has no outcome, or if the harness fails.
pub fn why(workspace: &Workspace, env: &Environment, args: &WhyArgs) -> Result<u8> {
    let examples = examples::discover(workspace)?;
    match &args.cell {
        None => all(workspace, env, args, &examples),
        Some(named) => one(workspace, env, args, &examples, named),
    }
}

/// Explains the cells that the user names: those of one case in full, those of an example with several in brief.
fn one(
    workspace: &Workspace,
    env: &Environment,
    args: &WhyArgs,
    examples: &[Example],
    named: &str,
) -> Result<u8> {
    let (id, target) = match named.split_once('@') {
        Some((id, target)) => (id, Some(target)),
        None => (named, None),
    };
    let several = examples.iter().find(|example| example.name == id && example.cases.len() > 1);
    let (example, row) = match several {
        Some(example) => (example.clone(), None),
        None => {
            let (example, case, row) = find(examples, id)?;
            (Example { cases: vec![case.clone()], ..example.clone() }, Some(row))
        }
    };
    let columns: Vec<_> = Column::all_pinned();
    let is_meant = |cell: &Cell<'_>| match cell.column.target.is_wasm() {
        true => cell.row.name == row.unwrap_or(cell.case.baseline()),
        false => cell.row.name == DEFAULT_ROW,
    };
    let is_named = |cell: &&Cell<'_>| {
        let target = target.is_none_or(|target| cell.column.target.name() == target);
        cell.column.target.is_wasm() && target
    };
    let one = [example];
    let cells: Vec<_> = cell::all(&one, &columns).into_iter().filter(is_meant).collect();
    // Both targets are run, because one may explain the other.
    let named_cells: Vec<_> = cells.iter().filter(is_named).collect();
    let runs_natively = cells.iter().any(|cell| !cell.column.target.is_wasm());
    if named_cells.is_empty() || !runs_natively {
        let message = match named_cells.len() {
            0 => format!("no cell `{named}`"),
            _ => format!("{id} does not run natively, so there is nothing to compare with"),
        };
        let snapshots = match &one[0].cases[..] {
            [case] => format!("{}/{}.snap", one[0].name, case.name),
            _ => one[0].name.clone(),
        };
        return Err(exit::error(
            exit::NOTHING_MATCHED,
            format!("{message}\nhelp: see snapshots/{snapshots}"),
        ));
    }
    let ran = run(workspace, env, args.offline, &cells, several.is_none())?;
    let draw = if several.is_some() { in_brief } else { in_full };
    for case in &one[0].cases {
        let cells: Vec<_> = named_cells.iter().filter(|cell| cell.case.name == case.name).copied().collect();
        let text = draw(case, &cells, &ran, args.trace);
        terminal::print_styled(&without_controls(&text), style::of_line)?;
    }
    if several.is_some() {
        terminal::print(&format!("In full, with the calls of WASI: {COMMAND} why {id}/CASE\n"))?;
    }
    let is_clear = |cell: &&Cell<'_>| {
        let is_explained = |explained: &Explained| explained.explanation.is_some();
        cell.case.about.is_some() || ran.of(cell).is_none_or(is_explained)
    };
    Ok(if named_cells.iter().all(is_clear) { exit::OK } else { exit::DIFFERS })
}

/// Draws what the catalogue says about a case, and all about its cells.
fn in_full(case: &Case, cells: &[&Cell<'_>], ran: &Ran, all_calls: bool) -> String {
    let Some(first) = cells.first() else { return String::new() };
    let is_known = case.about.is_some();
    let mut text = match is_known {
        true => why::case(&first.case_id(), case).trim_end().to_string() + "\n\n",
        false => String::new(),
    };
    for cell in cells {
        text.push_str(&match ran.of(cell) {
            Some(explained) => why::draw(explained, ran.native.as_ref(), all_calls, is_known) + "\n",
            None => format!("{} does what native does\n", cell.id()),
        });
    }
    text
}

/// Draws what the catalogue says about a case, and the rule of each cell.
fn in_brief(case: &Case, cells: &[&Cell<'_>], ran: &Ran, _: bool) -> String {
    let Some(first) = cells.first() else { return String::new() };
    let mut text = why::case(&first.case_id(), case);
    for cell in cells {
        text.push_str(&match ran.of(cell) {
            Some(explained) => why::brief(explained),
            None => why::line(cell.column.target.name(), "does what native does"),
        });
    }
    text + "\n"
}

/// The case that the user names as EXAMPLE/CASE or EXAMPLE/CASE/ROW, and the row.
fn find<'a>(examples: &'a [Example], id: &'a str) -> Result<(&'a Example, &'a Case, &'a str)> {
    let (example, case) = named::case(examples, id)?;
    let row = id.splitn(3, '/').nth(2).unwrap_or(case.baseline());
    if !case.rows.iter().any(|known| known.name == row) {
        let names: Vec<_> = case.rows.iter().map(|row| row.name.as_str()).collect();
        let of_case = format!("the rows of {}/{} are: {}", example.name, case.name, names.join(", "));
        return Err(exit::error(exit::NOTHING_MATCHED, format!("no row `{row}`\nhelp: {of_case}")));
    }
    Ok((example, case, row))
}

/// Explains all recorded cells that differ in their baseline or without flags, and records or checks the rules.
fn all(workspace: &Workspace, env: &Environment, args: &WhyArgs, examples: &[Example]) -> Result<u8> {
    let before = recorded::read(&workspace.snapshots())?;
    let explained = &of_recorded(workspace, env, args.offline, examples)?;
    let now = recorded::of(explained);
    terminal::print(&coverage(explained))?;
    if now == before {
        terminal::print(&format!("snapshots/{} is up to date\n", recorded::NAME))?;
        return Ok(exit::OK);
    }
    if args.check || env.ci {
        let message =
            format!("snapshots/{} is out of date:\n{}", recorded::NAME, recorded::difference(&before, &now));
        return Err(exit::error(exit::DIFFERS, format!("{message}\nhelp: cargo xtask why --all")));
    }
    let _lock = lock::of_clone(&workspace.root, || false);
    recorded::write(&workspace.snapshots(), &now)?;
    say(&recorded::difference(&before, &now));
    terminal::print(&format!("Wrote snapshots/{}\nhelp: cargo xtask divergences\n", recorded::NAME))?;
    Ok(exit::OK)
}

/// Explains the cells of these examples whose rules are recorded. Cases without a snapshot are left out.
///
/// # Errors
/// If a cell has no outcome, or if the harness fails.
pub fn of_recorded(
    workspace: &Workspace,
    env: &Environment,
    offline: bool,
    examples: &[Example],
) -> Result<Vec<Explained>> {
    let columns = Column::all_pinned();
    let catalogue = catalogue::read(workspace, examples)?;
    catalogue.note().iter().for_each(|note| say(note));
    let cases: BTreeSet<_> = catalogue.entries.iter().map(Entry::id).collect();
    let is_meant = |cell: &Cell<'_>| recorded::is_about(cell) && cases.contains(&cell.case_id());
    let cells: Vec<_> = cell::all(examples, &columns).into_iter().filter(is_meant).collect();
    let number = count(cells.len(), "cell");
    say(&format!("Running {number}, and those that differ once more under a trace"));
    Ok(run(workspace, env, offline, &cells, false)?.explained)
}

/// How many cells differ, and how many of them each rule explains.
fn coverage(explained: &[Explained]) -> String {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for explained in explained {
        let id = explained.explanation.as_ref().map_or(recorded::NONE, |explanation| explanation.rule.id);
        *rules.entry(id).or_default() += 1;
    }
    let unknown = rules.get(recorded::NONE).copied().unwrap_or_default();
    let mut lines: Vec<_> = rules.into_iter().collect();
    lines.sort_by_key(|(id, number)| (std::cmp::Reverse(*number), *id));
    let mut text: String = lines.iter().map(|(id, number)| format!("{number:>6}  {id}\n")).collect();
    let known = explained.len() - unknown;
    text.push_str(&format!("A rule explains {known} of {} that differ\n", count(explained.len(), "cell")));
    text
}

/// What the runs have shown.
struct Ran {
    explained: Vec<Explained>,
    /// What strace saw of the native program, if it is installed and was asked.
    native: Option<Trace>,
}

impl Ran {
    /// What explains a cell, if it differs.
    fn of(&self, cell: &Cell<'_>) -> Option<&Explained> {
        let id = cell.id();
        self.explained.iter().find(|explained| explained.id == id)
    }
}

/// Builds and runs cells, and explains those that differ.
fn run(
    workspace: &Workspace,
    env: &Environment,
    offline: bool,
    cells: &[Cell<'_>],
    trace_native: bool,
) -> Result<Ran> {
    let ready = Ready::new(workspace, env, offline, cells)?;
    let Ready { session, scratch, .. } = &ready;
    let native: Vec<_> =
        cells.iter().filter(|cell| trace_native && !cell.column.target.is_wasm()).copied().collect();
    let relink: &Relink<'_> = &|units, variant| ready.relink(units, variant);
    let ran = session::cells::guarded(session, scratch, false, || {
        ready.with_plan(|plan| {
            let outcomes = session::cells::once(session, plan, cells)?;
            let explained = explained::run(session, plan, cells, &outcomes, Some(relink))?;
            let native = session::cells::traced(session, plan, &native)?;
            Ok(Ran { explained, native: native.into_values().next().map(|traced| traced.trace) })
        })
    });
    session.end_if_interrupted();
    ran
}
