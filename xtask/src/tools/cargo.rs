//! Calls of cargo.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use anyhow::{Context, Result};

use crate::process::{self, Interrupt};
use crate::tools::environment;
use crate::tools::progress::{self, Progress};

/// The beginning of the line about a cargo that was killed.
pub const KILLED: &str = "error: cargo was killed: ";

/// How one call of cargo ended.
#[derive(Debug)]
pub struct Called {
    pub success: bool,
    /// What cargo wrote to stderr, without its progress bars; and a line if it was killed.
    pub stderr: String,
}

/// Returns a command that runs `program` with the environment of cargo, see [`environment::variables`].
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(environment::variables());
    command
}

/// Returns a command that runs `program` with the environment of the user, see [`environment::for_package`].
pub fn command_for_package(
    program: impl AsRef<OsStr>,
    harness: &Path,
    rustup_home: Option<&Path>,
) -> Command {
    let mut command = Command::new(program);
    for (name, value) in environment::for_package(harness, rustup_home) {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Runs a [`command`] to its end, shows its progress, and passes each line of its stdout to `receive`. On an
/// interrupt, cargo and all processes that it has started are killed.
///
/// # Errors
/// If the program cannot be run. That cargo fails is not an error here.
pub fn call(
    command: &mut Command,
    progress: Progress,
    interrupt: &Interrupt,
    mut receive: impl FnMut(&str),
) -> Result<Called> {
    command.envs(progress.variables());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = command.get_program().to_string_lossy().into_owned();
    let cannot_run = || format!("cannot run {program}");
    let mut child = process::start_tool(command).with_context(cannot_run)?;
    let group = child.id();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = stdout.zip(stderr).context("cargo was started without pipes")?;
    let mut stderr = std::thread::scope(|scope| {
        let (sender, lines) = mpsc::channel();
        scope.spawn(move || progress::read(stderr, |line| sender.send(line).is_ok()));
        let stderr = scope.spawn(move || {
            progress::forward(&lines, progress, || {
                // The process group exists until cargo is waited for, which happens after the end of its
                // output.
                if interrupt.signal().is_some() {
                    process::end_tool(group);
                }
            })
        });
        BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| receive(&line));
        stderr.join().expect("forwarding lines does not panic")
    });
    let status = child.wait().with_context(cannot_run)?;
    if status.code().is_none() {
        stderr.push_str(&format!("{KILLED}{status}\n"));
    }
    Ok(Called { success: status.success(), stderr })
}
