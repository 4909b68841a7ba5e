//! `cargo xtask check`: the table of a program that is not in the catalogue, and the flags that it needs.

mod draw;
mod rows;
mod subject;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use crate::build::artifacts::Files;
use crate::build::compose::Misfits;
use crate::cli::CheckArgs;
use crate::commands::check::draw::draw;
use crate::commands::check::rows::rows_of_catalogue;
use crate::commands::check::subject::{Subject, subject};
use crate::commands::grants::{native, wasm_targets};
use crate::discover::{directory, fixture};
use crate::environment::Environment;
use crate::exit;
use crate::model::case::{Case, DEFAULT_ROW, Row};
use crate::model::cell::Position;
use crate::model::column::Column;
use crate::model::example::Example;
use crate::model::grant::Grant;
use crate::model::target::Target;
use crate::model::tree::Tree;
use crate::run::scratch;
use crate::session::minimize::Answer;
use crate::session::probe::{Probe, candidates};
use crate::session::{self, Session, Tools};
use crate::snapshot::table::Table;
use crate::support::escape::without_controls;
use crate::support::terminal;
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// The name of the row with the flags that a search has found.
const GRANTS: &str = "grants";

/// Runs the command, and returns the exit code.
///
/// # Errors
/// If the arguments do not fit, if the program does not compile natively, or if the harness fails.
pub fn check(workspace: &Workspace, env: &Environment, args: &CheckArgs) -> Result<u8> {
    let fixture = Arc::new(fixture(args.cwd.as_deref())?);
    let stdin = match &args.stdin {
        None => String::new(),
        Some(file) => fs::read_to_string(file).map_err(|error| {
            exit::error(exit::USAGE, format!("cannot read {} as text: {error}", file.display()))
        })?,
    };
    let targets: Vec<_> = [Target::Native].into_iter().chain(wasm_targets(args.target)).collect();
    let columns: Vec<_> = targets.iter().copied().map(Column::pinned).collect();
    let session = Session::open(workspace, env, args.offline, Progress::of(env, false))?;
    let Tools { toolchains, hosts } = session.provision(&columns)?;
    let subject = subject(&session, &toolchains, args, &targets)?;
    let case = Case {
        args: args.args.clone(),
        stdin,
        env: args.env.iter().cloned().collect(),
        fixture,
        targets: subject.targets.clone(),
        ..Case::plain(DEFAULT_ROW)
    };
    let example = Example {
        name: subject.name.clone(),
        summary: None,
        area: None,
        cases: vec![case.clone()],
        modules: Vec::new(),
    };
    let files: Files = subject.built.files();
    let scratch = scratch::prepare(&workspace.own_dir())?;
    let probe = Probe {
        session: &session,
        hosts: &hosts,
        built: &subject.built,
        files: &files,
        misfits: &Misfits::default(),
        scratch: &scratch,
        example: &example,
        case: &case,
    };
    let result = session::cells::guarded(&session, &scratch, false, || run(&probe, &subject, args));
    session.end_if_interrupted();
    let Checked { table, answers } = result?;
    terminal::print(&without_controls(&draw(&subject, &table, &answers)))?;
    let agrees = subject
        .targets
        .iter()
        .filter(|target| target.is_wasm())
        .all(|target| answers.get(target).is_some_and(|answer| answer.grant.is_some()));
    if !agrees && let Some(rows) = rows_of_catalogue(workspace, subject.source.as_deref())? {
        terminal::print(&without_controls(&rows))?;
    }
    Ok(if agrees { exit::OK } else { exit::DIFFERS })
}

/// Reads the directory of which each run gets a copy.
fn fixture(cwd: Option<&Path>) -> Result<Tree> {
    let Some(cwd) = cwd else { return Ok(Tree::default()) };
    if !cwd.is_dir() {
        return Err(exit::error(exit::USAGE, format!("{} is not a directory", cwd.display())));
    }
    let tree = directory::read(cwd)?;
    // An empty directory can be copied, though git does not keep it.
    let problem = fixture::unsupported(&tree).find(|(_, problem)| !problem.starts_with("an empty directory"));
    match problem {
        None => Ok(tree),
        Some((path, problem)) => {
            let message = format!("{}: {problem}", cwd.join(path).display());
            Err(exit::error(exit::USAGE, format!("{message}\nhelp: name a smaller directory with --cwd")))
        }
    }
}

/// What the runs have shown.
struct Checked {
    table: Table,
    answers: BTreeMap<Target, Answer>,
}

/// Runs the program in the rows that the user gave, and searches the flags that it needs.
fn run(probe: &Probe<'_>, subject: &Subject, args: &CheckArgs) -> Result<Checked> {
    let columns: Vec<_> = subject.targets.iter().copied().map(Column::pinned).collect();
    let of_user = args.flags.iter().map(|(name, flags)| Row {
        name: name.clone(),
        flags: flags.clone(),
        ..Row::default_row()
    });
    let mut rows: Vec<_> = [Row::default_row()].into_iter().chain(of_user).collect();
    let mut outcomes = probe.run(rows.clone(), &columns)?;
    let native = match outcomes.get(&Position::pinned(DEFAULT_ROW, Target::Native)) {
        Some(native) => native.clone(),
        None => native(probe)?,
    };
    let candidates = candidates(probe.case, &args.allowed);
    let mut answers = BTreeMap::new();
    for target in subject.targets.iter().filter(|target| target.is_wasm()) {
        if probe.built.failure(&Column::pinned(*target).unit(&subject.name)).is_some() {
            continue;
        }
        let answer = probe.search(*target, &native, args.equality, &candidates)?;
        // A grant that does not help, or allows nothing, is not worth a row.
        let grant = answer.grant.clone().filter(|grant| *grant != Grant::default());
        if let Some(grant) = grant {
            let name = match rows.iter().find(|row| row.name == GRANTS) {
                Some(row) if row.grant != grant => format!("{GRANTS}-{target}"),
                _ => GRANTS.into(),
            };
            outcomes.insert(Position::pinned(&name, *target), answer.outcome.clone());
            if !rows.iter().any(|row| row.name == name) {
                rows.push(Row { name, grant, ..Row::default_row() });
            }
        }
        answers.insert(*target, answer);
    }
    let case = Case { rows, ..probe.case.clone() };
    Ok(Checked { table: Table::empty(&subject.name, &case, &columns).merge(None, &outcomes), answers })
}
