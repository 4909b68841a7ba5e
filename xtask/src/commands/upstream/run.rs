//! Runs the command lines of a draft.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::commands::upstream::page::Draft;
use crate::exit;
use crate::host::wasmtime::Wasmtime;
use crate::process::{self, End, Limits, Ran, Streams};
use crate::provision::toolchain::Installed;
use crate::run::scratch::{CWD, Root};
use crate::session::Session;
use crate::support::platform;
use crate::support::removal::remove;
use crate::tools;

/// The limits of a compiler, and of all command lines of a draft together.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(120), output: 64 * 1024 };

/// Separates the outputs of the command lines. No program prints it.
const SEPARATOR: char = '\u{1e}';

/// What runs drafts.
pub struct Runner<'a> {
    pub session: &'a Session<'a>,
    pub scratch: &'a Root,
    pub toolchain: &'a Installed,
    pub wasmtime: &'a Wasmtime,
    /// The shell.
    pub bash: PathBuf,
    /// The command lines that compile a program, with `NAME` for its name.
    pub build: &'a [String],
}

/// What the command lines of a draft have printed.
#[derive(Debug, PartialEq, Eq)]
pub enum Printed {
    /// The output of each, in their order, with its exit code if that is not 0.
    Outputs(Vec<String>),
    /// The program does not compile: the command line, and its output.
    DoesNotCompile(String, String),
}

impl Runner<'_> {
    /// Compiles the program of a draft, and runs its command lines. Returns `None` after an interrupt.
    ///
    /// # Errors
    /// If the harness cannot do that, whatever the programs do.
    pub fn run(&self, draft: &Draft) -> Result<Option<Printed>> {
        let own = self.scratch.path.join(format!("upstream-{}", draft.number));
        remove(&own)?;
        // A draft may need a file system that is not in memory.
        let is_in_memory = !self.scratch.path.starts_with(self.session.workspace.own_dir());
        let mounted = is_in_memory.then(|| self.scratch.mount(&own)).transpose()?;
        let cwd = if mounted.is_some() { self.scratch.mount_of(&own) } else { own.join(CWD) };
        let bin = own.join("bin");
        let prepare = || {
            fs::create_dir_all(&bin)?;
            fs::create_dir_all(&cwd)?;
            platform::make_link(&self.wasmtime.program, &bin.join("wasmtime"))?;
            draft.files.iter().try_for_each(|(name, text)| fs::write(cwd.join(name), text))
        };
        prepare().with_context(|| format!("cannot prepare {}", own.display()))?;
        for line in self.build.iter().map(|line| line.replace("NAME", &draft.program)) {
            let mut compiler = tools::cargo::command(&self.bash);
            compiler.envs(self.toolchain.variables(&self.session.env.path));
            match self.shell(compiler, &format!("exec 2>&1; {line}"), &own, &cwd)? {
                None => return Ok(None),
                Some(Ran { end: End::Exit(0), .. }) => {}
                Some(Ran { end, stdout, .. }) => {
                    let output = format!("{}[{end}]\n", String::from_utf8_lossy(&stdout));
                    return Ok(Some(Printed::DoesNotCompile(line, output)));
                }
            }
        }
        let lines: Vec<_> = draft.steps.iter().map(|step| step.line.as_str()).collect();
        let warmed = self.programs(&bin, &own, &self.warm_up(draft), &cwd)?;
        let Some(ran) = warmed.and(self.programs(&bin, &own, &script(&lines), &cwd)?) else {
            return Ok(None);
        };
        Ok(Some(Printed::Outputs(outputs(&String::from_utf8_lossy(&ran.stdout), lines.len(), ran.end))))
    }

    /// A script after which wasmtime has compiled the program, so that this does not count for times. That it fails is
    /// expected, because no guest may start.
    fn warm_up(&self, draft: &Draft) -> String {
        let lines = [".p1.wasm", ".p2.wasm"].map(|suffix| {
            let line = Wasmtime::line_without_guest(&format!("{}{suffix}", draft.program));
            format!("{line} > /dev/null 2>&1\n")
        });
        lines.concat()
    }

    /// Runs a script in the environment of programs under test.
    fn programs(&self, bin: &Path, own: &Path, script: &str, cwd: &Path) -> Result<Option<Ran>> {
        let path = [bin].into_iter().chain(self.session.env.path.iter().map(PathBuf::as_path));
        let path = std::env::join_paths(path).context("cannot put wasmtime on PATH")?;
        let mut shell = Command::new(&self.bash);
        shell.env_clear().env("PATH", path).env("LC_ALL", "C").env("TZ", "UTC");
        shell.env("HOME", own).env("TMPDIR", own);
        self.shell(shell, script, own, cwd)
    }

    fn shell(&self, mut shell: Command, script: &str, own: &Path, cwd: &Path) -> Result<Option<Ran>> {
        shell.args(["-c", script]).current_dir(cwd);
        let interrupt = &self.session.interrupt;
        process::run(shell, own, b"", Streams::Recorded, LIMITS, interrupt, None).map_err(|error| {
            exit::error(exit::HARNESS, format!("cannot run {}: {error}", self.bash.display()))
        })
    }
}

/// A script that runs the lines in their order, and separates their outputs.
fn script(lines: &[&str]) -> String {
    let lines = lines.iter().map(|line| format!("{line}\nprintf '{SEPARATOR}%s{SEPARATOR}' $?\n"));
    format!("exec 2>&1\n{}", lines.collect::<String>())
}

/// The outputs of `count` lines of a [`script`], each with its exit code if that is not 0. A line that was not reached
/// or did not end has printed `[timed out]`, or how else the script ended.
fn outputs(printed: &str, count: usize, end: End) -> Vec<String> {
    let mut parts = printed.split(SEPARATOR);
    let output = |_| {
        let text = parts.next().unwrap_or_default();
        let note = match parts.next() {
            Some("0") => return text.to_string(),
            Some(code) => format!("[exit code {code}]"),
            None => format!("[{end}]"),
        };
        let separator = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        format!("{text}{separator}{note}\n")
    };
    (0..count).map(output).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_of_lines_are_separated() {
        let printed = "a\nb\n\u{1e}0\u{1e}\u{1e}124\u{1e}c\u{1e}1\u{1e}";
        let expected = ["a\nb\n", "[exit code 124]\n", "c\n[exit code 1]\n"];
        assert_eq!(outputs(printed, 3, End::Exit(0)), expected);
        let expected = ["a\n[timed out]\n", "[timed out]\n"];
        assert_eq!(outputs("a\n", 2, End::TimedOut), expected);
    }
}
