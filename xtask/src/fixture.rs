//! The files that a program finds in its folder, and what it left of them.
//!
//! A fixture is read once and written out for every cell, so that each has files of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::Spanned;

use crate::fault::Fault;
use crate::files::{is_executable, make_executable, make_fifo, make_link};
use crate::text::{bars, visible};

/// Files, folders and links below a folder, by their path from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixture {
    entries: BTreeMap<PathBuf, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Folder,
    File {
        contents: Vec<u8>,
        executable: bool,
    },
    /// A symbolic link and what it says. It is never followed.
    Link(PathBuf),
    /// A file that is too large to be held: its size, and a hash of its beginning.
    Large {
        size: u64,
        hash: u64,
    },
    /// A FIFO, a socket, a device: it has no contents to read.
    Special,
    /// What could not be read, because the program took away the right to.
    Unreadable,
    /// A folder so deep that what is in it was not read.
    Deep,
    /// A folder whose path is so long that what is in it was not read.
    Long,
}

/// One difference that a run made to its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    kind: Kind,
    path: PathBuf,
    /// What is there now; for a removed entry, what was there before.
    entry: Entry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Created,
    Changed,
    Removed,
}

impl Fixture {
    /// Reads all below `folder`; an absent folder is an empty fixture.
    pub fn read(folder: &Path) -> Result<Fixture> {
        let mut entries = BTreeMap::new();
        walk(folder, Path::new(""), &mut entries)
            .with_context(|| format!("cannot read {}", folder.display()))?;
        Ok(Fixture { entries })
    }

    /// What an example cannot have in its fixture, and why: what git does not keep, and what no cell
    /// could be given.
    pub fn unfit(&self) -> impl Iterator<Item = (&Path, String)> {
        let is_parent = |path: &Path| self.entries.keys().any(|other| other.parent() == Some(path));
        self.entries.iter().filter_map(move |(path, entry)| {
            let what = match entry {
                Entry::Folder if !is_parent(path) => {
                    "an empty folder, which git does not keep: put a file into it, or remove it".into()
                }
                Entry::Folder | Entry::File { .. } | Entry::Link(_) => return None,
                Entry::Special => "neither file, folder nor link, which git does not keep: remove it; \
                                   FIFOs are made by the key `fifos` of a case"
                    .into(),
                Entry::Large { size, .. } => format!(
                    "{size} bytes, and each cell gets a copy: have at most {LARGEST_HELD}, or let the program make it"
                ),
                Entry::Unreadable => "it cannot be read: give yourself the right to".into(),
                Entry::Deep => format!("more than {DEEPEST} folders deep: move it up"),
                Entry::Long => format!("a path of more than {LONGEST} bytes: shorten it"),
            };
            Some((path.as_path(), what))
        })
    }

    /// Writes all into the empty folder `folder`.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        for (path, entry) in &self.entries {
            let path = folder.join(path);
            match entry {
                Entry::Folder => fs::create_dir(path)?,
                Entry::File { contents, executable } => {
                    fs::write(&path, contents)?;
                    if *executable {
                        make_executable(&path)?;
                    }
                }
                Entry::Link(target) => make_link(target, &path)?,
                Entry::Special => make_fifo(&path)?,
                Entry::Large { .. } | Entry::Unreadable | Entry::Deep | Entry::Long => {
                    let message = format!("a fixture has no such file as {}", path.display());
                    return Err(io::Error::other(message));
                }
            }
        }
        Ok(())
    }

    /// The same with FIFOs at these paths, and with the folders that they are in.
    ///
    /// # Errors
    /// If something else is in the way of one.
    pub fn with_fifos(&self, paths: &[Spanned<String>]) -> Result<Cow<'_, Fixture>, Fault> {
        if paths.is_empty() {
            return Ok(Cow::Borrowed(self));
        }
        let mut entries = self.entries.clone();
        for written in paths {
            // Its parts, so that one path is not spelled in two ways.
            let path: PathBuf = Path::new(written.get_ref()).components().collect();
            let in_the_way = |path: &Path, what| {
                Fault::new(format!("`{}` is {what}", path.display()), written.span())
                    .help("a FIFO needs a name that neither the fixture nor another FIFO has")
            };
            for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
                if *entries.entry(folder.into()).or_insert(Entry::Folder) != Entry::Folder {
                    return Err(in_the_way(folder, "no folder"));
                }
            }
            if entries.insert(path.clone(), Entry::Special).is_some() {
                return Err(in_the_way(&path, "there already"));
            }
        }
        Ok(Cow::Owned(Fixture { entries }))
    }

    /// What differs `after` a run, by path.
    pub fn changes(&self, after: &Fixture) -> Vec<Change> {
        let mut changes = Vec::new();
        for (path, before) in &self.entries {
            let (kind, entry) = match after.entries.get(path) {
                Some(now) if now == before => continue,
                Some(now) => (Kind::Changed, now),
                None => (Kind::Removed, before),
            };
            changes.push(Change { kind, path: path.clone(), entry: entry.clone() });
        }
        for (path, entry) in &after.entries {
            if !self.entries.contains_key(path) {
                changes.push(Change { kind: Kind::Created, path: path.clone(), entry: entry.clone() });
            }
        }
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        changes
    }

    /// The same entries, one folder deeper.
    pub fn below(&self, folder: &str) -> Fixture {
        let deeper = |(path, entry): (&PathBuf, &Entry)| (Path::new(folder).join(path), entry.clone());
        let mut entries: BTreeMap<_, _> = self.entries.iter().map(deeper).collect();
        entries.insert(folder.into(), Entry::Folder);
        Fixture { entries }
    }
}

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
            let deep = path.components().count() > DEEPEST;
            let long = path.as_os_str().len() > LONGEST;
            let entry = if deep {
                Entry::Deep
            } else if long {
                Entry::Long
            } else {
                Entry::Folder
            };
            entries.insert(path.clone(), entry);
            if !deep && !long {
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

/// Larger files are not held in memory.
const LARGEST_HELD: u64 = 1 << 20;
/// How much of a large file is looked at, so that the largest takes no longer than this.
const LOOKED_AT: u64 = 64 << 20;
/// How many folders may lie in one another. Far below it, paths become too long for the system.
const DEEPEST: usize = 64;
/// How many bytes the path of a folder may have, for the same reason. It is the same wherever the
/// scratch folders are.
const LONGEST: usize = 1024;

fn read_file(path: &Path, metadata: &fs::Metadata) -> io::Result<Entry> {
    let file = fs::File::open(path)?;
    let size = metadata.len();
    if size <= LARGEST_HELD {
        let mut contents = Vec::new();
        file.take(LARGEST_HELD).read_to_end(&mut contents)?;
        return Ok(Entry::File { contents, executable: is_executable(metadata) });
    }
    let mut reader = io::BufReader::with_capacity(1 << 16, file.take(LOOKED_AT));
    let mut hash = Fnv::default();
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Ok(Entry::Large { size, hash: hash.0 });
        }
        hash.add(chunk);
        let read = chunk.len();
        reader.consume(read);
    }
}

/// Larger files are drawn by their size and a checksum: a snapshot is for reading.
const LARGEST_DRAWN: usize = 4096;

impl Change {
    /// Draws the change with the new contents as a block of a snapshot. `from` is the folder from
    /// which people see the path: the program's working directory.
    pub fn draw(&self, from: &str) -> String {
        let kind = match self.kind {
            Kind::Created => "created",
            Kind::Changed => "changed",
            Kind::Removed => "removed",
        };
        let shown = match self.path.strip_prefix(from) {
            Ok(inside) => visible(inside.as_os_str().as_encoded_bytes()),
            Err(_) => format!("../{}", visible(self.path.as_os_str().as_encoded_bytes())),
        };
        let shown = shown.replace('\n', "\\n");
        let gone = self.kind == Kind::Removed;
        match &self.entry {
            Entry::Folder => format!("{kind}  {shown}/\n"),
            Entry::Link(target) => {
                let target = visible(target.as_os_str().as_encoded_bytes()).replace('\n', "\\n");
                format!("{kind}  {shown} -> {target}\n")
            }
            Entry::Deep => format!("{kind}  {shown}/ (more than {DEEPEST} folders deep: not read)\n"),
            Entry::Long => format!("{kind}  {shown}/ (a path of more than {LONGEST} bytes: not read)\n"),
            Entry::Large { .. } if gone => format!("{kind}  {shown}\n"),
            Entry::Large { size, hash } => format!("{kind}  {shown} ({size} bytes, FNV-1a {hash:016x})\n"),
            Entry::Special => format!("{kind}  {shown} (neither file, folder nor link)\n"),
            Entry::Unreadable => format!("{kind}  {shown} (not readable)\n"),
            Entry::File { .. } if gone => format!("{kind}  {shown}\n"),
            Entry::File { contents, .. } if contents.is_empty() => format!("{kind}  {shown} (empty)\n"),
            Entry::File { contents, .. } if contents.len() > LARGEST_DRAWN => {
                format!("{kind}  {shown} ({} bytes, FNV-1a {:016x})\n", contents.len(), fnv_1a(contents))
            }
            Entry::File { contents, .. } => format!("{kind}  {shown}\n{}", bars(&visible(contents))),
        }
    }
}

/// The most changes that are drawn one by one.
const MOST_DRAWN: usize = 100;

/// Draws all changes of a run, as seen `from` a folder; very many of them are named by a hash.
pub fn draw_changes(changes: &[Change], from: &str) -> String {
    let (first, more) = changes.split_at(changes.len().min(MOST_DRAWN));
    let mut drawn: String = first.iter().map(|change| change.draw(from)).collect();
    if !more.is_empty() {
        let rest: String = more.iter().map(|change| change.draw(from)).collect();
        let hash = fnv_1a(rest.as_bytes());
        drawn.push_str(&format!("and {} more changes (FNV-1a {hash:016x})\n", more.len()));
    }
    drawn
}

/// The 64-bit FNV-1a hash (draft-eastlake-fnv): a stable name for what is too long to show.
pub fn fnv_1a(bytes: &[u8]) -> u64 {
    let mut hash = Fnv::default();
    hash.add(bytes);
    hash.0
}

struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        self.0 = bytes.iter().fold(self.0, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(files: &[(&str, &str)]) -> Fixture {
        let file = |contents: &str| Entry::File { contents: contents.into(), executable: false };
        Fixture { entries: files.iter().map(|(path, contents)| (path.into(), file(contents))).collect() }
    }

    #[test]
    fn changes_by_path() {
        let before = fixture(&[("cwd/a", "1\n"), ("cwd/b", "2\n"), ("cwd/c", "3\n")]);
        let mut after = fixture(&[("cwd/a", "1\n"), ("cwd/b", "changed"), ("cwd/d", ""), ("escaped", "x\n")]);
        after.entries.insert("cwd/link".into(), Entry::Link("../b c".into()));
        after.entries.insert("cwd/sub".into(), Entry::Folder);
        let drawn: String = before.changes(&after).iter().map(|change| change.draw("cwd")).collect();
        assert_eq!(
            drawn,
            "changed  b\n│changed\n(no newline at the end)\nremoved  c\ncreated  d (empty)\n\
             created  link -> ../b c\ncreated  sub/\ncreated  ../escaped\n│x\n"
        );
    }

    #[test]
    fn large_files_by_checksum() {
        let after = fixture(&[("cwd/big", &"a".repeat(LARGEST_DRAWN + 1))]);
        let drawn = Fixture::default().changes(&after)[0].draw("cwd");
        assert_eq!(drawn, "created  big (4097 bytes, FNV-1a 6d4cfc3a1e8adc8c)\n");
    }

    #[test]
    fn very_many_changes() {
        let names: Vec<_> = (0..1000).map(|number| format!("cwd/{number:04}")).collect();
        let after = fixture(&names.iter().map(|name| (name.as_str(), "")).collect::<Vec<_>>());
        let drawn = draw_changes(&Fixture::default().changes(&after), "cwd");
        assert_eq!(drawn.lines().count(), 101);
        assert_eq!(drawn.lines().last(), Some("and 900 more changes (FNV-1a 5e8a84bfbc5c4aed)"));
    }

    #[test]
    fn what_a_run_can_leave_is_read_in_bounded_time_and_space() {
        let folder = tempfile::tempdir().unwrap();
        let large = fs::File::create(folder.path().join("large")).unwrap();
        large.set_len(1 << 40).unwrap();
        let mut deep = folder.path().to_path_buf();
        deep.extend(["x"; 200]);
        fs::create_dir_all(&deep).unwrap();
        let read = Fixture::read(folder.path()).unwrap();
        let large = &read.entries[Path::new("large")];
        assert!(matches!(large, Entry::Large { size, .. } if *size == 1 << 40));
        assert_eq!(read.entries.values().filter(|entry| **entry == Entry::Deep).count(), 1);
        assert!(read.write(&folder.path().join("x")).is_err());
    }

    #[test]
    fn written_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut fixture = fixture(&[("a", "1"), ("tool", "#!/bin/sh")]);
        fixture.entries.insert("sub".into(), Entry::Folder);
        fixture.entries.insert("sub/link".into(), Entry::Link("/nowhere/at/all".into()));
        fixture.write(folder.path()).unwrap();
        assert_eq!(Fixture::read(folder.path()).unwrap(), fixture);
    }
}
