//! Reads a directory into a [`Tree`], and writes a tree into a directory.
//!
//! A fixture is read once and written for every cell, so that each cell has its own files. After the run,
//! the cell's directory is read again.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::model::tree::{Entry, Original, Tree, USUAL_MODE};
use crate::support::hash::Fnv;
use crate::support::platform::{is_mount_point, make_fifo, make_link, mode, set_mode};

/// The size in bytes of the largest file that is held in memory.
pub const LARGEST_HELD: u64 = 1 << 20;
/// How many bytes of a larger file are hashed at most, to limit the time that this takes.
const HASHED: u64 = 64 << 20;
/// How many bytes are copied or compared at a time, so that an interrupt is noticed between two of these.
const CHUNK: u64 = 1 << 18;
/// How many directories may be nested. The contents of deeper ones are not read, as their paths may be too
/// long for the system.
pub const DEEPEST: usize = 64;
/// How many bytes the path of a directory may have, for the same reason. It is counted from the directory
/// that is read, so that it does not depend on where the scratch directories are.
pub const LONGEST: usize = 1024;

/// Is called again and again by what may take long, and ends it by an error.
pub type Poll<'a> = &'a dyn Fn() -> io::Result<()>;

/// Reads everything below `directory`, with the modes of files. If it does not exist, the tree is empty. What is
/// mounted there is not read.
///
/// # Errors
/// If something cannot be read; the error names it. An entry below `directory` that cannot be read for lack of
/// permission is not an error, but [`Entry::Unreadable`].
pub fn read(directory: &Path) -> Result<Tree> {
    Reader { root: directory, copies: None, poll: &|| Ok(()), entries: BTreeMap::new() }.tree()
}

/// Reads everything below the directory of a cell, which the cell may have replaced. If there is something else
/// at the path, such as a link to another directory, that is the only entry, at `.`, and it is not followed.
///
/// A file that is still equal to its [`Entry::Copy`] in `before`, the tree that was written, is that entry again.
///
/// # Errors
/// As [`read`], those of `poll`, and if the user has changed a file that was copied.
pub fn read_own(directory: &Path, before: &Tree, poll: Poll<'_>) -> Result<Tree> {
    let entry = match fs::symlink_metadata(directory) {
        Ok(found) if found.is_symlink() => Entry::Link(fs::read_link(directory)?),
        Ok(found) if found.is_dir() && is_mount_point(directory) => Entry::Mount,
        Ok(found) if found.is_dir() => {
            let reader = Reader { root: directory, copies: Some(before), poll, entries: BTreeMap::new() };
            return reader.tree();
        }
        Ok(_) => Entry::Special,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tree::default()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", directory.display())),
    };
    Ok(Tree { entries: [(".".into(), entry)].into() })
}

/// Writes the tree into the empty directory `directory`, and what belongs beside it.
///
/// # Errors
/// If something cannot be created, or the tree has an entry that cannot be created from it, such as a file
/// that was too large to hold. If the user has changed a file that is to be copied. And those of `poll`.
pub fn write(tree: &Tree, directory: &Path, poll: Poll<'_>) -> io::Result<()> {
    for (path, entry) in &tree.entries {
        poll()?;
        let path = directory.join(path);
        match entry {
            Entry::Directory => fs::create_dir(path)?,
            Entry::File { contents, mode } => {
                fs::write(&path, contents)?;
                set_mode(&path, *mode)?;
            }
            Entry::Copy(original) => {
                copy(original, &path, poll).map_err(|error| at(&original.path, &error))?
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

/// The same error, with the path that it is about.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Opens a file of the user to read it.
fn open(original: &Original) -> io::Result<io::Take<File>> {
    let found = fs::metadata(&original.path)?;
    if !found.is_file() || found.len() != original.size || found.modified().ok() != original.modified {
        return Err(changed());
    }
    Ok(File::open(&original.path)?.take(original.size))
}

/// The error if the user has changed a file since it was found.
fn changed() -> io::Error {
    io::Error::other("it was changed meanwhile; run this again when nothing changes it")
}

fn copy(original: &Original, to: &Path, poll: Poll<'_>) -> io::Result<()> {
    let (mut from, mut copy) = (open(original)?, File::create_new(to)?);
    let (mut chunk, mut left) = (chunk(original.size), original.size);
    while left > 0 {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return Err(changed());
        }
        copy.write_all(&chunk[..read])?;
        left -= read as u64;
        if left > 0 {
            poll()?;
        }
    }
    // A later change of the copy then shows in its time. It is the same in all copies if the system can set it.
    if let Some(modified) = original.modified {
        let _ = copy.set_modified(modified);
    }
    set_mode(to, original.mode)
}

/// Whether the file at `path` still is what [`copy`] has written.
fn is_copy(path: &Path, found: &Metadata, original: &Original, poll: Poll<'_>) -> io::Result<bool> {
    if found.len() != original.size || mode(found).is_some_and(|mode| mode != original.mode) {
        return Ok(false);
    }
    let mut copy = File::open(path)?;
    // Not a lack of permission, which is a fact about the copy.
    let mut from = open(original).map_err(|error| io::Error::other(at(&original.path, &error)))?;
    let (mut ours, mut theirs) = (chunk(original.size), chunk(original.size));
    let mut left = original.size;
    while left > 0 {
        let read = from.read(&mut theirs)?;
        if read == 0 {
            return Err(io::Error::other(at(&original.path, &changed())));
        }
        match copy.read_exact(&mut ours[..read]) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            other => other?,
        }
        if ours[..read] != theirs[..read] {
            return Ok(false);
        }
        left -= read as u64;
        if left > 0 {
            poll()?;
        }
    }
    Ok(true)
}

/// A buffer for a file of this size.
fn chunk(size: u64) -> Vec<u8> {
    vec![0; size.clamp(1, CHUNK) as usize]
}

/// Reads the entries of a directory.
struct Reader<'a> {
    root: &'a Path,
    /// What copies of the user's files were written to it.
    copies: Option<&'a Tree>,
    poll: Poll<'a>,
    entries: BTreeMap<PathBuf, Entry>,
}

impl Reader<'_> {
    fn tree(mut self) -> Result<Tree> {
        self.walk(Path::new("")).with_context(|| format!("cannot read {}", self.root.display()))?;
        Ok(Tree { entries: self.entries })
    }

    /// Adds everything below `root/below`, by its path from `root`.
    fn walk(&mut self, below: &Path) -> io::Result<()> {
        let listing = match fs::read_dir(self.root.join(below)) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound && below == Path::new("") => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && below != Path::new("") => {
                self.entries.insert(below.into(), Entry::Unreadable);
                return Ok(());
            }
            Err(error) => return Err(at(below, &error)),
        };
        for found in listing {
            (self.poll)()?;
            let found = found?;
            let path = below.join(found.file_name());
            let kind = found.file_type()?;
            if kind.is_dir() {
                let entry = if path.components().count() > DEEPEST {
                    Entry::Deep
                } else if path.as_os_str().len() > LONGEST {
                    Entry::Long
                } else if is_mount_point(&self.root.join(&path)) {
                    Entry::Mount
                } else {
                    Entry::Directory
                };
                let is_read = entry == Entry::Directory;
                self.entries.insert(path.clone(), entry);
                if is_read {
                    self.walk(&path)?;
                }
                continue;
            }
            let entry = if kind.is_symlink() {
                Entry::Link(fs::read_link(self.root.join(&path))?)
            } else if kind.is_file() {
                match self.file(&path) {
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Entry::Unreadable,
                    read => read.map_err(|error| at(&path, &error))?,
                }
            } else {
                Entry::Special
            };
            self.entries.insert(path, entry);
        }
        Ok(())
    }

    fn file(&self, below: &Path) -> io::Result<Entry> {
        let path = self.root.join(below);
        let metadata = fs::symlink_metadata(&path)?;
        let before = self.copies.and_then(|before| before.entries.get(below));
        if let Some(entry @ Entry::Copy(original)) = before
            && is_copy(&path, &metadata, original, self.poll)?
        {
            return Ok(entry.clone());
        }
        read_file(&path, &metadata)
    }
}

fn read_file(path: &Path, metadata: &Metadata) -> io::Result<Entry> {
    let file = File::open(path)?;
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
    use std::cell::Cell;
    use std::sync::Arc;

    use super::*;
    use crate::model::tree::EXECUTABLE_MODE;

    #[test]
    fn large_files_and_deep_directories_are_read_in_bounded_time_and_space() {
        let directory = tempfile::tempdir().unwrap();
        let large = File::create(directory.path().join("large")).unwrap();
        large.set_len(1 << 40).unwrap();
        let mut deep = directory.path().to_path_buf();
        deep.extend(["x"; 200]);
        fs::create_dir_all(&deep).unwrap();
        let tree = read(directory.path()).unwrap();
        let large = &tree.entries[Path::new("large")];
        assert!(matches!(large, Entry::Large { size, .. } if *size == 1 << 40));
        assert_eq!(tree.entries.values().filter(|entry| **entry == Entry::Deep).count(), 1);
        assert!(write(&tree, &directory.path().join("x"), &|| Ok(())).is_err());
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
        write(&tree, directory.path(), &|| Ok(())).unwrap();
        assert_eq!(read(directory.path()).unwrap(), tree);
    }

    /// A tree with a copy of a file of this size, and many empty files.
    fn copies(directory: &Path, size: u64) -> Tree {
        let path = directory.join("original");
        let file = File::create(&path).unwrap();
        file.set_len(size).unwrap();
        let modified = file.metadata().unwrap().modified().ok();
        let original = Entry::Copy(Arc::new(Original { path, size, mode: USUAL_MODE, modified }));
        let empty = Entry::File { contents: Vec::new(), mode: USUAL_MODE };
        let more = (0..100).map(|number| (format!("b{number}").into(), empty.clone()));
        Tree { entries: [("a".into(), original)].into_iter().chain(more).collect() }
    }

    #[test]
    fn copies_are_recognized_until_they_change() {
        let directory = tempfile::tempdir().unwrap();
        let (before, to) = (copies(directory.path(), 2 * LARGEST_HELD), directory.path().join("to"));
        fs::create_dir(&to).unwrap();
        write(&before, &to, &|| Ok(())).unwrap();
        let now = || read_own(&to, &before, &|| Ok(())).unwrap();
        assert_eq!(before.changes(&now()), []);
        let modified = fs::metadata(to.join("a")).unwrap().modified().unwrap();
        // The time of the change does not matter.
        let mut file = File::options().write(true).open(to.join("a")).unwrap();
        io::Seek::seek(&mut file, io::SeekFrom::Start(LARGEST_HELD)).unwrap();
        file.write_all(b"!").unwrap();
        file.set_modified(modified).unwrap();
        let changes = before.changes(&now());
        assert!(
            matches!(changes[0].entry, Entry::Large { size, .. } if size == 2 * LARGEST_HELD),
            "{changes:?}"
        );
        // What the user changes meanwhile is no change by a program.
        fs::write(directory.path().join("original"), "shorter").unwrap();
        assert!(write(&before, &to, &|| Ok(())).is_err());
    }

    #[test]
    fn writing_and_reading_end_at_an_interrupt() {
        let directory = tempfile::tempdir().unwrap();
        let (tree, to) = (copies(directory.path(), 3 * CHUNK), directory.path().join("to"));
        let calls = Cell::new(0);
        let only = |most: usize| {
            calls.set(0);
            move |calls: &Cell<usize>| {
                calls.set(calls.get() + 1);
                if calls.get() > most { Err(io::Error::other("interrupted")) } else { Ok(()) }
            }
        };
        for (most, size, number) in [(1, CHUNK, 1), (2, 2 * CHUNK, 1), (13, 3 * CHUNK, 11)] {
            let _ = fs::remove_dir_all(&to);
            fs::create_dir(&to).unwrap();
            let limit = only(most);
            assert!(write(&tree, &to, &|| limit(&calls)).is_err());
            assert_eq!(fs::metadata(to.join("a")).unwrap().len(), size);
            assert_eq!(fs::read_dir(&to).unwrap().count(), number);
        }
        let _ = fs::remove_dir_all(&to);
        fs::create_dir(&to).unwrap();
        write(&tree, &to, &|| Ok(())).unwrap();
        let limit = only(50);
        assert!(read_own(&to, &tree, &|| limit(&calls)).is_err());
        assert_eq!(calls.get(), 51);
    }
}
