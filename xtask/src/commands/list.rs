//! `cargo xtask test --list`: lists the selected cells; as JSON, with the exact call of each.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build::artifacts::{self, Files};
use crate::environment::Environment;
use crate::exit;
use crate::host::hosts::Hosts;
use crate::host::native::Native;
use crate::model::cell::Cell;
use crate::model::needs;
use crate::process::Interrupt;
use crate::provision::wasmtime;
use crate::report::human::Format;
use crate::report::json;
use crate::run::invocation::Invocation;
use crate::run::scratch;
use crate::support::terminal;
use crate::workspace::Workspace;

/// Prints the cells on stdout, one per line, and returns the exit code. Nothing is built or set up, so the
/// listed files may not exist yet.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print(
    workspace: &Workspace,
    env: &Environment,
    scratch_root: &Path,
    cells: &[Cell<'_>],
    format: Format,
) -> Result<u8> {
    match format {
        Format::Human => cells.iter().try_for_each(|cell| terminal::print(&(cell.id() + "\n")))?,
        Format::Json => {
            let interrupt = Interrupt::watch().context("cannot watch for signals")?;
            let hosts = Hosts {
                wasmtime: Some(wasmtime::expected(env, workspace, &interrupt)),
                native: Native::default(),
            };
            for cell in cells {
                // Flags can name any module, even one that the cell does not need.
                let modules = cell.example.modules.iter().map(|module| cell.column.unit(&module.name));
                let units = needs::units(cell).into_iter().chain(modules);
                let files: Files = artifacts::expected(workspace, cell.example, units);
                let dir = cell.dir(scratch_root, 0);
                let mount = scratch::mounts(&workspace.own_dir(), scratch_root)
                    .join(dir.file_name().unwrap_or_default());
                let invocation = Invocation::of(cell, &dir, &mount, &files, &hosts);
                let words =
                    |argv: Vec<OsString>| Value::from_iter(argv.iter().map(|word| word.to_string_lossy()));
                let peer = Invocation::of_peer(cell, &cell.peer_dir(scratch_root, 0), &files, &hosts);
                // What another program needs to run the cell by itself.
                let variables =
                    invocation.env.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
                let mut listed = vec![
                    ("id", cell.id().into()),
                    ("argv", words(invocation.argv())),
                    ("env", Value::Object(variables.collect())),
                    ("cwd", invocation.cwd.to_string_lossy().into()),
                ];
                // The program to start first. The port that it prints replaces `{port}`.
                listed.extend(peer.map(|peer| ("peer", peer.typed().concat().into())));
                terminal::print_json(&(json::line(&listed) + "\n"))?;
            }
        }
    }
    Ok(exit::OK)
}
