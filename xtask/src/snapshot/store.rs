//! Reads and writes the files of snapshots. No other module uses insta.
//!
//! An accepted snapshot is the file `snapshots/<example>/<case>.snap`, a pending one has `.snap.new` instead,
//! so that `cargo insta review` finds both. The format is that of insta: a header in YAML, and below it the
//! drawn table. insta reads the files and compares the texts.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use insta::TextSnapshotKind;
use insta::internals::TextSnapshotContents;

use crate::exit;
use crate::snapshot::table::Table;
use crate::support::{atomic_file, text_file};

/// What to do about differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateMode {
    /// Write nothing.
    Check,
    /// Write a pending snapshot, for a review.
    Pending,
    /// Write the accepted snapshot.
    Accept,
    /// Write a pending snapshot for a new case, and the accepted one for others (insta's `unseen`).
    AcceptSeen,
}

impl UpdateMode {
    /// Whether accepted snapshots are written.
    pub fn accepts(self) -> bool {
        matches!(self, UpdateMode::Accept | UpdateMode::AcceptSeen)
    }

    /// Parses the value of `INSTA_UPDATE`. Returns `None` if the user leaves the choice to the harness.
    ///
    /// # Errors
    /// If it is not a value that insta knows.
    pub fn asked(value: &str) -> Result<Option<UpdateMode>> {
        Ok(match value {
            "" | "auto" => None,
            "always" | "1" | "force" => Some(UpdateMode::Accept),
            "new" => Some(UpdateMode::Pending),
            "no" => Some(UpdateMode::Check),
            "unseen" => Some(UpdateMode::AcceptSeen),
            _ => {
                let message =
                    format!("INSTA_UPDATE={value}: expected auto, always, new, no, unseen or force");
                return Err(exit::error(exit::USAGE, message));
            }
        })
    }
}

/// Where the snapshots of a case are.
#[derive(Clone, Debug)]
pub struct Location {
    accepted: PathBuf,
    /// The source of the program, relative to the root of the workspace. insta shows it in a review.
    source: String,
}

impl Location {
    /// The location of this case within the directory `snapshots`.
    pub fn new(snapshots: &Path, example: &str, case: &str) -> Location {
        Location {
            accepted: snapshots.join(example).join(format!("{case}.snap")),
            source: format!("examples/{example}/src/main.rs"),
        }
    }

    /// The path of the accepted snapshot.
    pub fn path(&self) -> &Path {
        &self.accepted
    }

    fn pending(&self) -> PathBuf {
        self.accepted.with_extension("snap.new")
    }
}

/// The contents of a snapshot file.
pub struct Snapshot {
    pub table: Table,
    text: TextSnapshotContents,
    about: Option<String>,
    source: Option<String>,
}

impl Snapshot {
    /// Whether the file is as it would be written for `table` and `about` at this location.
    pub fn agrees(&self, location: &Location, table: &Table, about: Option<&str>) -> bool {
        let now = TextSnapshotContents::new(table.draw(), TextSnapshotKind::File);
        self.text.matches_latest(&now)
            && self.about.as_deref() == about
            && self.source.as_ref() == Some(&location.source)
    }
}

/// Reads the accepted snapshot, if there is one.
///
/// # Errors
/// If the file cannot be read, is a symbolic link, or is malformed: for example if it is cut off, or contains
/// conflict markers of a merge.
pub fn accepted(location: &Location) -> Result<Option<Snapshot>> {
    read(&location.accepted)
}

/// Reads the pending snapshot, if there is one.
///
/// # Errors
/// As for [`accepted`].
pub fn pending(location: &Location) -> Result<Option<Snapshot>> {
    read(&location.pending())
}

fn read(path: &Path) -> Result<Option<Snapshot>> {
    not_a_link(path)?;
    let raw = match text_file::read(path) {
        Ok(raw) => raw,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let malformed = |line: usize, what: &str| {
        let message = format!(
            "{}:{line}: malformed snapshot: {what}\n\
             help: restore it (`git restore -- {0}`), or remove the file and accept the case again",
            path.display()
        );
        exit::error(exit::HARNESS, message)
    };
    let raw = String::from_utf8(raw).map_err(|_| malformed(1, "not valid UTF-8"))?;
    let marks = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];
    if let Some(index) = raw.lines().position(|line| marks.iter().any(|mark| line.starts_with(mark))) {
        return Err(malformed(index + 1, "a conflict marker of a merge"));
    }
    let header =
        raw.strip_prefix("---\n").ok_or_else(|| malformed(1, "it does not start with a line `---`"))?;
    let Some(end) = header.find("\n---\n") else {
        return Err(malformed(raw.lines().count(), "the header does not end with a line `---`"));
    };
    let lines_before = header[..end].lines().count() + 2;
    if !raw.ends_with('\n') {
        return Err(malformed(raw.lines().count(), "the last line is cut off"));
    }
    let insta = insta::Snapshot::from_file(path).map_err(|error| malformed(1, &error.to_string()))?;
    let contents = insta.as_text().ok_or_else(|| malformed(1, "it is not a text snapshot"))?;
    let text = format!("{contents}\n");
    let table = Table::parse(&text).map_err(|(line, what)| malformed(lines_before + line, &what))?;
    let metadata = insta.metadata();
    let (about, source) = (metadata.description(), metadata.source());
    Ok(Some(Snapshot {
        table,
        text: contents.clone(),
        about: about.map(String::from),
        source: source.map(String::from),
    }))
}

/// Rejects a snapshot that is a symbolic link, or whose directory is one: writing it would change a file
/// somewhere else.
fn not_a_link(path: &Path) -> Result<()> {
    for path in path.parent().into_iter().chain([path]) {
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
            let message = format!(
                "{} is a symbolic link, but the harness does not write snapshots through links\n\
                 help: replace it by what it points to",
                path.display()
            );
            return Err(exit::error(exit::HARNESS, message));
        }
    }
    Ok(())
}

/// Writes the accepted snapshot, and removes the pending one.
///
/// # Errors
/// If a file cannot be written or removed.
pub fn accept(location: &Location, table: &Table, about: Option<&str>) -> Result<()> {
    write(&location.accepted, location, table, about)?;
    discard_pending(location)
}

/// Writes the pending snapshot.
///
/// # Errors
/// If the file cannot be written.
pub fn keep_pending(location: &Location, table: &Table, about: Option<&str>) -> Result<()> {
    write(&location.pending(), location, table, about)
}

/// Removes the pending snapshot, if there is one.
///
/// # Errors
/// If the file cannot be removed.
pub fn discard_pending(location: &Location) -> Result<()> {
    remove_if_exists(&location.pending())
}

fn write(path: &Path, location: &Location, table: &Table, about: Option<&str>) -> Result<()> {
    // Whatever a table has, a file that the next run could not read is not written.
    if Table::parse(&table.draw()).as_ref() != Ok(table) {
        let message =
            format!("cannot write {}, which is unchanged: it could not be read again", path.display());
        return Err(exit::error(exit::HARNESS, message));
    }
    let text = draw(location, table, about);
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))
        .and_then(|()| atomic_file::write(path, text.as_bytes()))
        .with_context(|| format!("cannot write {}, which is unchanged", path.display()))
}

/// The text of a snapshot file.
fn draw(location: &Location, table: &Table, about: Option<&str>) -> String {
    // A JSON string is a YAML string, too.
    let about = about.map(|about| format!("description: {}\n", serde_json::Value::from(about)));
    format!("---\nsource: {}\n{}---\n{}", location.source, about.unwrap_or_default(), table.draw())
}

/// Removes the temporary files of runs that were killed while they wrote snapshots.
///
/// # Errors
/// If a directory cannot be read, or a file cannot be removed.
pub fn sweep(snapshots: &Path) -> Result<()> {
    let Ok(directories) = fs::read_dir(snapshots) else { return Ok(()) };
    for directory in directories {
        let directory = directory?;
        if !directory.file_type()?.is_dir() {
            continue;
        }
        for entry in fs::read_dir(directory.path())? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && name.contains(".snap") && name.ends_with(".tmp") {
                remove_if_exists(&entry.path())?;
            }
        }
    }
    Ok(())
}

/// Removes an orphaned snapshot, and its directory if that is empty then.
///
/// # Errors
/// If the file cannot be removed.
pub fn prune(path: &Path) -> Result<()> {
    remove_if_exists(path)?;
    if let Some(directory) = path.parent() {
        // This fails if there are other files in the directory, which are to be kept.
        let _ = fs::remove_dir(directory);
    }
    Ok(())
}

/// Finds the orphaned snapshots below the directory `snapshots`: all snapshots, including pending ones, that
/// are not at one of the `known` locations. They are sorted by path.
///
/// # Errors
/// If a directory cannot be read.
pub fn orphans(snapshots: &Path, known: &[Location]) -> Result<Vec<PathBuf>> {
    let known: BTreeSet<_> =
        known.iter().flat_map(|location| [location.accepted.clone(), location.pending()]).collect();
    let mut orphans = Vec::new();
    let mut directories = vec![snapshots.to_path_buf()];
    while let Some(directory) = directories.pop() {
        let listing = match fs::read_dir(&directory) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", directory.display())),
        };
        for entry in listing {
            let entry = entry?;
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if entry.file_type()?.is_dir() {
                directories.push(path);
            } else if (name.ends_with(".snap") || name.ends_with(".snap.new")) && !known.contains(&path) {
                orphans.push(path);
            }
        }
    }
    orphans.sort();
    Ok(orphans)
}

fn remove_if_exists(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::case::{Case, Row};
    use crate::model::column::Column;
    use crate::support::mutate::mutate;

    #[test]
    fn written_snapshot_can_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::new(directory.path(), "cat", "sample");
        let table = Table::parse("$ cat\n native\ndefault A\n\nA  exit 0\n   stdout\n   │x\n").unwrap();
        for about in [None, Some("plain"), Some("A \"quoted\": `it's` \\ here, é → x")] {
            accept(&location, &table, about).unwrap();
            let snapshot = accepted(&location).unwrap().unwrap();
            assert!(snapshot.agrees(&location, &table, about), "{about:?}");
            assert!(!snapshot.agrees(&location, &table, Some("other")));
            assert!(!snapshot.agrees(&Location::new(directory.path(), "dog", "sample"), &table, about));
        }
    }

    #[test]
    fn what_could_not_be_read_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::new(directory.path(), "cat", "sample");
        let table = Table::parse("$ cat\n native\ndefault A\n\nA  exit 0\n").unwrap();
        accept(&location, &table, None).unwrap();
        let before = fs::read(location.path()).unwrap();
        let mut case = Case::plain("sample");
        // No `cases.toml` can have such a name.
        case.rows.push(Row { name: "x A\n\nA  exit 0".into(), ..Row::default() });
        let broken = Table::empty("cat", &case, &Column::all_pinned());
        let error = accept(&location, &broken, None).unwrap_err();
        assert!(error.to_string().ends_with("which is unchanged: it could not be read again"), "{error}");
        assert_eq!(fs::read(location.path()).unwrap(), before);
    }

    #[test]
    fn mutated_files_are_read_or_rejected_without_panics() {
        let good = "---\nsource: examples/cat/src/main.rs\ndescription: \"A file: it's here\"\n---\n$ cat sample.txt\n\
                    \x20          native  wasip1  wasip2\ndefault      A       B       B\n\n\
                    A  exit 0\n   stdout\n   │hello\n\nB  exit 1\n";
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("case.snap");
        fs::write(&path, good).unwrap();
        assert!(read(&path).unwrap().is_some());
        let mut random = fastrand::Rng::with_seed(1);
        let mut malformed = 0;
        for _ in 0..10_000 {
            let text = mutate(&mut random, good);
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
