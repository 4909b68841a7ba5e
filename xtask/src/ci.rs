//! `cargo xtask ci`: all that CI checks, in the order in which it is likely to fail.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use xshell::{Cmd, Shell, cmd};

use crate::environment::Environment;
use crate::snapshot;
use crate::stop::exit;
use crate::target::Target;
use crate::terminal::{self, say};
use crate::toolchain;
use crate::workspace::Workspace;

/// How many checks passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
}

/// Runs every check, also after one that fails, and gives the exit code. The last line on stdout
/// is `N passed, N failed`.
pub fn ci(workspace: &Workspace, env: &Environment) -> Result<u8> {
    let sh = Shell::new()?;
    sh.change_dir(&workspace.root);
    toolchain::provision(&sh, env, workspace, &Target::ALL.into(), false, &say)?;

    let cargo = &env.cargo;
    let this = std::env::current_exe().context("cannot find this program")?;
    let others = add_other_systems(&sh)?;
    let steps = [
        ("formatting", cmd!(sh, "{cargo} fmt --all --check")),
        ("clippy", cmd!(sh, "{cargo} clippy --workspace --all-targets --locked -- --deny warnings")),
        (
            "the harness on other systems",
            cmd!(sh, "{cargo} clippy --package xtask --locked {others...} -- --deny warnings"),
        ),
        ("the harness's tests", cmd!(sh, "{cargo} test --locked")),
        ("the examples", cmd!(sh, "{this} test --check")),
        ("the page of divergences", cmd!(sh, "{this} divergences --check")),
    ];
    let mut total = Tally::default();
    for (name, step) in steps {
        say(&format!("\n== {name}: {step}"));
        let tally = run(step).with_context(|| format!("cannot check {name}"))?;
        total.passed += tally.passed;
        total.failed += tally.failed;
    }
    terminal::print(&format!("{} passed, {} failed\n", total.passed, total.failed))?;
    Ok(if total.failed == 0 { exit::OK } else { exit::DIFFERS })
}

/// Systems for which the harness is compiled, but not run, here.
const OTHER_SYSTEMS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-pc-windows-gnu"];

/// Sees to it that rustc can check for those, and gives the flags that name them.
fn add_other_systems(sh: &Shell) -> Result<Vec<&'static str>> {
    cmd!(sh, "rustup target add {OTHER_SYSTEMS...}")
        .quiet()
        .run()
        .context("cannot add targets to check for")?;
    Ok(OTHER_SYSTEMS.iter().flat_map(|triple| ["--target", triple]).collect())
}

/// Runs a step with its output in view, and counts what it reports; a step that counts nothing is
/// one check.
fn run(step: Cmd<'_>) -> Result<Tally> {
    let mut command: Command = snapshot::restore_environment(step).into();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = stdout.zip(stderr).context("a step without pipes")?;
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let of_stdout = scope.spawn(|| pass_on(BufReader::new(stdout)));
        let of_stderr = pass_on(BufReader::new(stderr));
        for part in [of_stderr, of_stdout.join().expect("passing lines on does not panic")] {
            tally.passed += part.passed;
            tally.failed += part.failed;
        }
    });
    let success = child.wait()?.success();
    match (success, tally) {
        (true, Tally { passed: 0, .. }) => Ok(Tally { passed: 1, failed: 0 }),
        // A step that fails without a count, as by a compiler's error, must not go unnoticed.
        (false, Tally { passed, failed: 0 }) => Ok(Tally { passed, failed: 1 }),
        (_, tally) => Ok(tally),
    }
}

fn pass_on(stream: impl BufRead) -> Tally {
    let mut tally = Tally::default();
    for line in stream.lines().map_while(Result::ok) {
        say(&line);
        let counted = counts(&line);
        tally.passed += counted.passed;
        tally.failed += counted.failed;
    }
    tally
}

/// Reads `test result: ok. 12 passed; 1 failed; …` of libtest and the harness's own
/// `Summary [ 1.2s] 30 cases (120 cells): 30 passed, 0 failed`.
fn counts(line: &str) -> Tally {
    let line = line.trim_start();
    if !line.starts_with("test result: ") && !line.starts_with("Summary [") {
        return Tally::default();
    }
    let words: Vec<_> = line.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
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
    fn counted_lines() {
        let tally = |passed, failed| Tally { passed, failed };
        assert_eq!(counts("test result: ok. 12 passed; 1 failed; 0 ignored; 0 measured"), tally(12, 1));
        assert_eq!(
            counts("     Summary [   1.234s] 31 cases (120 cells): 30 passed, 1 failed"),
            tally(30, 1)
        );
        assert_eq!(
            counts("     Summary [   1.234s] 2 cases (4 cells): 2 passed (1 newly accepted), 0 failed"),
            tally(2, 0)
        );
        assert_eq!(counts("12 passed; 1 failed"), tally(0, 0));
    }
}
