//! `cargo xtask test --list`: the selected cells, and with JSON exactly how each is called.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use xshell::Shell;

use crate::call::{self, Files};
use crate::cell::Cell;
use crate::cli::Format;
use crate::environment::Environment;
use crate::stop::exit;
use crate::terminal;
use crate::toolchain;
use crate::workspace::Workspace;

/// What a program needs to run a cell by itself.
#[derive(Serialize)]
struct Listed<'a> {
    id: String,
    argv: Vec<String>,
    env: &'a BTreeMap<String, String>,
    cwd: String,
    /// The program to start before, whose port is to stand for `{port}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
}

/// Prints the cells on stdout, one a line, and gives the exit code. Nothing is built or set up, so
/// files are named that may not be there yet.
pub fn print(
    workspace: &Workspace,
    env: &Environment,
    scratch: &Path,
    cells: &[Cell<'_>],
    format: Format,
) -> Result<u8> {
    match format {
        Format::Human => cells.iter().try_for_each(|cell| terminal::print(&(cell.id() + "\n")))?,
        Format::Json => {
            let wasmtime = toolchain::expected_wasmtime(&Shell::new()?, env, workspace);
            let files: Files =
                cells.iter().flat_map(|cell| call::expected_files(workspace, cell.example)).collect();
            for cell in cells {
                let call = call::of(cell, &cell.dir(scratch, 0), &files, Some(&wasmtime));
                let argv = call.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
                let cwd = call.cwd.to_string_lossy().into_owned();
                let peer = call::of_peer(cell, &cell.peer_dir(scratch, 0), &files);
                let peer = peer.map(|peer| peer.program().to_string_lossy().into_owned());
                let listed = Listed { id: cell.id(), argv, env: &call.env, cwd, peer };
                terminal::print(&(serde_json::to_string(&listed)? + "\n"))?;
            }
        }
    }
    Ok(exit::OK)
}
