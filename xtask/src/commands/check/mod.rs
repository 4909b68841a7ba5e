//! `cargo xtask check`: the table of a program that is not in the catalogue, and the flags that it needs.

mod cases;
pub mod cause;
mod draw;
pub mod json;
mod keep;
mod manifest;
mod next;
mod rows;
mod run;
mod subject;

use std::time::Instant;

use anyhow::{Context, Result};

use crate::build::artifacts::Files;
use crate::build::compose::Misfits;
use crate::build::relink::Relink;
use crate::cli::CheckArgs;
use crate::commands::check::next::Place;
use crate::commands::check::run::{Checked, Unchecked};
use crate::commands::check::subject::{Origin, Subject};
use crate::commands::grants::wasm_targets;
use crate::environment::Environment;
use crate::exit;
use crate::model::case::Case;
use crate::model::column::Column;
use crate::model::example::Example;
use crate::model::target::Target;
use crate::report::human::Format;
use crate::run::scratch;
use crate::session::minimize::Candidate;
use crate::session::probe::{Probe, candidates, concurrency};
use crate::session::{self, Session, Tools};
use crate::support::edition::COMMAND;
use crate::support::escape::{count, without_controls};
use crate::support::terminal::{self, say};
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// How many files and MiB are many enough to tell the user that each run copies them.
const MANY_FILES: usize = 1000;
const MANY_MIB: u64 = 16;

/// Runs the command, and returns the exit code.
///
/// # Errors
/// If the arguments do not fit, if the program does not compile natively, or if the harness fails.
pub fn check(workspace: &Workspace, env: &Environment, args: &CheckArgs) -> Result<u8> {
    let wanted: Vec<_> = [Target::Native].into_iter().chain(wasm_targets(args.target)).collect();
    let columns: Vec<_> = wanted.iter().copied().map(Column::pinned).collect();
    let session = Session::open(workspace, env, args.offline, Progress::of(env, false))?;
    let Tools { toolchains, hosts } = session.provision(&columns)?;

    let subject = subject::find(&session, &toolchains, args, &wanted)?;
    let cases = cases::of(args, &subject.name, &subject.targets, &|| session.end_if_interrupted())?;
    let plan = args.keep.as_ref().map(|name| keep::plan(workspace, name, &subject, &cases));
    let plan = plan.transpose()?;
    let cases: Vec<_> = cases
        .into_iter()
        .map(|case| {
            let candidates = candidates(&case, &args.allowed);
            (case, candidates)
        })
        .collect();
    say(&announcement(&subject, &cases, args));
    let (built, failures) = subject::build(&session, &subject)?;
    let causes = match &subject.origin {
        Origin::Package(program) => cause::causes(&session, &program.project, failures, false)?,
        Origin::Files(_) => Vec::new(),
    };

    let started = Instant::now();
    let example = Example {
        name: subject.name.clone(),
        summary: None,
        area: None,
        cases: Vec::new(),
        modules: Vec::new(),
    };
    let files: Files = built.files();
    let copied =
        |(case, _): &(Case, _)| case.fixture.copied_bytes() * concurrency(&case.fixture).max() as u64;
    let scratch = scratch::prepare(&workspace.own_dir(), cases.first().map_or(0, copied))?;
    let relink: &Relink<'_> = &|units, variant| subject::relink(&session, &subject, units, variant);
    let run = |case: &Case, candidates: &Vec<Candidate>| {
        let probe = Probe {
            session: &session,
            hosts: &hosts,
            built: &built,
            files: &files,
            misfits: &Misfits::default(),
            scratch: &scratch,
            unsteady: None,
            example: &example,
            case,
            relink: Some(relink),
        };
        run::run(&probe, args.equality, candidates, args.trace)
    };
    let is_interrupted = || session.interrupt.signal().is_some();
    let checked =
        session::cells::guarded(&session, &scratch, false, || run::each(&cases, is_interrupted, run));
    session.end_if_interrupted();
    let (checked, unchecked) = checked?;

    let agrees = checked.iter().all(Checked::agrees);
    let related = match &subject.origin {
        Origin::Package(program) if !agrees => {
            rows::related(workspace, program.project.directory(), &rules_of(&checked))?
        }
        _ => Vec::new(),
    };
    match args.format {
        // Nothing but the error is known.
        Format::Human if checked.is_empty() => {}
        Format::Human => {
            terminal::print(&without_controls(&draw::title(&subject)))?;
            let wasmtime = hosts.wasmtime.as_ref().context("a check needs wasmtime")?;
            let place = Place { wasmtime: &wasmtime.program, program: &subject.name, files: &files };
            for one in &checked {
                terminal::print(&without_controls(&draw::case(one, args, &place)))?;
            }
            terminal::print(&without_controls(&draw::unchecked(&unchecked)))?;
            if cases.len() > 1 {
                terminal::print(&draw::sum(&checked, &unchecked))?;
            }
            for cause in &causes {
                terminal::print(&without_controls(&cause::draw(cause)))?;
            }
            terminal::print(&without_controls(&draw::files(&subject, &checked, &files)))?;
            terminal::print(&without_controls(&rows::draw(&related)))?;
        }
        Format::Json => {
            checked.iter().try_for_each(|one| json::case(&subject, one))?;
            json::unchecked(&subject, &unchecked)?;
            json::causes(&causes)?;
            json::related(&related)?;
            json::summary(&subject, &checked, unchecked.len(), started.elapsed())?;
        }
    }
    for Unchecked { case, why } in &unchecked {
        let case = if args.cases.is_some() { format!("{}/{case}: ", subject.name) } else { String::new() };
        say(&format!("error: {case}{why}"));
    }
    if !unchecked.is_empty() {
        return Ok(exit::HARNESS);
    }
    if let (Some(plan), Some(name)) = (plan, &args.keep) {
        let example = plan.make(workspace, &checked, args.cases.as_deref())?;
        say(&format!("Kept in {}; next: {COMMAND} test {name}/", workspace.show(&example)));
    }
    Ok(if agrees { exit::OK } else { exit::DIFFERS })
}

/// The rules that explain why the program differs.
fn rules_of(checked: &[Checked]) -> Vec<&'static str> {
    let explained = checked.iter().flat_map(|one| &one.explained);
    explained.filter_map(|one| Some(one.explanation.as_ref()?.rule.id)).collect()
}

/// Says how often the program will run, where, and with what.
fn announcement(subject: &Subject, cases: &[(Case, Vec<Candidate>)], args: &CheckArgs) -> String {
    let times = |number: usize| match number {
        1 => "once".to_string(),
        number => format!("{number} times"),
    };
    let (mut native, mut guest) = (0, 0);
    for (case, candidates) in cases {
        let (more_native, more_guest) = run::most_runs(case, candidates);
        (native, guest) = (native + more_native, guest + more_guest);
    }
    let fixture = cases.first().map(|(case, _)| &case.fixture);
    let size = fixture.map_or((0, 0), |fixture| (fixture.entries.len(), fixture.copied_bytes() >> 20));
    let place = match &args.cwd {
        // This is what takes most of the time.
        Some(directory) if size.0 > MANY_FILES || size.1 > MANY_MIB => {
            format!(
                "a new copy of {}, with {} and {} MiB",
                directory.display(),
                count(size.0, "file"),
                size.1
            )
        }
        Some(directory) => format!("a new copy of {}", directory.display()),
        None => "a new, empty directory".into(),
    };
    format!(
        "Running {} natively at most {}, and under wasmtime at most {}: each time in {place}\n\
         Under wasmtime it is granted only this directory and its own variables, or what the command line allows",
        subject.name,
        times(native),
        times(guest)
    )
}
