//! Copies of a directory of the user, in which programs run one after another.
//!
//! To copy a package for each of its tests would take longer than the tests. So a copy is used again as long as
//! nothing in it has changed.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::discover::directory::{self, Poll};
use crate::model::tree::{CWD, Tree};
use crate::process::Interrupt;
use crate::run::scratch::{or_interrupted, poll};
use crate::support::platform;
use crate::support::removal::remove_while;

/// The name of the empty directory for temporary files, beside the copy.
pub const TEMPORARY: &str = "tmp";

/// The name of the empty home directory, beside the copy.
pub const HOME: &str = "home";

/// A directory with a copy of the original in `cwd`, and beside it two empty directories.
pub struct Copy<'a> {
    pub directory: PathBuf,
    original: &'a Tree,
    /// What was in the directory when it was created. `None` if it does not exist yet.
    before: Option<Stamp>,
}

type Stamp = BTreeMap<PathBuf, Mark>;

/// What changes with a file: its size, when it was modified, and its last change if the system has that. Of a
/// directory, only the mode: what is created in it and removed again does not matter.
#[derive(PartialEq, Eq)]
enum Mark {
    Directory(Option<u32>),
    Other(u64, Option<SystemTime>, Option<[i64; 3]>),
}

impl<'a> Copy<'a> {
    /// Prepares a copy at `directory`. Nothing is written yet.
    pub fn new(original: &'a Tree, directory: PathBuf) -> Copy<'a> {
        Copy { directory, original, before: None }
    }

    /// Makes the copy equal to the original: it is written again, unless nothing in it has changed. Returns `None` if an
    /// interrupt came.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn refresh(&mut self, interrupt: &Interrupt) -> Result<Option<()>> {
        let context = || format!("cannot create the scratch directory {}", self.directory.display());
        let poll = poll(interrupt);
        if self.before.is_some() && stamp(&self.directory, &poll).ok() == self.before {
            return Ok(Some(()));
        }
        let create = || {
            remove_while(&self.directory, &|| poll().is_ok())?;
            for name in [CWD, TEMPORARY, HOME] {
                fs::create_dir_all(self.directory.join(name))?;
            }
            directory::write(self.original, &self.directory.join(CWD), &poll)?;
            stamp(&self.directory, &poll)
        };
        let created = or_interrupted(interrupt, create().with_context(context))?;
        let is_done = created.is_some();
        self.before = created;
        Ok(is_done.then_some(()))
    }
}

/// Reads what is below a directory.
fn stamp(directory: &Path, poll: Poll<'_>) -> io::Result<Stamp> {
    let mut stamp = BTreeMap::new();
    let mut left = vec![directory.to_path_buf()];
    while let Some(directory) = left.pop() {
        for found in fs::read_dir(&directory)? {
            poll()?;
            let found = found?;
            let metadata = found.metadata()?;
            stamp.insert(found.path(), mark(&metadata));
            if metadata.is_dir() {
                left.push(found.path());
            }
        }
    }
    Ok(stamp)
}

fn mark(metadata: &Metadata) -> Mark {
    match metadata.is_dir() {
        true => Mark::Directory(platform::mode(metadata)),
        false => Mark::Other(metadata.len(), metadata.modified().ok(), platform::last_change(metadata)),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::discover::user_directory::{self, What};

    #[test]
    fn a_copy_is_written_again_only_after_a_change() {
        let directory = tempfile::tempdir().unwrap();
        let user = directory.path().join("user");
        for sub in ["data", "target", ".git"] {
            fs::create_dir_all(user.join(sub)).unwrap();
        }
        fs::write(user.join("data/a"), "1").unwrap();
        fs::write(user.join("target/CACHEDIR.TAG"), "").unwrap();
        let original = user_directory::read(&user, What::Sources, "", &|| ()).unwrap().tree;
        let mut copy = Copy::new(&original, directory.path().join("copy"));
        let interrupt = Interrupt::never();
        let file = copy.directory.join("cwd/data/a");
        let identity = |path: &Path| platform::last_change(&fs::metadata(path).unwrap());

        assert_eq!(copy.refresh(&Interrupt::come()).unwrap(), None);
        copy.refresh(&interrupt).unwrap().unwrap();
        assert!(!copy.directory.join("cwd/target").exists() && !copy.directory.join("cwd/.git").exists());
        let first = identity(&file);
        copy.refresh(&interrupt).unwrap().unwrap();
        assert_eq!(identity(&file), first, "nothing had changed");
        fs::write(&file, "2").unwrap();
        copy.refresh(&interrupt).unwrap().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "1");
        for made in ["cwd/new", "tmp/new", "home/new"] {
            fs::write(copy.directory.join(made), "").unwrap();
            copy.refresh(&interrupt).unwrap().unwrap();
            assert!(!copy.directory.join(made).exists(), "{made}");
        }
        fs::remove_file(&file).unwrap();
        copy.refresh(&interrupt).unwrap().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "1");
    }
}
