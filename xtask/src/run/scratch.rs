//! Scratch directories: each cell runs in its own, and what it changed there is part of its outcome.
//!
//! The working directory of a cell is `NAME/cwd`; the directory around it belongs to the cell alone, so
//! that files that a program writes to `..` are found, and do not affect other cells.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::discover::directory;
use crate::model::tree::{Change, Tree};
use crate::support::hash::fnv_1a;
use crate::support::platform;
use crate::support::removal::remove;

/// The name of the working directory in a cell's directory.
pub const CWD: &str = "cwd";

/// Returns the directory for all scratch directories of the workspace that builds into `own_dir`.
///
/// It is in a memory file system if there is one (Linux only): a disk takes more time for the many short-lived
/// files than the programs take. Otherwise it is in `own_dir`.
pub fn root(own_dir: &Path) -> PathBuf {
    let key = fnv_1a(own_dir.as_os_str().as_encoded_bytes());
    platform::private_directory_in_memory(key).unwrap_or_else(|| own_dir.join("scratch"))
}

/// Creates a new directory at `cell_dir` with `fixture` in its `cwd`. Anything that exists there is removed.
///
/// # Errors
/// If something cannot be removed or created.
pub fn create(cell_dir: &Path, fixture: &Tree) -> Result<()> {
    let create = || {
        remove(cell_dir)?;
        fs::create_dir_all(cell_dir.join(CWD))?;
        directory::write(fixture, &cell_dir.join(CWD))
    };
    create().with_context(|| format!("cannot create the scratch directory {}", cell_dir.display()))
}

/// Returns what a run changed in `cell_dir`, by paths relative to `cell_dir`.
///
/// # Errors
/// If the directory cannot be read.
pub fn changes(cell_dir: &Path, fixture: &Tree) -> Result<Vec<Change>> {
    Ok(fixture.below(CWD).changes(&directory::read(cell_dir)?))
}

/// Creates an empty directory for all scratch directories. What a killed run has left there is removed.
///
/// # Errors
/// If something cannot be removed or created.
pub fn prepare(root: &Path) -> Result<()> {
    let prepare = || {
        remove(root)?;
        fs::create_dir_all(root.parent().unwrap_or(root))?;
        platform::make_private_directory(root)
    };
    prepare().with_context(|| format!("cannot create an empty directory {}", root.display()))
}
