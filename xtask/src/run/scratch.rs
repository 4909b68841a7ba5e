//! Scratch directories: each cell runs in its own, and what it changed there is part of its outcome.
//!
//! The working directory of a cell is `NAME/cwd`; the directory around it belongs to the cell alone, so
//! that files that a program writes to `..` are found, and do not affect other cells.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use crate::discover::directory;
pub use crate::model::tree::CWD;
use crate::model::tree::{Change, Tree};
use crate::process::{self, Interrupt};
use crate::support::hash::fnv_1a;
use crate::support::platform;
use crate::support::removal::{remove, remove_while};
use crate::support::slow::Slow;
use crate::support::terminal::say;

/// How many names there are for the directory of all scratch directories. Another name than the first is used
/// only if the directories before it cannot be removed.
const NAMES: usize = 100;

/// Scratch directories are in memory only if this many bytes are free there, besides what is copied into them.
const ROOM: u64 = 16 << 20;

/// A file system is full if fewer bytes than these are free. What a program does then may depend on that.
const SPARE: u64 = 1 << 20;

/// The directory for all scratch directories of a run.
pub struct Root {
    pub path: PathBuf,
    state: Mutex<State>,
    /// The directory for the cells that need one on another mount.
    mounts: PathBuf,
}

/// What is known of the directory for all scratch directories.
struct State {
    /// What identifies it, if the system has that.
    identity: Option<(u64, u64)>,
    /// How often it was created again.
    restored: usize,
    /// When its file system was last seen to be full.
    full: Option<Instant>,
}

/// A cell's directory on another mount, which is removed when this is dropped.
pub struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        // What cannot be removed is removed with the directory of all of them, or is in a warning.
        let _ = remove(&self.0);
    }
}

impl Root {
    /// Returns the path of the directory on another mount for the cell with the scratch directory `cell_dir`.
    pub fn mount_of(&self, cell_dir: &Path) -> PathBuf {
        self.mounts.join(cell_dir.file_name().unwrap_or_default())
    }

    /// Creates this directory.
    ///
    /// # Errors
    /// If it cannot be created, or if this machine has no second mount that the harness could use.
    pub fn mount(&self, cell_dir: &Path) -> Result<Mounted> {
        let path = self.mount_of(cell_dir);
        remove(&path)?;
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        let device = |path| platform::identity_of_directory(path).map(|(device, _)| device);
        if device(&path) == device(&self.path) {
            bail!(
                "this needs two file systems, and {} and {} are on the same one\n\
                 help: run it where the target directory is not in memory",
                path.display(),
                self.path.display()
            );
        }
        Ok(Mounted(path))
    }

    /// Checks that the directory is still the one that was created, because programs of the run might have
    /// replaced it. What is below it then does not belong to the run.
    ///
    /// # Errors
    /// If it is gone or was replaced.
    pub fn check(&self) -> Result<()> {
        if platform::identity_of_directory(&self.path) != self.state().identity {
            bail!("the directory {} was replaced by a program of this run", self.path.display());
        }
        Ok(())
    }

    /// Creates the directory again if it is gone or was replaced. What is there in its place is removed. Returns how
    /// often this was necessary in this run.
    ///
    /// # Errors
    /// If something cannot be removed, or the directory cannot be created.
    pub fn restore(&self) -> Result<usize> {
        let mut state = self.state();
        if platform::identity_of_directory(&self.path) != state.identity {
            let restored = remove(&self.path).and_then(|()| platform::make_private_directory(&self.path));
            restored.with_context(|| {
                format!("a program of this run has replaced the directory {}", self.path.display())
            })?;
            state.identity = platform::identity_of_directory(&self.path);
            state.restored += 1;
        }
        Ok(state.restored)
    }

    /// Whether the file system of the directory is full, or was when anything else has asked since `start`. Whoever asks
    /// when a program has ended, and before its directory is removed, knows whether it or a program beside it had no
    /// room, unless a program has made room again before it ended.
    pub fn was_full_since(&self, start: Instant) -> bool {
        let is_full = !platform::has_room(&self.path, SPARE);
        let mut state = self.state();
        if is_full {
            state.full = Some(Instant::now());
        }
        state.full.is_some_and(|full| full >= start)
    }

    /// The error of a program that had no room although no other one was running.
    pub fn full(&self) -> anyhow::Error {
        anyhow!(
            "the file system of {} was full, so what it did says nothing\n\
             help: let it write less, or make room there",
            self.path.display()
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the directory for all scratch directories of the workspace that builds into `own_dir`: the one that
/// the last run has used, if it exists.
///
/// It is in a memory file system if there is one with enough room (Linux only): a disk takes more time for the many
/// short-lived files than the programs take. Otherwise it is in `own_dir`.
pub fn root(own_dir: &Path) -> PathBuf {
    // Others than the first exist only if the ones before it cannot be removed.
    let named = |number| named(own_dir, number, ROOM);
    let last = (1..NAMES).map(named).take_while(|path| path.exists()).last();
    last.unwrap_or_else(|| named(0))
}

/// Returns the directory for the cells that need one on another mount than `root`, the directory for all scratch
/// directories: in `own_dir` if `root` is in memory, and otherwise in memory, if there is such a file system.
pub fn mounts(own_dir: &Path, root: &Path) -> PathBuf {
    let in_own_dir = own_dir.join("mounts");
    let key = format!("{:016x}-mounts", fnv_1a(own_dir.as_os_str().as_encoded_bytes()));
    match root.starts_with(own_dir) {
        true => platform::private_directory_in_memory(&key, ROOM).unwrap_or(in_own_dir),
        false => in_own_dir,
    }
}

/// Returns the path of the directory for all scratch directories with the name of this number, in memory if there is as
/// much `room`, in bytes.
fn named(own_dir: &Path, number: usize, room: u64) -> PathBuf {
    let suffix = if number == 0 { String::new() } else { format!("-{number}") };
    let key = format!("{:016x}{suffix}", fnv_1a(own_dir.as_os_str().as_encoded_bytes()));
    platform::private_directory_in_memory(&key, room).unwrap_or_else(|| on_disk(own_dir, &suffix))
}

fn on_disk(own_dir: &Path, suffix: &str) -> PathBuf {
    own_dir.join(format!("scratch{suffix}"))
}

/// Creates a new directory at `cell_dir` with `fixture` in its `cwd`. Anything that exists there is removed. Returns
/// `None` if an interrupt came.
///
/// # Errors
/// If something cannot be removed or created.
pub fn create(cell_dir: &Path, fixture: &Tree, interrupt: &Interrupt) -> Result<Option<()>> {
    let each = telling(interrupt, "Copying", fixture);
    let create = || {
        remove_while(cell_dir, &|| interrupt.signal().is_none())?;
        fs::create_dir_all(cell_dir.join(CWD))?;
        directory::write(fixture, &cell_dir.join(CWD), &each)
    };
    let created =
        create().with_context(|| format!("cannot create the scratch directory {}", cell_dir.display()));
    or_interrupted(interrupt, created)
}

/// Returns what a run changed in `cell_dir`, by paths relative to `cell_dir`, or `None` if an interrupt came.
///
/// # Errors
/// If the directory cannot be read.
pub fn changes(cell_dir: &Path, fixture: &Tree, interrupt: &Interrupt) -> Result<Option<Vec<Change>>> {
    let before = fixture.below(CWD);
    let each = telling(interrupt, "Comparing", fixture);
    let after = directory::read_own(cell_dir, &before, &each);
    or_interrupted(interrupt, after.map(|after| before.changes(&after)))
}

/// The same as [`poll`], for work that goes through the entries of a tree. On a terminal it says how far that is, if it
/// takes long.
fn telling(interrupt: &Interrupt, what: &str, tree: &Tree) -> impl Fn() -> io::Result<()> {
    let (slow, number, all) = (RefCell::new(Slow::start()), Cell::new(0), tree.entries.len());
    move || {
        // Large files count several times.
        number.set((number.get() + 1).min(all));
        slow.borrow_mut().tell(|| format!("{what} {} of {all} files", number.get()));
        poll(interrupt)()
    }
}

/// What ends work on files when an interrupt comes.
pub fn poll(interrupt: &Interrupt) -> impl Fn() -> io::Result<()> {
    || match interrupt.signal() {
        None => Ok(()),
        Some(_) => Err(io::Error::other("interrupted")),
    }
}

/// Returns the result of such work, or `None` if an interrupt came.
///
/// # Errors
/// If the work failed for another reason.
pub fn or_interrupted<T>(interrupt: &Interrupt, result: Result<T>) -> Result<Option<T>> {
    match interrupt.signal() {
        None => result.map(Some),
        Some(_) => Ok(None),
    }
}

/// Creates an empty directory for all scratch directories, and removes what earlier runs have left. If that
/// cannot be removed, the new directory has another name than the first, and the user is warned.
///
/// If processes of the last run may be left, they are killed before. From now on the umask is 022.
///
/// `copied` is how many bytes all copies in these directories have at most. They are in memory only if there is room.
///
/// # Errors
/// If no directory can be created.
pub fn prepare(own_dir: &Path, copied: u64) -> Result<Root> {
    let in_use = in_use(own_dir);
    let is_unclean = in_use.exists();
    let room = copied.saturating_add(ROOM);
    let names: Vec<_> = (0..NAMES).map(|number| named(own_dir, number, room)).collect();
    // The first name, and the others that earlier runs have used.
    let used = 1 + names[1..].iter().take_while(|path| path.exists()).count();
    // When there was less room in memory, the last run may have used this one.
    let on_disk = on_disk(own_dir, "");
    let other = Some(&on_disk).filter(|path| !names.contains(path) && path.exists());
    let mut free = None;
    for path in names[..used].iter().chain(other) {
        if is_unclean && let Err(error) = process::end_all_of(path) {
            say(&format!("warning: an earlier run has left processes running: {error}"));
        }
        match remove(path) {
            Ok(()) => free = free.or(Some(path)),
            Err(error) => say(&left_behind(path, &error)),
        }
    }
    let Some(path) = free.or(names.get(used)) else {
        bail!("cannot remove any of {NAMES} scratch directories, such as {}", names[0].display());
    };
    process::set_umask();
    let create = || {
        fs::create_dir_all(own_dir)?;
        fs::write(&in_use, "")?;
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        platform::make_private_directory(path)
    };
    create().with_context(|| format!("cannot create an empty directory {}", path.display()))?;
    if !platform::has_room(path, SPARE) {
        bail!(
            "there is no room for the files of programs: less than {} MiB are free in the file system of {}\n\
             help: make room there, or set CARGO_TARGET_DIR to a directory on another file system",
            SPARE >> 20,
            path.display()
        );
    }
    let mounts = mounts(own_dir, path);
    remove(&mounts).with_context(|| format!("cannot remove {}", mounts.display()))?;
    let state = State { identity: platform::identity_of_directory(path), restored: 0, full: None };
    Ok(Root { path: path.clone(), state: Mutex::new(state), mounts })
}

/// Removes the directory for all scratch directories after a run, and what is on another mount. `own_dir` is the
/// harness's own directory.
///
/// # Errors
/// If something cannot be removed, or `may_go_on` is false. The message is a warning for the user.
pub fn clean_up(own_dir: &Path, root: &Path, may_go_on: &dyn Fn() -> bool) -> Result<(), String> {
    let mounts = mounts(own_dir, root);
    for directory in [root, &mounts] {
        remove_while(directory, may_go_on).map_err(|error| left_behind(directory, &error))?;
    }
    Ok(())
}

/// Records that all processes of a run have ended. Without this, the next run looks for them.
pub fn all_ended(own_dir: &Path) {
    // If the file is left, the next run looks for processes in vain.
    let _ = fs::remove_file(in_use(own_dir));
}

/// The file that exists while programs of a run may be running.
fn in_use(own_dir: &Path) -> PathBuf {
    own_dir.join("scratch-in-use")
}

/// Returns the warning for a directory that cannot be removed.
fn left_behind(directory: &Path, error: &io::Error) -> String {
    format!(
        "warning: a directory is left that cannot be removed: {error}\n\
         help: undo what keeps it (`umount` for a mount, `chattr -i` for an immutable file), then: rm -r \
         --one-file-system {}",
        directory.display()
    )
}
