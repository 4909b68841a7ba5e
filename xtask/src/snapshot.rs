//! The one file that knows insta: it judges, and it writes what is kept.
//!
//! A snapshot is `snapshots/<example>/<case>.snap`, a pending one the same with `.snap.new`, so
//! that `cargo insta review` finds both. insta writes each snapshot into a folder of the harness's
//! own first; from there it is moved into place, so that a snapshot is always the old one or the
//! new one, whenever the harness is killed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use insta::{Comparator, DefaultComparator};

use crate::stop::{Stop, exit};
use crate::table::Table;

/// What is done about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// Nothing is written.
    Check,
    /// A pending snapshot is written, for a review.
    Pending,
    /// The snapshot is written.
    Accept,
    /// New snapshots become pending ones, changed ones are written (insta's `unseen`).
    AcceptSeen,
}

/// Takes over insta's environment variables: gives what `INSTA_UPDATE` asked for, if anything, and
/// sets what insta needs in this process. Other inherited ones, such as `INSTA_FORCE_PASS`, must
/// change no verdict.
///
/// # Errors
/// If `INSTA_UPDATE` has a value that insta does not know.
#[allow(unsafe_code, reason = "insta takes its settings from the environment only")]
pub fn claim_environment() -> Result<Option<Keeping>> {
    let asked = std::env::var("INSTA_UPDATE").unwrap_or_default();
    let keeping = match asked.as_str() {
        "" | "auto" => None,
        "always" | "1" | "force" => Some(Keeping::Accept),
        "new" => Some(Keeping::Pending),
        "no" => Some(Keeping::Check),
        "unseen" => Some(Keeping::AcceptSeen),
        _ => {
            let message = format!("INSTA_UPDATE={asked}: it can be auto, always, new, no, unseen or force");
            return Err(Stop::error(exit::USAGE, message));
        }
    };
    let inherited =
        std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("INSTA_"));
    for name in inherited.collect::<Vec<_>>() {
        // SAFETY: `main` calls this before anything else, so there is no other thread yet.
        unsafe { std::env::remove_var(name) };
    }
    for (name, value) in OWN_VARIABLES {
        // SAFETY: as above.
        unsafe { std::env::set_var(name, value) };
    }
    Ok(keeping)
}

/// Takes from a command what [`claim_environment`] has set, which is for this process alone.
pub fn restore_environment(command: xshell::Cmd<'_>) -> xshell::Cmd<'_> {
    OWN_VARIABLES.iter().fold(command, |command, (name, _)| command.env_remove(name))
}

/// What is staged is always written, nothing is printed, and no cargo is asked for a workspace.
const OWN_VARIABLES: [(&str, &str); 3] =
    [("INSTA_UPDATE", "always"), ("INSTA_OUTPUT", "none"), ("INSTA_WORKSPACE_ROOT", "")];

/// Where the snapshot of a case is kept.
#[derive(Clone, Debug)]
pub struct Place {
    accepted: PathBuf,
}

impl Place {
    pub fn new(snapshots: &Path, example: &str, case: &str) -> Place {
        Place { accepted: snapshots.join(example).join(format!("{case}.snap")) }
    }

    pub fn path(&self) -> &Path {
        &self.accepted
    }

    fn pending(&self) -> PathBuf {
        self.accepted.with_extension("snap.new")
    }
}

/// A snapshot as insta has read it from a file.
pub struct Recorded(insta::Snapshot);

/// A snapshot as it stands in its place.
pub struct Snapshot {
    pub table: Table,
    pub recorded: Recorded,
}

/// The accepted snapshot, if there is one.
///
/// # Errors
/// If there is a file that is no whole snapshot: a difference is one thing, a file that was cut off
/// or holds the marks of a merge is another.
pub fn accepted(place: &Place) -> Result<Option<Snapshot>> {
    read(&place.accepted)
}

/// The pending snapshot, if there is one.
///
/// # Errors
/// As [`accepted`].
pub fn pending(place: &Place) -> Result<Option<Snapshot>> {
    read(&place.pending())
}

fn read(path: &Path) -> Result<Option<Snapshot>> {
    not_a_link(path)?;
    let raw = match fs::read(path) {
        Ok(raw) => raw,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let malformed = |line: usize, what: &str| {
        let message = format!(
            "{}:{line}: not a whole snapshot: {what}\n\
             restore it (`git restore -- {0}`), or remove the file and accept the case anew",
            path.display()
        );
        Stop::error(exit::HARNESS, message)
    };
    let raw = String::from_utf8(raw).map_err(|_| malformed(1, "not UTF-8"))?;
    let marks = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];
    if let Some(index) = raw.lines().position(|line| marks.iter().any(|mark| line.starts_with(mark))) {
        return Err(malformed(index + 1, "here begin the marks of a merge conflict"));
    }
    let header =
        raw.strip_prefix("---\n").ok_or_else(|| malformed(1, "it does not begin with a line `---`"))?;
    let Some(end) = header.find("\n---\n") else {
        return Err(malformed(raw.lines().count(), "the header does not end with a line `---`"));
    };
    let lines_before = header[..end].lines().count() + 2;
    if !raw.ends_with('\n') {
        return Err(malformed(raw.lines().count(), "the last line is cut off"));
    }
    let insta = insta::Snapshot::from_file(path).map_err(|error| malformed(1, &error.to_string()))?;
    let text =
        insta.contents().as_text().ok_or_else(|| malformed(1, "not a snapshot of text"))?.to_string() + "\n";
    let table = Table::parse(&text).map_err(|(line, what)| malformed(lines_before + line, &what))?;
    Ok(Some(Snapshot { table, recorded: Recorded(insta) }))
}

/// A snapshot that is a symbolic link, or whose folder is one, would be written somewhere else.
fn not_a_link(path: &Path) -> Result<()> {
    for path in path.parent().into_iter().chain([path]) {
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
            let message =
                format!("{}: a symbolic link: snapshots are plain files in plain folders", path.display());
            return Err(Stop::error(exit::HARNESS, message));
        }
    }
    Ok(())
}

/// A snapshot that insta has written, but not yet into its place.
pub struct Staged {
    path: PathBuf,
    pub recorded: Recorded,
}

/// Lets insta write a snapshot as `name` into the folder `staging`, which has none of that name.
///
/// # Errors
/// If what was written cannot be read again.
pub fn stage(staging: &Path, name: &str, table: &Table, about: Option<&str>) -> Result<Staged> {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(staging);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    if let Some(about) = about {
        settings.set_description(about);
    }
    let path = staging.join(format!("{name}.snap"));
    caught(|| settings.bind(|| insta::assert_snapshot!(name, table.draw())))
        .map_err(|why| anyhow!("cannot write {}: {why}", path.display()))?;
    let recorded = insta::Snapshot::from_file(&path)
        .map_err(|error| anyhow!("cannot read what insta wrote to {}: {error}", path.display()))?;
    Ok(Staged { path, recorded: Recorded(recorded) })
}

/// insta panics where it cannot write, as on a full disk. That is an error like any other.
fn caught(write: impl FnOnce()) -> Result<(), String> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let caught = panic::catch_unwind(AssertUnwindSafe(write));
    panic::set_hook(hook);
    caught.map_err(|payload| payload.downcast_ref::<String>().cloned().unwrap_or_default())
}

/// Removes what runs that were killed while they wrote have left.
pub fn sweep(snapshots: &Path) -> Result<()> {
    let Ok(folders) = fs::read_dir(snapshots) else { return Ok(()) };
    for folder in folders {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for entry in fs::read_dir(folder.path())? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && name.contains(".snap") && name.ends_with(TEMPORARY) {
                remove_if_there(&entry.path())?;
            }
        }
    }
    Ok(())
}

/// How the name of a file ends that is to be moved into the place of a snapshot.
const TEMPORARY: &str = ".tmp";

/// insta's verdict: whether two snapshots say the same, their descriptions included.
pub fn agree(one: &Recorded, other: &Recorded) -> bool {
    DefaultComparator.matches_fully(&one.0, &other.0)
}

/// Makes the staged snapshot the accepted one; a pending one is settled by that.
pub fn accept(place: &Place, staged: &Staged) -> Result<()> {
    move_into_place(&staged.path, &place.accepted)?;
    discard_pending(place)
}

/// Makes the staged snapshot the pending one.
pub fn keep_pending(place: &Place, staged: &Staged) -> Result<()> {
    move_into_place(&staged.path, &place.pending())
}

/// Removes the pending snapshot, if there is one.
pub fn discard_pending(place: &Place) -> Result<()> {
    remove_if_there(&place.pending())
}

/// Removes a snapshot that no case stands behind, and its folder if that was the last one.
pub fn prune(path: &Path) -> Result<()> {
    remove_if_there(path)?;
    if let Some(folder) = path.parent() {
        // It fails where other files are left, and then the folder has to stay.
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

/// All snapshots below `snapshots`, pending ones too, that are none of `known`.
pub fn strays(snapshots: &Path, known: &[Place]) -> Result<Vec<PathBuf>> {
    let known: BTreeSet<_> =
        known.iter().flat_map(|place| [place.accepted.clone(), place.pending()]).collect();
    let mut strays = Vec::new();
    let mut folders = vec![snapshots.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let listing = match fs::read_dir(&folder) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
        };
        for entry in listing {
            let entry = entry?;
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if (name.ends_with(".snap") || name.ends_with(".snap.new")) && !known.contains(&path) {
                strays.push(path);
            }
        }
    }
    strays.sort();
    Ok(strays)
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Copies to a temporary file beside the place, syncs it, and renames it into the place.
fn move_into_place(from: &Path, to: &Path) -> Result<()> {
    let moved = || {
        let folder = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{name}{TEMPORARY}"));
        let written = (|| {
            fs::copy(from, &temporary)?;
            fs::File::open(&temporary)?.sync_all()?;
            fs::rename(&temporary, to)
        })();
        if written.is_err() {
            // What is left of the attempt is in nobody's way, but no one would look for it.
            let _ = fs::remove_file(&temporary);
        }
        written
    };
    moved().with_context(|| format!("cannot write {}; what was there before is unchanged", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn ten_thousand_mutated_files() {
        let good = "---\nsource: xtask/src/snapshot.rs\ndescription: \"A file: it's here\"\n---\n$ cat sample.txt\n\
                    \x20          native  wasip1  wasip2\ndefault      A       B       B\n\n\
                    A  exit 0\n   stdout\n   │hello\n\nB  exit 1\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("case.snap");
        fs::write(&path, good).unwrap();
        assert!(read(&path).unwrap().is_some());
        let mut random = Random::new(1);
        let mut malformed = 0;
        for _ in 0..10_000 {
            let text = random.mutate(good);
            fs::write(&path, &text).unwrap();
            match read(&path) {
                Ok(snapshot) => assert!(snapshot.is_some()),
                Err(error) => {
                    assert!(error.to_string().contains("case.snap:"), "{error}: {text:?}");
                    malformed += 1;
                }
            }
        }
        assert!(malformed > 3_000, "{malformed}");
    }
}
