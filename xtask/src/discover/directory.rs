//! Reads a directory into a [`Tree`], and writes a tree into a directory.
//!
//! A fixture is read once and written for every cell, so that each cell has its own files. After the run,
//! the cell's directory is read again.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::model::tree::{Entry, Tree, USUAL_MODE};
use crate::support::hash::Fnv;
use crate::support::platform::{is_mount_point, make_fifo, make_link, mode, set_mode};

/// The size in bytes of the largest file that is held in memory.
pub const LARGEST_HELD: u64 = 1 << 20;
/// How many bytes of a larger file are hashed at most, to limit the time that this takes.
const HASHED: u64 = 64 << 20;
/// How many directories may be nested. The contents of deeper ones are not read, as their paths may be too
/// long for the system.
pub const DEEPEST: usize = 64;
/// How many bytes the path of a directory may have, for the same reason. It is counted from the directory
/// that is read, so that it does not depend on where the scratch directories are.
pub const LONGEST: usize = 1024;

/// Reads everything below `directory`, with the modes of files. If it does not exist, the tree is empty. What is
/// mounted there is not read.
///
/// # Errors
/// If something cannot be read. An entry below `directory` that cannot be read for lack of permission is not
/// an error, but [`Entry::Unreadable`].
pub fn read(directory: &Path) -> Result<Tree> {
    let mut entries = BTreeMap::new();
    walk(directory, Path::new(""), &mut entries)
        .with_context(|| format!("cannot read {}", directory.display()))?;
    Ok(Tree { entries })
}

/// Reads everything below the directory of a cell, which the cell may have replaced. If there is something else
/// at the path, such as a link to another directory, that is the only entry, at `.`, and it is not followed.
///
/// # Errors
/// As [`read`].
pub fn read_own(directory: &Path) -> Result<Tree> {
    let entry = match fs::symlink_metadata(directory) {
        Ok(found) if found.is_symlink() => Entry::Link(fs::read_link(directory)?),
        Ok(found) if found.is_dir() && is_mount_point(directory) => Entry::Mount,
        Ok(found) if found.is_dir() => return read(directory),
        Ok(_) => Entry::Special,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tree::default()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", directory.display())),
    };
    Ok(Tree { entries: [(".".into(), entry)].into() })
}

/// Writes the tree into the empty directory `directory`.
///
/// # Errors
/// If something cannot be created, or the tree has an entry that cannot be created from it, such as a file
/// that was too large to hold.
pub fn write(tree: &Tree, directory: &Path) -> io::Result<()> {
    for (path, entry) in &tree.entries {
        let path = directory.join(path);
        match entry {
            Entry::Directory => fs::create_dir(path)?,
            Entry::File { contents, mode } => {
                fs::write(&path, contents)?;
                set_mode(&path, *mode)?;
            }
            Entry::Link(target) => make_link(target, &path)?,
            Entry::Special => make_fifo(&path)?,
            Entry::Large { .. } | Entry::Unreadable | Entry::Deep | Entry::Long | Entry::Mount => {
                let message = format!("the fixture has no contents for {}", path.display());
                return Err(io::Error::other(message));
            }
        }
    }
    Ok(())
}

/// Adds everything below `root/below` to `entries`, by its path from `root`.
fn walk(root: &Path, below: &Path, entries: &mut BTreeMap<PathBuf, Entry>) -> io::Result<()> {
    let listing = match fs::read_dir(root.join(below)) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound && below == Path::new("") => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && below != Path::new("") => {
            entries.insert(below.into(), Entry::Unreadable);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for found in listing {
        let found = found?;
        let path = below.join(found.file_name());
        let kind = found.file_type()?;
        if kind.is_dir() {
            let entry = if path.components().count() > DEEPEST {
                Entry::Deep
            } else if path.as_os_str().len() > LONGEST {
                Entry::Long
            } else if is_mount_point(&root.join(&path)) {
                Entry::Mount
            } else {
                Entry::Directory
            };
            let is_read = entry == Entry::Directory;
            entries.insert(path.clone(), entry);
            if is_read {
                walk(root, &path, entries)?;
            }
            continue;
        }
        let entry = if kind.is_symlink() {
            Entry::Link(fs::read_link(root.join(&path))?)
        } else if kind.is_file() {
            match read_file(&root.join(&path), &found.metadata()?) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Entry::Unreadable,
                read => read?,
            }
        } else {
            Entry::Special
        };
        entries.insert(path, entry);
    }
    Ok(())
}

fn read_file(path: &Path, metadata: &fs::Metadata) -> io::Result<Entry> {
    let file = fs::File::open(path)?;
    let size = metadata.len();
    if size <= LARGEST_HELD {
        let mut contents = Vec::new();
        file.take(LARGEST_HELD).read_to_end(&mut contents)?;
        return Ok(Entry::File { contents, mode: mode(metadata).unwrap_or(USUAL_MODE) });
    }
    let mut reader = io::BufReader::with_capacity(1 << 16, file.take(HASHED));
    let mut hash = Fnv::default();
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Ok(Entry::Large { size, hash: hash.value() });
        }
        hash.add(chunk);
        let read = chunk.len();
        reader.consume(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tree::EXECUTABLE_MODE;

    #[test]
    fn large_files_and_deep_directories_are_read_in_bounded_time_and_space() {
        let directory = tempfile::tempdir().unwrap();
        let large = fs::File::create(directory.path().join("large")).unwrap();
        large.set_len(1 << 40).unwrap();
        let mut deep = directory.path().to_path_buf();
        deep.extend(["x"; 200]);
        fs::create_dir_all(&deep).unwrap();
        let tree = read(directory.path()).unwrap();
        let large = &tree.entries[Path::new("large")];
        assert!(matches!(large, Entry::Large { size, .. } if *size == 1 << 40));
        assert_eq!(tree.entries.values().filter(|entry| **entry == Entry::Deep).count(), 1);
        assert!(write(&tree, &directory.path().join("x")).is_err());
    }

    #[test]
    fn a_written_tree_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = |contents: &str| Entry::File { contents: contents.into(), mode: USUAL_MODE };
        let entries = [
            ("a", file("1")),
            ("sub", Entry::Directory),
            ("sub/link", Entry::Link("/nowhere/at/all".into())),
            ("tool", Entry::File { contents: b"#!/bin/sh".into(), mode: EXECUTABLE_MODE }),
        ];
        let tree = Tree { entries: entries.map(|(path, entry)| (path.into(), entry)).into() };
        write(&tree, directory.path()).unwrap();
        assert_eq!(read(directory.path()).unwrap(), tree);
    }
}
