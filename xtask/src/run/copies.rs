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

use crate::exit;
use crate::run::scratch::CWD;
use crate::support::platform;
use crate::support::removal::remove;

/// The name of the empty directory for temporary files, beside the copy.
pub const TEMPORARY: &str = "tmp";

/// The name of the empty home directory, beside the copy.
pub const HOME: &str = "home";

/// How many bytes a directory may have, as each core needs a copy of it, in memory if possible.
const MOST_BYTES: u64 = 512 << 20;

/// What is copied: the paths of a directory's entries, each after that of the directory in which it is.
pub struct Original {
    directory: PathBuf,
    entries: Vec<(PathBuf, Kind)>,
    bytes: u64,
}

enum Kind {
    Directory,
    File { modified: Option<SystemTime> },
    Link(PathBuf),
}

impl Original {
    /// Reads what to copy of `directory`: not the repository, nor what cargo has built.
    ///
    /// # Errors
    /// If it cannot be read, or is too large.
    pub fn read(directory: &Path) -> Result<Original> {
        let mut original = Original { directory: directory.into(), entries: Vec::new(), bytes: 0 };
        let bytes =
            original.walk(Path::new("")).with_context(|| format!("cannot read {}", directory.display()))?;
        if bytes > MOST_BYTES {
            let message = format!(
                "{} has {} MiB without the output of cargo, which is too much to copy for each test\n\
                 help: move what the tests do not need out of it",
                directory.display(),
                bytes >> 20
            );
            return Err(exit::error(exit::USAGE, message));
        }
        original.bytes = bytes;
        Ok(original)
    }

    /// How many bytes a copy has.
    pub fn copied_bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds what is below the directory, and returns how many bytes the files have.
    fn walk(&mut self, below: &Path) -> io::Result<u64> {
        let mut bytes = 0;
        for found in fs::read_dir(self.directory.join(below))? {
            let found = found?;
            let (path, kind) = (below.join(found.file_name()), found.file_type()?);
            if kind.is_symlink() {
                self.entries.push((path, Kind::Link(fs::read_link(found.path())?)));
            } else if kind.is_dir() {
                // cargo marks its output with this file (Cache Directory Tagging Specification).
                if found.file_name() == ".git" || found.path().join("CACHEDIR.TAG").exists() {
                    continue;
                }
                self.entries.push((path.clone(), Kind::Directory));
                bytes += self.walk(&path)?;
            } else if kind.is_file() {
                let metadata = found.metadata()?;
                bytes += metadata.len();
                self.entries.push((path, Kind::File { modified: metadata.modified().ok() }));
            }
        }
        Ok(bytes)
    }

    /// Writes a copy into the empty directory `to`.
    fn write(&self, to: &Path) -> io::Result<()> {
        for (path, kind) in &self.entries {
            let copy = to.join(path);
            match kind {
                Kind::Directory => fs::create_dir(&copy)?,
                Kind::Link(target) => platform::make_link(target, &copy)?,
                Kind::File { modified } => {
                    fs::copy(self.directory.join(path), &copy)?;
                    // A later change of the copy then shows in its time.
                    if let Some(modified) = modified {
                        // What may not be written has no time that could be set, and hardly changes.
                        let _ = fs::File::options()
                            .write(true)
                            .open(&copy)
                            .and_then(|file| file.set_modified(*modified));
                    }
                }
            }
        }
        Ok(())
    }
}

/// A directory with a copy of the original in `cwd`, and beside it two empty directories.
pub struct Copy<'a> {
    pub directory: PathBuf,
    original: &'a Original,
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
    pub fn new(original: &'a Original, directory: PathBuf) -> Copy<'a> {
        Copy { directory, original, before: None }
    }

    /// Makes the copy equal to the original: it is written again, unless nothing in it has changed.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn refresh(&mut self) -> Result<()> {
        let context = || format!("cannot create the scratch directory {}", self.directory.display());
        if self.before.is_some() && stamp(&self.directory).ok() == self.before {
            return Ok(());
        }
        let create = || {
            remove(&self.directory)?;
            for name in [CWD, TEMPORARY, HOME] {
                fs::create_dir_all(self.directory.join(name))?;
            }
            self.original.write(&self.directory.join(CWD))?;
            stamp(&self.directory)
        };
        self.before = Some(create().with_context(context)?);
        Ok(())
    }
}

/// Reads what is below a directory.
fn stamp(directory: &Path) -> io::Result<Stamp> {
    let mut stamp = BTreeMap::new();
    let mut left = vec![directory.to_path_buf()];
    while let Some(directory) = left.pop() {
        for found in fs::read_dir(&directory)? {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_written_again_only_after_a_change() {
        let directory = tempfile::tempdir().unwrap();
        let user = directory.path().join("user");
        for sub in ["data", "target", ".git"] {
            fs::create_dir_all(user.join(sub)).unwrap();
        }
        fs::write(user.join("data/a"), "1").unwrap();
        fs::write(user.join("target/CACHEDIR.TAG"), "").unwrap();
        let original = Original::read(&user).unwrap();
        let mut copy = Copy::new(&original, directory.path().join("copy"));
        let file = copy.directory.join("cwd/data/a");
        let identity = |path: &Path| platform::last_change(&fs::metadata(path).unwrap());

        copy.refresh().unwrap();
        assert!(!copy.directory.join("cwd/target").exists() && !copy.directory.join("cwd/.git").exists());
        let first = identity(&file);
        copy.refresh().unwrap();
        assert_eq!(identity(&file), first, "nothing had changed");
        fs::write(&file, "2").unwrap();
        copy.refresh().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "1");
        for made in ["cwd/new", "tmp/new", "home/new"] {
            fs::write(copy.directory.join(made), "").unwrap();
            copy.refresh().unwrap();
            assert!(!copy.directory.join(made).exists(), "{made}");
        }
        fs::remove_file(&file).unwrap();
        copy.refresh().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "1");
    }
}
