//! `cargo xtask check`: the table of a program that is not in the catalogue, and the flags that it needs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::build::artifacts::Files;
use crate::build::cargo::Built;
use crate::build::compose::Misfits;
use crate::build::foreign::{self, Wasm};
use crate::cli::CheckArgs;
use crate::commands::grants::{flags, line, native, wasm_targets};
use crate::discover::{directory, examples, fixture};
use crate::environment::Environment;
use crate::exit;
use crate::model::case::{Case, DEFAULT_ROW, Row};
use crate::model::cell::Position;
use crate::model::column::Column;
use crate::model::example::Example;
use crate::model::grant::Grant;
use crate::model::harm::Harm;
use crate::model::target::Target;
use crate::model::tree::Tree;
use crate::model::verdict::Verdict;
use crate::provision::toolchain::Toolchains;
use crate::report::catalogue::{self, Catalogue};
use crate::run::scratch;
use crate::session::minimize::Answer;
use crate::session::probe::{self, Probe, candidates};
use crate::session::{self, Session, Tools};
use crate::snapshot::format::Drawn;
use crate::snapshot::table::Table;
use crate::snapshot::verdicts;
use crate::support::escape::without_controls;
use crate::support::terminal::{self, say};
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// The name of the row with the flags that a search has found.
const GRANTS: &str = "grants";

/// How many rows of the catalogue are named.
const MOST_ROWS: usize = 8;

/// A program to check: its name, what it is, and its file for each target or why there is none.
struct Subject {
    name: String,
    title: String,
    /// The directory of its package, if it was compiled from one.
    source: Option<PathBuf>,
    args: Vec<String>,
    built: Built,
    targets: Vec<Target>,
}

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

/// Compiles the program, or takes the files that the user names.
fn subject(
    session: &Session<'_>,
    toolchains: &Toolchains,
    args: &CheckArgs,
    targets: &[Target],
) -> Result<Subject> {
    let choice = &args.choice;
    if args.wasm.is_empty() {
        let program = foreign::find(session.tool_context(), toolchains, choice)?;
        say(&format!("Building {} for {}", program.name, names(targets)));
        let mut results = Vec::new();
        for target in targets {
            let built = foreign::build(session.tool_context(), toolchains, &program, *target);
            session.end_if_interrupted();
            let built = built?;
            if let (Target::Native, Err(failure)) = (target, &built) {
                let message =
                    format!("{} does not compile natively:\n{}", program.name, failure.rendered.trim_end());
                return Err(exit::error(exit::HARNESS, message));
            }
            results.push((Column::pinned(*target).unit(&program.name), built));
        }
        let source = if choice.path.is_dir() { Some(choice.path.clone()) } else { None };
        return Ok(Subject {
            title: program.package.clone(),
            name: program.name,
            source,
            args: args.args.clone(),
            built: probe::built(results),
            targets: targets.to_vec(),
        });
    }
    let native = args.native.clone().context("--wasm without --native")?;
    let name = native.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut results = vec![(Target::Native, fs::canonicalize(&native))];
    for file in &args.wasm {
        let target = match foreign::recognize(file)? {
            Wasm::Module => Target::Wasip1,
            Wasm::Component => Target::Wasip2,
        };
        results.push((target, fs::canonicalize(file)));
    }
    let mut built = Vec::new();
    let mut targets = Vec::new();
    for (target, file) in results {
        let file =
            file.map_err(|error| exit::error(exit::USAGE, format!("cannot read a program: {error}")))?;
        built.push((Column::pinned(target).unit(&name), Ok(file)));
        targets.push(target);
    }
    targets.sort();
    Ok(Subject {
        title: name.clone(),
        name,
        source: None,
        args: args.args.clone(),
        built: probe::built(built),
        targets,
    })
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
    let native = match outcomes.get(&position(DEFAULT_ROW, Target::Native)) {
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
            outcomes
                .insert(Position { row: name.clone(), column: target.to_string() }, answer.outcome.clone());
            if !rows.iter().any(|row| row.name == name) {
                rows.push(Row { name, grant, ..Row::default_row() });
            }
        }
        answers.insert(*target, answer);
    }
    let case = Case { rows, ..probe.case.clone() };
    Ok(Checked { table: Table::empty(&subject.name, &case, &columns).merge(None, &outcomes), answers })
}

fn position(row: &str, target: Target) -> Position {
    Position { row: row.into(), column: target.to_string() }
}

fn names(targets: &[Target]) -> String {
    targets.iter().map(|target| target.name()).collect::<Vec<_>>().join(", ")
}

/// Draws the answer first, then the evidence.
fn draw(subject: &Subject, table: &Table, answers: &BTreeMap<Target, Answer>) -> String {
    let mut text = format!("{}, for {}\n\n", subject.title, names(&subject.targets));
    let wasm = || subject.targets.iter().filter(|target| target.is_wasm());
    for target in wasm() {
        text.push_str(&format!("  {target}   {}\n", verdict(table, *target, answers.get(target))));
    }
    text.push('\n');
    text.push_str(&table.draw());
    let mut lines = Vec::new();
    for target in wasm() {
        let Some(grant) = answers.get(target).and_then(|answer| answer.grant.as_ref()) else { continue };
        let line = line(grant, &format!("{}.wasm", subject.name), &subject.args);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    for line in lines {
        text.push_str(&format!("\n  Run it:  {line}\n"));
    }
    text
}

/// What the runs say about a target, on one line.
fn verdict(table: &Table, target: Target, answer: Option<&Answer>) -> String {
    let native = table.outcome(&position(DEFAULT_ROW, Target::Native)).map(|drawn| &drawn.outcome);
    let difference = |drawn: &Drawn| {
        let verdict = Verdict::of(native, &drawn.outcome);
        let shown = native.and_then(|native| catalogue::difference(Some(native), &drawn.outcome, &verdict));
        let shown = shown.map(|shown| match shown.native.as_str() {
            "" => format!(": {}", shown.here),
            native => format!(": {native} → {}", shown.here),
        });
        format!("{}{}", Harm::of(Some(&verdict), false).name(), shown.unwrap_or_default())
    };
    match answer {
        Some(Answer { grant: Some(grant), outcome, .. }) if *grant == Grant::default() => {
            match verdicts::of_cell(table, &position(DEFAULT_ROW, target)) {
                Some(Verdict::Same) => "the same as native".into(),
                _ => format!("{}: only numbers or messages of errors differ", difference(outcome)),
            }
        }
        Some(Answer { grant: Some(grant), .. }) => {
            format!("the same as native with {}", flags(grant).join(" "))
        }
        Some(Answer { grant: None, outcome, .. }) => {
            format!("{}; no flags that were tried help", difference(outcome))
        }
        None => match table.outcome(&position(DEFAULT_ROW, target)) {
            Some(drawn) => drawn.outcome.end.to_string(),
            None => "not built".into(),
        },
    }
}

/// The cases of the catalogue about items of std that the package's own source names, if they differ.
fn rows_of_catalogue(workspace: &Workspace, source: Option<&Path>) -> Result<Option<String>> {
    let Some(source) = source else { return Ok(None) };
    let examples = examples::discover(workspace)?;
    let Catalogue::Complete(mut entries) = catalogue::read(workspace, &examples)? else { return Ok(None) };
    let mut text = String::new();
    collect(&source.join("src"), &mut text)?;
    let words: Vec<&str> = text.split(|c: char| c != '_' && !c.is_alphanumeric()).collect();
    // A method counts if its type is named, too: `open` alone says nothing.
    let is_used = |api: &String| {
        let mut segments = api.trim_end_matches('!').rsplit("::");
        let (last, before) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        words.contains(&last) && words.contains(&before)
    };
    entries.retain(|entry| entry.harm().is_harmful() && entry.case.claims.apis.iter().any(is_used));
    entries.sort_by_key(|entry| entry.harm());
    if entries.is_empty() {
        return Ok(None);
    }
    let mut text = String::from("\nThe source uses these items of std, which differ in the catalogue:\n");
    for entry in entries.iter().take(MOST_ROWS) {
        let apis: Vec<_> =
            entry.case.claims.apis.iter().filter(|api| is_used(api)).map(String::as_str).collect();
        let about = entry.case.about.as_deref().unwrap_or_default();
        text.push_str(&format!(
            "  {:<8} {}: {about}  [{}]\n",
            entry.harm().name(),
            apis.join(", "),
            entry.id()
        ));
    }
    if entries.len() > MOST_ROWS {
        text.push_str(&format!("  and {} more cases\n", entries.len() - MOST_ROWS));
    }
    Ok(Some(text + "\n  More:    cargo xtask find WORD\n"))
}

/// Adds the text of all Rust sources below `directory`.
fn collect(directory: &Path, text: &mut String) -> Result<()> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, text)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap_or_default());
            text.push('\n');
        }
    }
    Ok(())
}
