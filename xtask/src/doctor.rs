//! `cargo xtask doctor`: each tool and target, where it was found, whether it is fit, what mends it.

use std::path::Path;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::environment::Environment;
use crate::stop::exit;
use crate::target::Target;
use crate::terminal;
use crate::toolchain::{self, Finding};
use crate::workspace::Workspace;

/// One line of the list.
struct Line {
    name: String,
    finding: Finding,
    mend: String,
    /// Whether `test` works without it.
    optional: bool,
}

/// Prints the list on stdout and gives the exit code: whether all that `test` needs is there. It
/// sets nothing up.
pub fn doctor(workspace: &Workspace, env: &Environment) -> Result<u8> {
    let sh = Shell::new()?;
    let mut lines = vec![tool(&sh, env, "cargo", "install rustup: https://rustup.rs", false)];
    lines.push(tool(&sh, env, "rustup", "install rustup: https://rustup.rs", true));
    lines.extend(targets(&sh, env)?);
    lines.extend(wasmtime(&sh, env, workspace));
    lines.push(tool(&sh, env, "cc", "install a C linker, such as the package gcc or clang", false));
    lines.push(tool(&sh, env, "cargo-insta", "cargo install --locked cargo-insta", true));
    lines.push(tool(&sh, env, "cargo-binstall", "cargo install --locked cargo-binstall", true));

    let width = lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
    let mut code = exit::OK;
    for Line { name, finding, mend, optional } in &lines {
        let needed = if *optional { "optional" } else { "needed" };
        let text = match finding {
            Finding::Fit { at, version } => format!("ok       {name:width$}  {version}  {}\n", at.display()),
            Finding::Unfit { at, why } => {
                format!("unfit    {name:width$}  {}: {why}\n{:19}mend it: {mend}\n", at.display(), "")
            }
            Finding::Missing => format!("missing  {name:width$}  {needed}\n{:19}mend it: {mend}\n", ""),
        };
        terminal::print(&text)?;
        if !optional && !matches!(finding, Finding::Fit { .. }) {
            code = exit::SET_UP;
        }
    }
    Ok(code)
}

fn tool(sh: &Shell, env: &Environment, name: &str, mend: &str, optional: bool) -> Line {
    let finding = match env.which(name) {
        None => Finding::Missing,
        Some(at) => {
            // `cargo-insta` prints its version only as cargo calls it.
            let subcommand = name.strip_prefix("cargo-").filter(|name| *name == "insta");
            match cmd!(sh, "{at} {subcommand...} --version").quiet().ignore_stderr().read() {
                Ok(printed) => {
                    Finding::Fit { at, version: printed.lines().next().unwrap_or_default().to_string() }
                }
                Err(error) => Finding::Unfit { at, why: error.to_string() },
            }
        }
    };
    Line { name: name.into(), finding, mend: mend.into(), optional }
}

fn targets(sh: &Shell, env: &Environment) -> Result<Vec<Line>> {
    let rustlib = toolchain::rustlib(sh, env)?;
    let line = |triple: &str| {
        let at = rustlib.join(triple);
        let finding = match toolchain::has_target(&rustlib, triple) {
            true => Finding::Fit { at, version: "installed".into() },
            false => Finding::Missing,
        };
        Line { name: triple.into(), finding, mend: format!("rustup target add {triple}"), optional: false }
    };
    Ok(Target::ALL.iter().filter_map(|target| target.wasm_triple()).map(line).collect())
}

/// The wasmtime that would be used, and those that were found before it and passed over.
fn wasmtime(sh: &Shell, env: &Environment, workspace: &Workspace) -> Vec<Line> {
    let findings = toolchain::find_wasmtime(sh, env, workspace.wasmtime);
    let last = findings.len() - 1;
    findings
        .into_iter()
        .enumerate()
        .map(|(index, finding)| {
            let named = |at: &Path| env.wasmtime.as_deref() == Some(at);
            let mend = match &finding {
                Finding::Unfit { at, .. } if named(at) => "unset WASMTIME".into(),
                _ => "cargo xtask setup".into(),
            };
            Line { name: format!("wasmtime {}", workspace.wasmtime), finding, mend, optional: index < last }
        })
        .collect()
}
