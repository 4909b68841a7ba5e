//! Finds what to copy of a directory of the user, in which programs run that may change anything.
//!
//! No link in a copy leads to what the user has. What a link leads to outside of the directory is copied as well,
//! beside the copy, and the link leads there. So it still leads out of the directory, which is what matters on WASI.
//! An absolute link to something in the directory leads to its copy, also by a way that leads out.

mod links;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;

use crate::discover::directory::{DEEPEST, LONGEST};
use crate::exit;
use crate::model::tree::{CWD, Entry, Original, Tree, USUAL_MODE};
use crate::support::platform::{is_mount_point, kind_of, mode};
use crate::support::slow::Slow;
use crate::support::terminal::say;

/// How many bytes a directory may have, as each core needs a copy of it, in memory if possible.
pub const MOST_BYTES: u64 = 512 << 20;

/// How many files and directories it may have, for the same reason.
pub const MOST_ENTRIES: usize = 100_000;

/// The directory beside the copy for what links lead to.
const LINKED: &str = "linked";

/// How many entries that are not copied are named.
const MOST_NAMED: usize = 10;

/// What to copy, and what cannot be copied.
pub struct UserDirectory {
    pub tree: Tree,
    /// Each with the reason.
    pub left_out: Vec<(PathBuf, String)>,
    /// The links that lead out of the directory, and what of it is copied, too.
    pub linked: Vec<(PathBuf, PathBuf)>,
}

/// What is copied.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum What {
    Everything,
    /// All but repositories of git and the output of cargo.
    Sources,
}

/// Finds what to copy of `directory`. `poll` is called again and again, and may end the process. `help` says how to make
/// a directory smaller that is too large.
///
/// # Errors
/// If the directory itself cannot be read, or is too large.
pub fn read(directory: &Path, what: What, help: &str, poll: &dyn Fn()) -> Result<UserDirectory> {
    let cannot =
        |error: io::Error| exit::error(exit::USAGE, format!("cannot read {}: {error}", directory.display()));
    let top = fs::canonicalize(directory).map_err(cannot)?;
    fs::read_dir(&top).map_err(cannot)?;
    let mut search = Search {
        roots: vec![top],
        parts: Vec::new(),
        what,
        poll,
        slow: Slow::start(),
        left_out: Vec::new(),
        bytes: 0,
        number: 0,
        largest: None,
    };
    while search.parts.len() < search.roots.len() {
        let root = search.parts.len();
        let before = (search.bytes, search.number, search.left_out.len(), search.roots.len());
        let part = search.part(root);
        if part.is_none() && root == 0 {
            return Err(exit::error(exit::USAGE, search.too_large(directory, help)));
        }
        if part.is_none() {
            (search.bytes, search.number) = (before.0, before.1);
            search.left_out.truncate(before.2);
            search.roots.truncate(before.3);
        }
        search.parts.push(part);
    }
    Ok(search.finish())
}

impl UserDirectory {
    /// Tells the user what is not copied, and what is copied beside the directory.
    pub fn tell(&self) {
        for (path, why) in self.left_out.iter().take(MOST_NAMED) {
            say(&format!("warning: {} is left out of the copies: {why}", path.display()));
        }
        if let Some(more) = self.left_out.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
            say(&format!("warning: and so are {more} more"));
        }
        for (link, target) in self.linked.iter().take(MOST_NAMED) {
            say(&format!(
                "{} leads to {}, which is copied beside the directory",
                link.display(),
                target.display()
            ));
        }
    }
}

/// What was found in a directory that is copied, or the file itself that is.
#[derive(Default)]
struct Part {
    /// By their paths in the directory. A file itself has an empty one.
    entries: BTreeMap<PathBuf, Entry>,
    /// The links that cannot be copied as they are, by their paths.
    links: Vec<(PathBuf, Leads)>,
}

/// Where a link leads that would lead out of the copy.
enum Leads {
    /// To a path in what is copied of a directory or file.
    To(usize, PathBuf),
    /// To something that is not copied, which has this name.
    Nowhere(OsString),
}

struct Search<'a> {
    /// The directory itself, and what links lead to, by canonical paths.
    roots: Vec<PathBuf>,
    /// For each of the first of these, what is copied of it. `None` if it is too large.
    parts: Vec<Option<Part>>,
    what: What,
    poll: &'a dyn Fn(),
    slow: Slow,
    left_out: Vec<(PathBuf, String)>,
    bytes: u64,
    number: usize,
    largest: Option<(u64, PathBuf)>,
}

impl Search<'_> {
    /// Finds what is in a directory. Returns `None` if it is too large together with what is known already.
    fn part(&mut self, root: usize) -> Option<Part> {
        let mut part = Part::default();
        let path = self.roots[root].clone();
        if path.is_dir() {
            if root > 0 {
                part.entries.insert(PathBuf::new(), Entry::Directory);
            }
            // The directories are searched one after another, so that their depth needs no stack.
            let mut left = vec![PathBuf::new()];
            while let Some(below) = left.pop() {
                self.directory(root, &below, &mut part, &mut left)?;
            }
        } else if let Some(entry) = self.file(&path) {
            part.entries.insert(PathBuf::new(), entry);
        }
        self.fits().then_some(part)
    }

    fn fits(&self) -> bool {
        self.bytes <= MOST_BYTES && self.number <= MOST_ENTRIES
    }

    /// Adds the entries of a directory to `part`, and the directories among them to `left`.
    fn directory(
        &mut self,
        root: usize,
        below: &Path,
        part: &mut Part,
        left: &mut Vec<PathBuf>,
    ) -> Option<()> {
        let directory = self.roots[root].join(below);
        let listing = match fs::read_dir(&directory) {
            Ok(listing) => listing,
            Err(error) => {
                part.entries.remove(below);
                self.leave_out(directory, error.to_string());
                return Some(());
            }
        };
        let mut entries = Vec::new();
        for found in listing {
            (self.poll)();
            match found.and_then(|found| Ok((found.file_name(), found.file_type()?))) {
                Ok(entry) => entries.push(entry),
                Err(error) => self.leave_out(directory.clone(), error.to_string()),
            }
            self.number += 1;
            if !self.fits() {
                return None;
            }
        }
        // The same on every machine.
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (name, kind) in entries {
            (self.poll)();
            let (path, name) = (directory.join(&name), below.join(name));
            if self.what == What::Sources && !kind.is_file() && is_no_source(&path) {
                continue;
            }
            if kind.is_symlink() {
                self.link(root, &name, part);
            } else if kind.is_dir() {
                if is_mount_point(&path) {
                    self.leave_out(path, "another file system is mounted there".into());
                } else if name.components().count() > DEEPEST || name.as_os_str().len() > LONGEST {
                    self.leave_out(path, "it is nested too deeply".into());
                } else {
                    part.entries.insert(name.clone(), Entry::Directory);
                    left.push(name);
                }
            } else if let Some(entry) = self.file(&path) {
                part.entries.insert(name, entry);
            }
            if !self.fits() {
                return None;
            }
            let (number, bytes) = (self.number, self.bytes);
            let of = &self.roots[root];
            self.slow.tell(|| format!("Reading {}: {number} files, {} MiB", of.display(), bytes >> 20));
        }
        Some(())
    }

    /// Returns the entry for a file, unless it cannot be copied.
    fn file(&mut self, path: &Path) -> Option<Entry> {
        let found = fs::metadata(path).and_then(|found| match found.is_file() {
            // Only opening it tells whether it can be read.
            true => File::open(path).map(|_| found),
            false => Err(io::Error::other(format!("it is {}", kind_of(found.file_type())))),
        });
        match found {
            Ok(found) => {
                self.bytes = self.bytes.saturating_add(found.len());
                if self.largest.as_ref().is_none_or(|(size, _)| *size < found.len()) {
                    self.largest = Some((found.len(), path.into()));
                }
                Some(Entry::Copy(Arc::new(Original {
                    path: path.into(),
                    size: found.len(),
                    mode: mode(&found).unwrap_or(USUAL_MODE),
                    modified: found.modified().ok(),
                })))
            }
            Err(error) => {
                self.leave_out(path.into(), error.to_string());
                None
            }
        }
    }

    fn leave_out(&mut self, path: PathBuf, why: String) {
        self.left_out.push((path, why));
    }

    /// Adds a link, as it is or with what it leads to.
    fn link(&mut self, root: usize, name: &Path, part: &mut Part) {
        let link = self.roots[root].join(name);
        let target = match fs::read_link(&link) {
            Ok(target) => target,
            Err(error) => return self.leave_out(link, error.to_string()),
        };
        if links::stays(&self.roots[root], name, &target) {
            part.entries.insert(name.into(), Entry::Link(target));
            return;
        }
        let nowhere = || Leads::Nowhere(target.file_name().unwrap_or(OsStr::new("target")).into());
        let leads = match fs::canonicalize(&link) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => nowhere(),
            Err(error) => {
                self.leave_out(link.clone(), format!("what it leads to cannot be read: {error}"));
                nowhere()
            }
            Ok(real) => match self.leads(&real) {
                Ok(leads) => leads,
                Err(why) => {
                    self.leave_out(link.clone(), format!("it leads to {}, which is {why}", real.display()));
                    nowhere()
                }
            },
        };
        part.links.push((name.into(), leads));
    }

    /// Where the copy of a canonical path is, which may become something more to copy.
    fn leads(&mut self, real: &Path) -> Result<Leads, String> {
        for (root, path) in self.roots.iter().enumerate() {
            if let Ok(below) = real.strip_prefix(path) {
                return Ok(Leads::To(root, below.into()));
            }
        }
        match fs::metadata(real) {
            Ok(found) if found.is_dir() || found.is_file() => {
                self.roots.push(real.into());
                Ok(Leads::To(self.roots.len() - 1, PathBuf::new()))
            }
            Ok(found) => Err(kind_of(found.file_type()).into()),
            Err(error) => Err(format!("not readable: {error}")),
        }
    }

    /// Puts the parts together.
    fn finish(mut self) -> UserDirectory {
        let (mut tree, mut linked) = (Tree::default(), Vec::new());
        let parts = std::mem::take(&mut self.parts);
        let is_copied: Vec<_> = parts.iter().map(Option::is_some).collect();
        // Where nothing is, each link leads to a place of its own.
        let mut last = parts.len();
        let mut add = |place: &Path, entry: Entry| {
            // What is beside the directory needs the directories that contain it.
            for above in place.ancestors().skip(1).filter(|above| above.starts_with(LINKED)) {
                tree.entries.entry(key(above)).or_insert(Entry::Directory);
            }
            tree.entries.insert(key(place), entry);
        };
        for (root, part) in parts.into_iter().enumerate() {
            let Some(part) = part else { continue };
            for (name, entry) in part.entries {
                add(&join(self.place(root), &name), entry);
            }
            for (name, leads) in part.links {
                let (own, link) = (join(self.place(root), &name), self.roots[root].join(&name));
                let place = match leads {
                    Leads::To(to, below) if is_copied[to] => {
                        if to > 0 {
                            linked.push((link, join(self.roots[to].clone(), &below)));
                        }
                        join(self.place(to), &below)
                    }
                    Leads::To(to, _) => {
                        let why = format!("it leads to {}, which is too large", self.roots[to].display());
                        self.left_out.push((link, why));
                        self.place(to)
                    }
                    Leads::Nowhere(name) => {
                        last += 1;
                        Path::new(LINKED).join(last.to_string()).join(name)
                    }
                };
                let up = own.components().skip(1).map(|_| Component::ParentDir.as_os_str());
                add(&own, Entry::Link(up.chain([place.as_os_str()]).collect()));
                // A program may create what is not there.
                if let Some(above) = place.parent().filter(|above| above.starts_with(LINKED)) {
                    add(above, Entry::Directory);
                }
            }
        }
        self.left_out.sort();
        UserDirectory { tree, left_out: self.left_out, linked }
    }

    /// Where the copy of a root is, in the directory that has the copy of the first one.
    fn place(&self, root: usize) -> PathBuf {
        match root {
            0 => CWD.into(),
            _ => Path::new(LINKED)
                .join(root.to_string())
                .join(self.roots[root].file_name().unwrap_or(OsStr::new("root"))),
        }
    }

    fn too_large(&self, directory: &Path, help: &str) -> String {
        let what = match self.number > MOST_ENTRIES {
            true => format!("more than {MOST_ENTRIES} files"),
            false => format!("more than {} MiB", MOST_BYTES >> 20),
        };
        let largest = self.largest.iter().filter(|(size, _)| *size > 1 << 20);
        let largest: String =
            largest.map(|(size, path)| format!(" ({} has {} MiB)", path.display(), size >> 20)).collect();
        format!("{} has {what}, which is too much to copy{largest}\nhelp: {help}", directory.display())
    }
}

/// The path in a [`Tree`] of something that is at `place`.
fn key(place: &Path) -> PathBuf {
    match place.strip_prefix(CWD) {
        Ok(inside) => inside.into(),
        Err(_) => Path::new("..").join(place),
    }
}

/// Joins paths, of which the second one may be empty.
fn join(path: PathBuf, below: &Path) -> PathBuf {
    if below == Path::new("") { path } else { path.join(below) }
}

/// Whether a directory is a repository, or what cargo marks as its output (Cache Directory Tagging Specification).
fn is_no_source(path: &Path) -> bool {
    path.ends_with(".git") || path.join("CACHEDIR.TAG").exists()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn links(found: &UserDirectory) -> BTreeMap<&str, &str> {
        found
            .tree
            .entries
            .iter()
            .filter_map(|(path, entry)| match entry {
                Entry::Link(target) => Some((path.to_str().unwrap(), target.to_str().unwrap())),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn no_link_leads_to_the_original() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        let (user, other) = (base.join("user"), base.join("other"));
        fs::create_dir_all(user.join("sub/deep")).unwrap();
        fs::create_dir_all(other.join("more")).unwrap();
        fs::write(user.join("sub/a"), "a").unwrap();
        fs::write(other.join("b"), "b").unwrap();
        let absolute = |path: &str| base.join(path).to_str().unwrap().to_string();
        for (link, target) in [
            ("user/kept", "sub/a".to_string()),
            ("user/sub/up", "../sub/./deep".into()),
            ("user/chain", "to-other".into()),
            ("user/loop", "loop".into()),
            ("user/dangling", "sub/none".into()),
            ("user/absolute", absolute("user/sub/a")),
            ("user/sub/deep/out-and-back", "../../../user/sub".into()),
            ("user/to-other", "../other".into()),
            ("user/z-file", absolute("other/b")),
            // The way leads through another link.
            ("user/through", "to-other/../user/sub/a".into()),
            ("user/nowhere", "/nowhere/at/all".into()),
            ("user/null", "/dev/null".into()),
            ("other/home", absolute("user")),
            ("other/more/up", "..".into()),
        ] {
            symlink(target, base.join(link)).unwrap();
        }
        let polls = std::cell::Cell::new(0);
        let found = read(&user, What::Everything, "", &|| polls.set(polls.get() + 1)).unwrap();
        assert!(polls.get() >= found.tree.entries.len() - 5, "an interrupt is noticed late");
        let expected = [
            ("kept", "sub/a"),
            ("sub/up", "../sub/./deep"),
            ("chain", "to-other"),
            ("loop", "loop"),
            ("dangling", "sub/none"),
            ("absolute", "../cwd/sub/a"),
            ("sub/deep/out-and-back", "../../../cwd/sub"),
            ("to-other", "../linked/1/other"),
            ("z-file", "../linked/1/other/b"),
            ("through", "../cwd/sub/a"),
            ("../linked/1/other/home", "../../../cwd"),
            ("../linked/1/other/more/up", ".."),
        ];
        let links = links(&found);
        for (path, target) in expected {
            assert_eq!(links.get(path), Some(&target), "{path} in {links:?}");
        }
        for path in ["nowhere", "null"] {
            assert!(links[path].starts_with("../linked/") && !links[path].contains("/1/"), "{links:?}");
        }
        assert_eq!(links.len(), expected.len() + 2);
        let named: Vec<_> = found.left_out.iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(named, [user.join("null")]);
        assert!(found.linked.contains(&(user.join("to-other"), other)), "{:?}", found.linked);
    }
}
