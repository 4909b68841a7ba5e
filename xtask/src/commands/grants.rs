//! `cargo xtask grants`: the least flags with which a case of the catalogue does on WASI what it does natively.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::cli::GrantsArgs;
use crate::discover::examples;
use crate::environment::Environment;
use crate::exit;
use crate::host::wasmtime;
use crate::model::case::{Case, Row};
use crate::model::cell;
use crate::model::column::Column;
use crate::model::example::Example;
use crate::model::grant::Grant;
use crate::model::needs;
use crate::model::target::Target;
use crate::run::scratch;
use crate::session::minimize::Answer;
use crate::session::probe::{Probe, candidates};
use crate::session::{self, Session, Tools};
use crate::snapshot::format::Drawn;
use crate::support::edition::COMMAND;
use crate::support::escape::{shell_words, without_controls};
use crate::support::suggest::suggest;
use crate::support::terminal;
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// Runs the command, and returns the exit code.
///
/// # Errors
/// If there is no such case, if it does not run natively, or if the harness fails.
pub fn grants(workspace: &Workspace, env: &Environment, args: &GrantsArgs) -> Result<u8> {
    let examples = examples::discover(workspace)?;
    let (example, case) = find(&examples, &args.case)?;
    let targets: Vec<_> = wasm_targets(args.target).filter(|target| case.targets.contains(target)).collect();
    if targets.is_empty() || !case.targets.contains(&Target::Native) {
        let message =
            format!("{} does not run both natively and on WASI, so there is nothing to compare", args.case);
        return Err(exit::error(exit::USAGE, message));
    }
    let columns: Vec<_> =
        [Target::Native].into_iter().chain(targets.iter().copied()).map(Column::pinned).collect();
    let session = Session::open(workspace, env, args.offline, Progress::of(env, false))?;
    let Tools { toolchains, hosts } = session.provision(&columns)?;
    let one = [Example { cases: vec![case.clone()], ..example.clone() }];
    let cells = cell::all(&one, &columns);
    let units: BTreeSet<_> = cells.iter().flat_map(needs::units).collect();
    let built = session.build(&toolchains, &units)?;
    let files = built.files();
    let misfits = session.compose(&toolchains, &cells, &files)?;
    let scratch = scratch::prepare(&workspace.own_dir())?;
    let probe = Probe {
        session: &session,
        hosts: &hosts,
        built: &built,
        files: &files,
        misfits: &misfits,
        scratch: &scratch,
        example,
        case,
    };
    let started = Instant::now();
    let answers = session::cells::guarded(&session, &scratch, false, || {
        let native = native(&probe)?;
        let candidates = candidates(case, &args.allowed);
        let search = |target: &Target| probe.search(*target, &native, args.equality, &candidates);
        targets.iter().map(search).collect::<Result<Vec<_>>>()
    });
    session.end_if_interrupted();
    let answers = answers?;
    terminal::print(&draw(&targets, &answers, started.elapsed().as_secs_f32()))?;
    let program = format!("{}.wasm", example.name);
    for (target, answer) in targets.iter().zip(&answers) {
        let Some(grant) = &answer.grant else { continue };
        let line = line(grant, &program, &case.args);
        terminal::print(&without_controls(&format!("  {target}   {line}\n")))?;
    }
    let all_found = answers.iter().all(|answer| answer.grant.is_some());
    Ok(if all_found { exit::OK } else { exit::DIFFERS })
}

/// The wasm targets, or the one that the user names.
pub fn wasm_targets(named: Option<Target>) -> impl Iterator<Item = Target> {
    [Target::Wasip1, Target::Wasip2]
        .into_iter()
        .filter(move |target| named.is_none_or(|named| named == *target))
}

/// Runs the program natively.
///
/// # Errors
/// If it has no outcome.
pub fn native(probe: &Probe<'_>) -> Result<Drawn> {
    let columns = [Column::pinned(Target::Native)];
    let outcomes = probe.run(vec![Row::default_row()], &columns)?;
    outcomes.into_values().next().context("the program was interrupted")
}

/// The case that the user names as EXAMPLE/CASE, perhaps followed by a row and a column.
fn find<'a>(examples: &'a [Example], name: &str) -> Result<(&'a Example, &'a Case)> {
    let mut parts = name.split(['/', '@']);
    let (example, case) = (parts.next().unwrap_or_default(), parts.next());
    let cases = examples.iter().flat_map(|example| example.cases.iter().map(move |case| (example, case)));
    let is_meant = |(known, known_case): &(&Example, &Case)| {
        known.name == example && case.is_none_or(|case| case == known_case.name)
    };
    let found: Vec<_> = cases.clone().filter(is_meant).collect();
    match found[..] {
        [one] => Ok(one),
        [] => {
            let ids: Vec<_> =
                cases.map(|(example, case)| format!("{}/{}", example.name, case.name)).collect();
            let help = match suggest(name, ids.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("{COMMAND} find WORD looks for cases"),
            };
            Err(exit::error(exit::NOTHING_MATCHED, format!("no case `{name}`\nhelp: {help}")))
        }
        _ => {
            let names: Vec<_> = found.iter().map(|(_, case)| case.name.as_str()).collect();
            let message = format!("{example} has several cases\nhelp: choose one: {}", names.join(", "));
            Err(exit::error(exit::USAGE, message))
        }
    }
}

/// Returns the flags of wasmtime for a grant.
pub fn flags(grant: &Grant) -> Vec<String> {
    wasmtime::flags(&Row { grant: grant.clone(), ..Row::default_row() })
}

/// Returns the command line with which a user runs `program` with a grant.
pub fn line(grant: &Grant, program: &str, args: &[String]) -> String {
    let words = ["wasmtime".to_string(), "run".into()].into_iter().chain(flags(grant));
    let words: Vec<_> = words.chain([program.into()]).chain(args.iter().cloned()).collect();
    shell_words(words.iter().map(String::as_str))
}

/// Draws the answers about these targets.
fn draw(targets: &[Target], answers: &[Answer], seconds: f32) -> String {
    let mut text = String::new();
    for (target, answer) in targets.iter().zip(answers) {
        let end = answer.outcome.outcome.end.label();
        text.push_str(&match &answer.grant {
            Some(grant) if *grant == Grant::default() => format!("{target}   no flags are needed\n"),
            Some(grant) => format!("{target}   {}\n", flags(grant).join(" ")),
            None => {
                format!("{target}   no flags that were tried help; with all of them it ends with {end}\n")
            }
        });
    }
    let tried: usize = answers.iter().map(|answer| answer.tried).sum();
    text + &format!("\n  tried {tried} grants in {seconds:.1} s; each flag above is needed\n")
}
