//! The files below a directory as a value, and the differences between two such values.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The name of the working directory in the directory of a run.
pub const CWD: &str = "cwd";

/// The mode of a file that a program creates without asking for another: the harness sets the umask to 022.
pub const USUAL_MODE: u32 = 0o644;

/// The mode of a file of a fixture that can be executed. git records no other modes than these two.
pub const EXECUTABLE_MODE: u32 = 0o755;

/// All entries below a directory, by their paths relative to it. Paths of what is copied beside a working directory
/// begin with `..`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    pub entries: BTreeMap<PathBuf, Entry>,
}

/// One entry of a [`Tree`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Directory,
    File {
        contents: Vec<u8>,
        /// The permission bits: [`USUAL_MODE`] or another. On systems without them, this one.
        mode: u32,
    },
    /// A file that is a copy of one of the user.
    Copy(Arc<Original>),
    /// A symbolic link and its target. It is never followed.
    Link(PathBuf),
    /// A file that is too large to hold: its size in bytes, and a hash of its beginning.
    Large {
        size: u64,
        hash: u64,
    },
    /// A FIFO, a socket or a device, which has no contents to read.
    Special,
    /// An entry that could not be read for lack of permission.
    Unreadable,
    /// A directory that is nested so deeply that its contents were not read.
    Deep,
    /// A directory with a path that is so long that its contents were not read.
    Long,
    /// A directory at which something is mounted, so that its contents were not read.
    Mount,
}

/// A file of the user, whose contents are not held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// The permission bits.
    pub mode: u32,
    /// When it was written. `None` if the system does not tell.
    pub modified: Option<SystemTime>,
}

/// One difference between two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: ChangeKind,
    pub path: PathBuf,
    /// The new entry; for a removed entry, the old one.
    pub entry: Entry,
}

/// What happened to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Created,
    Changed,
    Removed,
}

impl Tree {
    /// Returns this tree with the modes of files that git keeps: whether the owner may execute a file.
    pub fn with_modes_of_git(mut self) -> Tree {
        for entry in self.entries.values_mut() {
            if let Entry::File { mode, .. } = entry {
                *mode = if *mode & 0o100 != 0 { EXECUTABLE_MODE } else { USUAL_MODE };
            }
        }
        self
    }

    /// Returns the differences of `after` from this tree, ordered by path.
    pub fn changes(&self, after: &Tree) -> Vec<Change> {
        let mut changes = Vec::new();
        for (path, before) in &self.entries {
            let (kind, entry) = match after.entries.get(path) {
                Some(now) if now == before => continue,
                Some(now) => (ChangeKind::Changed, now),
                None => (ChangeKind::Removed, before),
            };
            changes.push(Change { kind, path: path.clone(), entry: entry.clone() });
        }
        for (path, entry) in &after.entries {
            if !self.entries.contains_key(path) {
                changes.push(Change { kind: ChangeKind::Created, path: path.clone(), entry: entry.clone() });
            }
        }
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        changes
    }

    /// Returns a tree that contains `directory`, and in it the entries of this tree. Those with `..` are beside it.
    pub fn below(&self, directory: &str) -> Tree {
        let path_of = |path: &Path| match path.strip_prefix(Component::ParentDir) {
            Ok(beside) => beside.to_path_buf(),
            Err(_) => Path::new(directory).join(path),
        };
        let mut entries: BTreeMap<_, _> =
            self.entries.iter().map(|(path, entry)| (path_of(path), entry.clone())).collect();
        entries.insert(directory.into(), Entry::Directory);
        Tree { entries }
    }

    /// How many bytes a copy has.
    pub fn copied_bytes(&self) -> u64 {
        let size = |entry: &Entry| match entry {
            Entry::File { contents, .. } => contents.len() as u64,
            Entry::Copy(original) => original.size,
            _ => 0,
        };
        self.entries.values().map(size).sum()
    }

    /// Returns this tree with a FIFO at `path`, and with the directories that contain it.
    ///
    /// # Errors
    /// If another entry is in the way. Returns its path and what is wrong with it, such as `not a directory`.
    pub fn with_fifo(mut self, path: &Path) -> Result<Tree, (PathBuf, &'static str)> {
        // Collecting the components normalizes the path: `a//b` becomes `a/b`.
        let path: PathBuf = path.components().collect();
        for directory in path.ancestors().skip(1).filter(|directory| !directory.as_os_str().is_empty()) {
            if *self.entries.entry(directory.into()).or_insert(Entry::Directory) != Entry::Directory {
                return Err((directory.into(), "not a directory"));
            }
        }
        match self.entries.insert(path.clone(), Entry::Special) {
            Some(_) => Err((path, "already there")),
            None => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[(&str, &str)]) -> Tree {
        let file = |contents: &str| Entry::File { contents: contents.into(), mode: USUAL_MODE };
        Tree { entries: paths.iter().map(|(path, contents)| (path.into(), file(contents))).collect() }
    }

    #[test]
    fn changes_by_path() {
        let before = tree(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let after = tree(&[("a", "1"), ("b", "changed"), ("d", "")]);
        let changes = before.changes(&after);
        let changes: Vec<_> =
            changes.iter().map(|change| (change.kind, change.path.to_str().unwrap())).collect();
        assert_eq!(
            changes,
            [(ChangeKind::Changed, "b"), (ChangeKind::Removed, "c"), (ChangeKind::Created, "d")]
        );
    }

    #[test]
    fn what_is_beside_a_directory_stays_beside_it() {
        let tree = tree(&[("a", "1"), ("../linked/0/b", "2")]).below(CWD);
        let paths: Vec<_> = tree.entries.keys().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(paths, ["cwd", "cwd/a", "linked/0/b"]);
    }

    #[test]
    fn fifos_need_unused_paths() {
        let tree = tree(&[("file", "1")]);
        let with = |path: &str| tree.clone().with_fifo(Path::new(path));
        let entries = with("new/fifo").unwrap().entries;
        assert_eq!(entries[Path::new("new")], Entry::Directory);
        assert_eq!(entries[Path::new("new/fifo")], Entry::Special);
        assert_eq!(with("file/fifo"), Err(("file".into(), "not a directory")));
        assert_eq!(with("file"), Err(("file".into(), "already there")));
    }
}
