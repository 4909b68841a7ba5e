//! Removes directories, including those from which a program has removed permissions.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::support::platform;

/// Removes a directory and everything in it, if it exists. Symbolic links are removed, not followed.
///
/// # Errors
/// If something cannot be removed.
pub fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_accessible(directory)?;
            fs::remove_dir_all(directory)
        }
        other => other,
    }
}

/// Restores the permissions of directories, so that they can be removed.
fn make_accessible(directory: &Path) -> io::Result<()> {
    /// A directory with a longer path is moved up, before the paths in it are too long for the system.
    const LONGEST: usize = 2048;
    let mut left: Vec<PathBuf> = vec![directory.into()];
    let mut free =
        (0_u32..).map(|number| directory.join(format!("moved-{number}"))).filter(|path| !path.exists());
    while let Some(mut directory) = left.pop() {
        platform::make_accessible(&directory)?;
        if directory.as_os_str().len() > LONGEST
            && let Some(moved) = free.next()
        {
            fs::rename(&directory, &moved)?;
            directory = moved;
        }
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                left.push(entry.path());
            }
        }
    }
    Ok(())
}
