//! `cargo xtask ci`: every check that CI runs, or what it checks of an example. The quick checks that fail most often
//! come first.

mod apis;
mod common;
mod example;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use xshell::{Cmd, Shell, cmd};

use crate::cli::{self, Cli, WhyArgs};
use crate::commands::ci::common::{add_linters, grants_of_all};
use crate::commands::{divergences, grants, test, why};
use crate::discover;
use crate::environment::Environment;
use crate::exit;
use crate::model::column::Toolchain;
use crate::provision::toolchain::Installed;
use crate::session::Session;
use crate::support::terminal::{self, say};
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// How many checks passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
}

/// The packages of the harness. Their tests are run.
const OWN_PACKAGES: [&str; 3] = ["xtask", "parallax-compose", "parallax-layout"];

/// Runs every check, or those of some examples, even if one fails, and returns the exit code. The last line on stdout
/// is `N passed, N failed`, followed by `, N skipped` if tests were skipped.
///
/// # Errors
/// If the harness itself fails, for example if a tool cannot be installed or started. A check that fails
/// is not an error.
pub fn ci(workspace: &Workspace, env: &Environment, examples: &[String]) -> Result<u8> {
    if !examples.is_empty() {
        return example::examples(workspace, env, examples);
    }
    let sh = Shell::new()?;
    sh.change_dir(&workspace.root);
    // This session ends here, because checks open sessions of their own.
    let tools =
        Session::open(workspace, env, false, Progress::of(env, false))?.provision(&workspace.columns)?;

    let cargo = &env.cargo;
    // Formatting and lints are those of the pinned Rust, whichever compiles the harness.
    let pinned = tools.toolchains.of(Toolchain::Pinned);
    let linter = &pinned.cargo;
    let variables = pinned.variables(&env.path);
    add_linters(&sh, workspace)?;
    add_other_systems(&sh, workspace)?;
    let others = OTHER_SYSTEMS.iter().flat_map(|triple| ["--target", triple]);
    let own = OWN_PACKAGES.iter().flat_map(|package| ["--package", package]);
    let (oldest, oldest_dir) = (add_oldest(&sh)?, workspace.own_dir().join("oldest-rust"));
    let skipped = workspace.own_dir().join("skipped-tests.txt");
    fs::write(&skipped, "").with_context(|| format!("cannot write {}", skipped.display()))?;
    let steps = [
        ("formatting", cmd!(sh, "{linter} fmt --all --check").envs(variables.clone())),
        (
            "clippy",
            cmd!(sh, "{linter} clippy --workspace --all-targets --locked -- --deny warnings")
                .envs(variables.clone()),
        ),
        (
            "the harness on other systems",
            cmd!(sh, "{linter} clippy --package xtask --locked {others...} -- --deny warnings")
                .envs(variables),
        ),
        (
            "the harness with the oldest Rust that it supports",
            cmd!(sh, "rustup run {oldest} cargo check --package xtask --locked")
                .env("CARGO_TARGET_DIR", oldest_dir),
        ),
        ("the harness's tests", cmd!(sh, "{cargo} test --locked {own...}").env("PARALLAX_SKIPPED", &skipped)),
    ];
    let mut total = Tally::default();
    for (name, step) in steps {
        say(&format!("\n== {name}: {step}"));
        total.add(run(step).with_context(|| format!("cannot check {name}"))?);
    }
    say("\n== the items of std that the examples name");
    total.add(one_check(items(workspace, env, pinned)));
    say("\n== the examples: cargo xtask test --check");
    total.add(all_examples(workspace, env));
    say("\n== the rules: cargo xtask why --all --check");
    let rules = WhyArgs { cell: None, check: true, trace: false, offline: false };
    total.add(one_check(why::why(workspace, env, &rules).map(|code| code == exit::OK)));
    say("\n== the search for flags: cargo xtask grants --all");
    total.add(one_check(grants::grants(workspace, env, &grants_of_all()).map(|code| code == exit::OK)));
    say("\n== DIVERGENCES.md: cargo xtask divergences --check");
    total.add(one_check(divergences::divergences(workspace, env, true).map(|code| code == exit::OK)));

    let skipped = skipped_tests(&skipped)?;
    let more = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
    terminal::print(&format!("{} passed, {} failed{more}\n", total.passed, total.failed))?;
    Ok(if total.failed == 0 { exit::OK } else { exit::DIFFERS })
}

/// Systems for which the harness is compiled, but not run, here.
const OTHER_SYSTEMS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-pc-windows-gnu"];

/// Installs the targets of the systems for which the harness is only compiled.
fn add_other_systems(sh: &Shell, workspace: &Workspace) -> Result<()> {
    let toolchain = workspace.rust.map(|rust| ["--toolchain".into(), rust.to_string()]);
    let toolchain = toolchain.iter().flatten();
    cmd!(sh, "rustup target add {toolchain...} {OTHER_SYSTEMS...}")
        .quiet()
        .ignore_stderr()
        .run()
        .context("cannot install the targets of other systems")
}

/// Installs the oldest Rust with which the harness compiles, and returns its version.
fn add_oldest(sh: &Shell) -> Result<String> {
    let oldest = format!("{}.0", env!("CARGO_PKG_RUST_VERSION"));
    cmd!(sh, "rustup toolchain install {oldest} --profile minimal --no-self-update")
        .quiet()
        .ignore_stderr()
        .ignore_stdout()
        .run()
        .context("cannot install the oldest Rust that the harness supports")?;
    Ok(oldest)
}

/// Whether the items of std that the cases of all examples name exist and are used. Prints those that do not.
fn items(workspace: &Workspace, env: &Environment, rust: &Installed) -> Result<bool> {
    let all = discover::examples::discover(workspace)?;
    let problems = apis::problems(workspace, rust, &env.path, &all.iter().collect::<Vec<_>>(), &all)?;
    problems.iter().for_each(|problem| say(problem));
    Ok(problems.is_empty())
}

/// Compares all examples with their snapshots; each case is a check.
fn all_examples(workspace: &Workspace, env: &Environment) -> Tally {
    let Cli { command: cli::Command::Test(args) } = Cli::parse_from(["xtask", "test", "--check"]) else {
        unreachable!("the command is `test`");
    };
    match test::test(workspace, env, &args) {
        Ok(test::Ended { summary: Some(summary), code }) => {
            let tally = Tally { passed: summary.passed, failed: summary.failed };
            // Orphans make the run fail, too, but are not counted as failed cases.
            Tally { failed: tally.failed.max(usize::from(code != exit::OK)), ..tally }
        }
        other => one_check(other.map(|ended| ended.code == exit::OK)),
    }
}

/// The tally of a single check. An error counts as a failure, and is printed.
fn one_check(checked: Result<bool>) -> Tally {
    let passed = checked.unwrap_or_else(|error| {
        say(&format!("error: {error:#}"));
        false
    });
    Tally { passed: usize::from(passed), failed: usize::from(!passed) }
}

/// Counts and prints the skipped tests. Each of them appended a line to `file`.
fn skipped_tests(file: &Path) -> Result<usize> {
    let skipped = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    skipped.lines().for_each(|line| say(&format!("skipped: {line}")));
    Ok(skipped.lines().count())
}

/// Runs a step, prints its output, and counts the tests that it reports. A step that reports none counts
/// as one check.
fn run(step: Cmd<'_>) -> Result<Tally> {
    let mut command: Command = step.into();
    // The terminal shows no styles but the harness's own.
    command.env("CARGO_TERM_COLOR", "never");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = stdout.zip(stderr).context("the step has no pipes")?;
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let of_stdout = scope.spawn(|| pass_on(BufReader::new(stdout)));
        tally.add(pass_on(BufReader::new(stderr)));
        tally.add(of_stdout.join().expect("printing lines does not panic"));
    });
    let success = child.wait()?.success();
    match (success, tally) {
        (true, Tally { passed: 0, .. }) => Ok(Tally { passed: 1, failed: 0 }),
        // A step can fail without reporting a failed test, for example on a compiler error.
        (false, Tally { passed, failed: 0 }) => Ok(Tally { passed, failed: 1 }),
        (_, tally) => Ok(tally),
    }
}

/// Prints the lines of a stream, and counts the tests that they report.
fn pass_on(stream: impl BufRead) -> Tally {
    let mut tally = Tally::default();
    for line in lines(stream) {
        say(&line);
        tally.add(counts(&line));
    }
    tally
}

/// The lines of a stream to its end, also if one is not valid UTF-8.
fn lines(stream: impl BufRead) -> impl Iterator<Item = String> {
    stream.split(b'\n').map_while(Result::ok).map(|line| String::from_utf8_lossy(&line).into_owned())
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Parses the line `test result: ok. 12 passed; 1 failed; …` of libtest.
fn counts(line: &str) -> Tally {
    let Some(result) = line.trim_start().strip_prefix("test result: ") else { return Tally::default() };
    let words: Vec<_> = result.split([' ', ';']).filter(|word| !word.is_empty()).collect();
    let before = |noun| {
        let at = words.iter().position(|word| *word == noun);
        at.and_then(|at| words.get(at.checked_sub(1)?)?.parse().ok()).unwrap_or(0)
    };
    Tally { passed: before("passed"), failed: before("failed") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_not_text_end_nothing() {
        let found: Vec<_> = lines(&b"one\n\xff\ntwo"[..]).collect();
        assert_eq!(found, ["one", "\u{fffd}", "two"]);
    }

    #[test]
    fn only_lines_of_libtest_are_counted() {
        let tally = |passed, failed| Tally { passed, failed };
        assert_eq!(counts("test result: ok. 12 passed; 1 failed; 0 ignored; 0 measured"), tally(12, 1));
        assert_eq!(counts("12 passed; 1 failed"), tally(0, 0));
        assert_eq!(counts("     Summary [   1.234s] 31 cases (120 cells): 30 passed, 1 failed"), tally(0, 0));
    }
}
