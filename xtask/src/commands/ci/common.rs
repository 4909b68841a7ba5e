//! What the checks of everything and those of an example have in common.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::cli::{self, Cli, GrantsArgs};
use crate::workspace::Workspace;

/// Installs what only checks need in the toolchain that checks formatting and lints.
///
/// # Errors
/// If it cannot be installed.
pub fn add_linters(sh: &Shell, workspace: &Workspace) -> Result<()> {
    let toolchain = workspace.rust.map(|rust| ["--toolchain".into(), rust.to_string()]);
    let toolchain = toolchain.iter().flatten();
    cmd!(sh, "rustup component add {toolchain...} clippy rustfmt")
        .quiet()
        .ignore_stderr()
        .run()
        .context("cannot install clippy and rustfmt")
}

/// The arguments of `grants --all`.
pub fn grants_of_all() -> GrantsArgs {
    let Cli { command: cli::Command::Grants(args) } = Cli::parse_from(["xtask", "grants", "--all"]) else {
        unreachable!("the command is `grants`");
    };
    *args
}
