//! `cargo xtask doctor`: lists the tools and targets, where they were found, whether they are suitable, and
//! how to fix what is not.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::environment::Environment;
use crate::exit;
use crate::model::target::Target;
use crate::process::Interrupt;
use crate::provision::finding::Finding;
use crate::provision::query;
use crate::provision::toolchain;
use crate::provision::wasmtime::find;
use crate::support::edition::COMMAND;
use crate::support::terminal;
use crate::workspace::Workspace;

/// One line of the list.
struct Line {
    name: String,
    finding: Finding,
    /// How to fix it if it is missing or unsuitable.
    help: String,
    /// Whether `test` works without it.
    optional: bool,
}

/// Prints the list on stdout, and returns the exit code, which says whether everything that `test` needs was
/// found. Nothing is installed.
///
/// # Errors
/// If rustc or stdout cannot be used.
pub fn doctor(workspace: &Workspace, env: &Environment) -> Result<u8> {
    let interrupt = Interrupt::watch().context("cannot watch for signals")?;
    let mut lines = vec![tool(env, "cargo", "install rustup: https://rustup.rs", false, &interrupt)];
    lines.push(tool(env, "rustup", "install rustup: https://rustup.rs", true, &interrupt));
    lines.extend(targets(env, workspace, &interrupt)?);
    lines.extend(wasmtime(env, workspace, &interrupt));
    lines.push(tool(env, "curl", "install curl; without it, wasmtime is compiled", true, &interrupt));
    lines.push(tool(env, "tar", "install tar; without it, wasmtime is compiled", true, &interrupt));
    lines.push(tool(env, "cc", "install a C linker, such as the package gcc or clang", false, &interrupt));
    lines.push(tool(env, "cargo-insta", "cargo install --locked cargo-insta", true, &interrupt));
    lines.push(tool(env, "cargo-binstall", "cargo install --locked cargo-binstall", true, &interrupt));

    let width = lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
    let mut code = exit::OK;
    for Line { name, finding, help, optional } in &lines {
        let needed = if *optional { "optional" } else { "needed" };
        let text = match finding {
            Finding::Suitable { at, version } => {
                format!("ok          {name:width$}  {version}  {}\n", at.display())
            }
            Finding::Unsuitable { at, why } => {
                format!("unsuitable  {name:width$}  {}: {why}\n{:12}help: {help}\n", at.display(), "")
            }
            Finding::Outdated { at, why } => {
                format!("outdated    {name:width$}  {}: {why}\n{:12}help: {help}\n", at.display(), "")
            }
            Finding::Missing => format!("missing     {name:width$}  {needed}\n{:12}help: {help}\n", ""),
        };
        terminal::print(&text)?;
        if !optional && matches!(finding, Finding::Unsuitable { .. } | Finding::Missing) {
            code = exit::SET_UP;
        }
    }
    Ok(code)
}

/// A program in `PATH`. It is suitable if `--version` works.
fn tool(env: &Environment, name: &str, help: &str, optional: bool, interrupt: &Interrupt) -> Line {
    let finding = match env.which(name) {
        None => Finding::Missing,
        Some(at) => {
            // `cargo-insta` prints its version only as cargo calls it.
            let subcommand = name.strip_prefix("cargo-").filter(|name| *name == "insta");
            let mut command = Command::new(&at);
            command.args(subcommand).arg("--version");
            match query::ask_successfully(command, interrupt) {
                Ok(printed) => {
                    Finding::Suitable { at, version: printed.lines().next().unwrap_or_default().to_string() }
                }
                Err(why) => Finding::Unsuitable { at, why: format!("asked for its version, {why}") },
            }
        }
    };
    Line { name: name.into(), finding, help: help.into(), optional }
}

/// The Rust of the pinned columns, and its standard library for each wasm target.
fn targets(env: &Environment, workspace: &Workspace, interrupt: &Interrupt) -> Result<Vec<Line>> {
    let found = toolchain::pinned(env, workspace, interrupt)?;
    let line = |name: String, at: Option<PathBuf>, help: String| {
        let suitable = |at| Finding::Suitable { at, version: "installed".into() };
        Line { name, finding: at.map_or(Finding::Missing, suitable), help, optional: false }
    };
    let rust = workspace.rust.map(|version| {
        let at = found.as_ref().map(|found| found.cargo.clone());
        line(format!("Rust {version}"), at, format!("{COMMAND} setup"))
    });
    let targets = Target::ALL.iter().filter_map(|target| target.wasm_triple()).map(|triple| {
        let at = found.as_ref().and_then(|found| found.target(triple));
        line(triple.into(), at, format!("{COMMAND} setup"))
    });
    Ok(rust.into_iter().chain(targets).collect())
}

/// The wasmtime that `test` would use, after those that were found first but are unsuitable.
fn wasmtime(env: &Environment, workspace: &Workspace, interrupt: &Interrupt) -> Vec<Line> {
    let findings = find::find(env, workspace.wasmtime, interrupt);
    let last = findings.len() - 1;
    findings
        .into_iter()
        .enumerate()
        .map(|(index, finding)| {
            let named = |at: &Path| env.wasmtime.as_deref() == Some(at);
            let help = match &finding {
                Finding::Unsuitable { at, .. } if named(at) => "unset WASMTIME".into(),
                _ => format!("{COMMAND} setup"),
            };
            Line { name: format!("wasmtime {}", workspace.wasmtime), finding, help, optional: index < last }
        })
        .collect()
}
