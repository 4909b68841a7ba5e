//! Scratch folders: each cell runs in one of its own, and what it changed there is part of its
//! outcome.
//!
//! A cell's scratch folder is `NAME/cwd`; the folder around it belongs to the cell alone, so that a
//! program that writes to `..` is noticed and disturbs nobody.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::files;
use crate::fixture::{Change, Fixture, fnv_1a};

/// The name of the working directory in a cell's folder.
pub const CWD: &str = "cwd";

/// The folder for all scratch folders of the workspace that builds into `own_dir`.
///
/// On Linux it is in memory, where there is such a file system: a disk's takes more time over these
/// many short-lived files than the programs take. Otherwise it is below `own_dir`.
pub fn root(own_dir: &Path) -> PathBuf {
    let key = fnv_1a(own_dir.as_os_str().as_encoded_bytes());
    files::private_folder_in_memory(key).unwrap_or_else(|| own_dir.join("scratch"))
}

/// Makes a fresh folder at `cell_dir` with the fixture in its `cwd`.
pub fn make(cell_dir: &Path, fixture: &Fixture) -> Result<()> {
    let made = || {
        remove(cell_dir)?;
        fs::create_dir_all(cell_dir.join(CWD))?;
        fixture.write(&cell_dir.join(CWD))
    };
    made().with_context(|| format!("cannot make the scratch folder {}", cell_dir.display()))
}

/// What the run changed in its folder.
pub fn changes(cell_dir: &Path, fixture: &Fixture) -> Result<Vec<Change>> {
    Ok(fixture.below(CWD).changes(&Fixture::read(cell_dir)?))
}

/// Makes the folder for all scratch folders, empty of what a killed run may have left there.
pub fn prepare(root: &Path) -> Result<()> {
    let prepare = || {
        remove(root)?;
        fs::create_dir_all(root.parent().unwrap_or(root))?;
        files::make_private_folder(root)
    };
    prepare().with_context(|| format!("cannot make the folder {} anew", root.display()))
}

/// Removes a folder and all in it. Links are removed, never followed.
pub fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_accessible(folder)?;
            fs::remove_dir_all(folder)
        }
        other => other,
    }
}

/// Gives back the rights that a program took from folders, so that they can be removed.
fn make_accessible(folder: &Path) -> io::Result<()> {
    /// Longer paths may soon be too long for the system.
    const LONGEST: usize = 2048;
    let mut left: Vec<PathBuf> = vec![folder.into()];
    let mut free =
        (0_u32..).map(|number| folder.join(format!("moved-{number}"))).filter(|path| !path.exists());
    while let Some(mut folder) = left.pop() {
        files::make_accessible(&folder)?;
        if folder.as_os_str().len() > LONGEST
            && let Some(moved) = free.next()
        {
            fs::rename(&folder, &moved)?;
            folder = moved;
        }
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                left.push(entry.path());
            }
        }
    }
    Ok(())
}
