//! `cargo xtask grants`: the least flags with which a case of the catalogue does on WASI what it does natively.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::cli::{GrantsArgs, arguments};
use crate::commands::named;
use crate::discover::examples;
use crate::environment::Environment;
use crate::exit;
use crate::host::wasmtime;
use crate::model::case::{Case, DEFAULT_ROW, Row};
use crate::model::cell::{self, Cell, Position};
use crate::model::column::Column;
use crate::model::example::Example;
use crate::model::grant::Grant;
use crate::model::outcome::End;
use crate::model::target::Target;
use crate::session;
use crate::session::minimize::{Answer, Equality};
use crate::session::probe::{Allowed, Probe, candidates, candidates_for};
use crate::session::ready::Ready;
use crate::snapshot::format::Drawn;
use crate::snapshot::store::{self, Location};
use crate::snapshot::table::Table;
use crate::support::escape::{count, shell_line, shell_words, without_controls};
use crate::support::terminal::{self, say};
use crate::workspace::Workspace;

/// Runs the command, and returns the exit code.
///
/// # Errors
/// If there is no such case, if it does not run natively, or if the harness fails.
pub fn grants(workspace: &Workspace, env: &Environment, args: &GrantsArgs) -> Result<u8> {
    let examples = examples::discover(workspace)?;
    match &args.case {
        Some(named) => one(workspace, env, args, &examples, named),
        None => compare(workspace, env, args, &examples),
    }
}

/// Searches the least grants of one case.
fn one(
    workspace: &Workspace,
    env: &Environment,
    args: &GrantsArgs,
    examples: &[Example],
    named: &str,
) -> Result<u8> {
    let (example, case) = named::case(examples, named)?;
    let target = named_target(named, args.target)?;
    let targets: Vec<_> = wasm_targets(target).filter(|target| case.targets.contains(target)).collect();
    if targets.is_empty() || !case.targets.contains(&Target::Native) {
        let message =
            format!("{named} does not run both natively and on WASI, so there is nothing to compare");
        return Err(exit::error(exit::USAGE, message));
    }
    let one = [Example { cases: vec![case.clone()], ..example.clone() }];
    let columns = Column::all_pinned();
    let ready = Ready::new(workspace, env, args.offline, &cell::all(&one, &columns))?;
    let probe = ready.probe(example, case);
    let started = Instant::now();
    let answers = session::cells::guarded(&ready.session, &ready.scratch, false, || {
        let native = native(&probe)?;
        let search = |target: &Target| search(&probe, *target, &native, args.equality, &args.allowed);
        targets.iter().map(search).collect::<Result<Vec<_>>>()
    });
    ready.session.end_if_interrupted();
    let answers = answers?;
    let candidates = candidates(case, &args.allowed);
    let candidates: Vec<_> = candidates.iter().map(|candidate| flags(&candidate.grant).join(" ")).collect();
    terminal::print(&without_controls(&draw(
        &targets,
        &answers,
        &candidates,
        started.elapsed().as_secs_f32(),
    )))?;
    for (target, answer) in targets.iter().zip(&answers) {
        let file = probe.files.get(&Column::pinned(*target).unit(&example.name));
        let Some(((grant, file), host)) = answer.grant.as_ref().zip(file).zip(probe.hosts.wasmtime.as_ref())
        else {
            continue;
        };
        let line = line(&host.program, grant, file, case);
        terminal::print(&without_controls(&format!("  {target}   {line}\n")))?;
    }
    let left: Vec<_> = targets.iter().zip(&answers).filter(|(_, answer)| answer.grant.is_none()).collect();
    let location = Location::new(&workspace.snapshots(), &example.name, &case.name);
    let accepted = if left.is_empty() { None } else { store::accepted(&location)? };
    for (target, _) in &left {
        let rows =
            accepted.as_ref().and_then(|accepted| same_rows(&accepted.table, case, **target, args.equality));
        if let Some(row) = rows.into_iter().flatten().next() {
            let flags = wasmtime::flags(row).join(" ");
            let line = format!("  {target}   the row {} of the case makes it the same: {flags}\n", row.name);
            terminal::print(&without_controls(&line))?;
        }
    }
    for flag in not_allowed(case, &args.allowed).iter().filter(|_| !left.is_empty()) {
        terminal::print(&without_controls(&format!("  not tried, because you have to allow it: {flag}\n")))?;
    }
    let warnings: BTreeSet<_> =
        answers.iter().filter_map(|answer| answer.grant.as_ref()).flat_map(Grant::warnings).collect();
    for warning in warnings {
        say(&format!("warning: {warning}"));
    }
    let all_found = answers.iter().all(|answer| answer.grant.is_some());
    Ok(if all_found { exit::OK } else { exit::DIFFERS })
}

/// The target that the user names as EXAMPLE/CASE@TARGET or with the option `--target`.
fn named_target(named: &str, option: Option<Target>) -> Result<Option<Target>> {
    let Some((_, name)) = named.split_once('@') else { return Ok(option) };
    let target = arguments::wasm_target(name);
    let target = target.map_err(|what| exit::error(exit::USAGE, format!("no target `{name}`: {what}")))?;
    if option.is_some_and(|option| option != target) {
        let message = format!("{named} is not the target of --target\nhelp: leave out one of the two");
        return Err(exit::error(exit::USAGE, message));
    }
    Ok(Some(target))
}

/// Compares the search with the catalogue: where a recorded row makes a target the same as native, the search must
/// find a grant with as many flags or fewer.
///
/// # Errors
/// If a case has a malformed snapshot or does not run natively, or if the harness fails.
pub fn compare(
    workspace: &Workspace,
    env: &Environment,
    args: &GrantsArgs,
    examples: &[Example],
) -> Result<u8> {
    let mut recorded = Vec::new();
    for example in examples {
        for case in &example.cases {
            let location = Location::new(&workspace.snapshots(), &example.name, &case.name);
            let Some(accepted) = store::accepted(&location)? else { continue };
            let rows = wasm_targets(args.target).filter_map(|target| {
                Some((target, least_row(&accepted.table, case, target, args.equality)?))
            });
            recorded.extend(rows.map(|(target, row)| (example, case, target, row)));
        }
    }
    if recorded.is_empty() {
        terminal::print("no recorded row makes a cell the same, so there is nothing to compare\n")?;
        return Ok(exit::OK);
    }
    let columns = Column::all_pinned();
    let is_meant = |cell: &Cell<'_>| recorded.iter().any(|(_, case, ..)| std::ptr::eq(*case, cell.case));
    let cells: Vec<_> = cell::all(examples, &columns).into_iter().filter(is_meant).collect();
    let ready = Ready::new(workspace, env, args.offline, &cells)?;
    say(&format!("Searching flags for {}", count(recorded.len(), "cell")));
    let started = Instant::now();
    let worse = session::cells::guarded(&ready.session, &ready.scratch, false, || {
        let mut worse = Vec::new();
        for (example, case, target, row) in &recorded {
            let probe = ready.probe(example, case);
            let allowed = Allowed {
                directories: row.grant.dirs.iter().map(|directory| directory.host.clone()).collect(),
                network: row.grant.network,
                whole_env: false,
            };
            let answer = search(&probe, *target, &native(&probe)?, args.equality, &allowed)?;
            let found = answer.grant.as_ref().map(flags);
            let least = flags(&row.grant);
            if found.as_ref().is_none_or(|found| found.len() > least.len()) {
                let found = found.map_or("nothing".into(), |found| found.join(" "));
                let id = format!("{}/{}@{target}", example.name, case.name);
                worse.push(format!(
                    "{id}: the row {} has {}, and the search finds {found}",
                    row.name,
                    least.join(" ")
                ));
            }
        }
        Ok(worse)
    });
    ready.session.end_if_interrupted();
    let worse = worse?;
    for line in &worse {
        terminal::print(&without_controls(&format!("{line}\n")))?;
    }
    let (right, seconds) = (recorded.len() - worse.len(), started.elapsed().as_secs_f32());
    terminal::print(&format!(
        "{right} of {} that a recorded row makes the same: found with as many flags or fewer, in {seconds:.1} s\n",
        count(recorded.len(), "cell")
    ))?;
    Ok(if worse.is_empty() { exit::OK } else { exit::DIFFERS })
}

/// The recorded row with the fewest flags in which a target is the same as native, if it is not without any.
fn least_row<'a>(table: &Table, case: &'a Case, target: Target, equality: Equality) -> Option<&'a Row> {
    // The search knows neither raw flags nor other names and values than the host's.
    let is_plain = |row: &&Row| {
        let dirs =
            row.grant.dirs.iter().all(|directory| directory.guest.is_none() && !directory.host.contains('{'));
        let env = row.grant.env.iter().all(|variable| variable.value.is_none());
        row.flags.is_empty() && row.compose.is_empty() && dirs && env
    };
    let rows = same_rows(table, case, target, equality)?.filter(is_plain);
    rows.min_by_key(|row| flags(&row.grant).len())
}

/// The recorded rows in which a target is the same as native, if it is not without any flags.
fn same_rows<'a>(
    table: &Table,
    case: &'a Case,
    target: Target,
    equality: Equality,
) -> Option<impl Iterator<Item = &'a Row>> {
    let native = &table.outcome(&Position::pinned(DEFAULT_ROW, Target::Native))?.outcome;
    let is_same = |row: &str| {
        let outcome = table.outcome(&Position::pinned(row, target));
        outcome.is_some_and(|drawn| equality.holds(native, &drawn.outcome))
    };
    if is_same(DEFAULT_ROW) || table.outcome(&Position::pinned(DEFAULT_ROW, target)).is_none() {
        return None;
    }
    let rows: Vec<_> = case.rows.iter().filter(|row| is_same(&row.name)).collect();
    Some(rows.into_iter())
}

/// Searches the least grant of a case on a target: of what every search tries, and of what its outcome without flags
/// suggests.
fn search(
    probe: &Probe<'_>,
    target: Target,
    native: &Drawn,
    equality: Equality,
    allowed: &Allowed,
) -> Result<Answer> {
    let outcomes = probe.run(vec![Row::default_row()], &[Column::pinned(target)])?;
    let without = outcomes.into_values().next().context("the program was interrupted")?;
    let mut candidates = candidates(probe.case, allowed);
    candidates.extend(candidates_for(&without.outcome.end));
    probe.search(target, native, equality, &candidates)
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

/// Returns the flags of wasmtime for a grant.
pub fn flags(grant: &Grant) -> Vec<String> {
    wasmtime::flags(&Row { grant: grant.clone(), ..Row::default_row() })
}

/// Returns the command line with which a user runs `program` as in a case with a grant, in any shell.
pub fn line(host: &Path, grant: &Grant, program: &Path, case: &Case) -> String {
    // A guest gets the value that the host has.
    let is_passed = |name: &str| grant.whole_env || grant.env.iter().any(|variable| variable.name == name);
    let variables = case.env.iter().filter(|(name, _)| is_passed(name));
    let variables = variables.map(|(name, value)| (name.as_str(), value.as_str()));
    let words = [host.to_string_lossy().into_owned(), "run".into()].into_iter().chain(flags(grant));
    let words: Vec<_> = words.chain([program.to_string_lossy().into_owned()]).collect();
    shell_line(variables, words.iter().chain(&case.args).map(String::as_str))
}

/// What a row of the case grants that the search may not grant by itself.
fn not_allowed(case: &Case, allowed: &Allowed) -> Vec<String> {
    let grants = || case.rows.iter().map(|row| &row.grant);
    let mut flags = Vec::new();
    // The search tries all directories of the copy.
    let outside =
        |directory: &&String| Path::new(directory).is_absolute() && !allowed.directories.contains(directory);
    let directories: BTreeSet<_> =
        grants().flat_map(|grant| &grant.dirs).map(|directory| &directory.host).filter(outside).collect();
    flags.extend(directories.into_iter().map(|directory| shell_words(["--allow-dir", directory])));
    if !allowed.network && grants().any(|grant| grant.network || grant.lookup) {
        flags.push("--allow-network".into());
    }
    if !allowed.whole_env && grants().any(|grant| grant.whole_env) {
        flags.push("--allow-env".into());
    }
    flags
}

/// Draws the answers about these targets, and what was tried.
fn draw(targets: &[Target], answers: &[Answer], candidates: &[String], seconds: f32) -> String {
    let mut text = String::new();
    for (target, answer) in targets.iter().zip(answers) {
        let end = &answer.outcome.outcome.end;
        text.push_str(&match &answer.grant {
            _ if matches!(end, End::DoesNotBuild(_) | End::DoesNotCompose(_)) => {
                format!("{target}   {end}\n")
            }
            Some(grant) if *grant == Grant::default() => format!("{target}   no flags are needed\n"),
            Some(grant) => format!("{target}   {}\n", flags(grant).join(" ")),
            None => {
                let stopped = match answer.outcome.outcome.end {
                    End::TimedOut => " (`timeout` in cases.toml gives it more time)",
                    _ => "",
                };
                format!(
                    "{target}   no flags that were tried help; with all of them it ends with {}{stopped}\n",
                    end.label()
                )
            }
        });
    }
    let tried: usize = answers.iter().map(|answer| answer.tried).sum();
    text + &format!(
        "\n  tried {tried} grants in {seconds:.1} s, of {} and narrower directories; each flag above is needed\n",
        candidates.join(", ")
    )
}
