//! Files that are replaced as a whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Creates or replaces the file at `path`, so that it never holds a part of `contents`. The parent directory
/// must exist.
///
/// The contents are written to the temporary file `.NAME.tmp` in the same directory, synced to the disk,
/// and renamed to `path`. So whenever the process is killed or the system crashes, `path` is the old file
/// or the whole new one. After a crash of the system it may be the old one although this has returned,
/// since the directory is not synced.
///
/// A temporary file that a killed process has left behind is overwritten. Only one process and thread may
/// write the same file at a time. The file is a new one, with default permissions; if `path` is a
/// symbolic link, the link is replaced and not its target.
///
/// # Errors
/// If `path` does not end with a file name, or the system refuses one of the steps. Then `path` is
/// unchanged, and the temporary file is removed.
pub fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path does not end with a file name"));
    };
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(".tmp");
    let temporary = path.with_file_name(temporary);
    let written = write_and_sync(&temporary, contents).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The error that is returned says more than one of this, and may be the reason for it.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write_and_sync(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in a directory, sorted.
    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_created_and_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("page.md");
        for contents in ["a long first version\n", "short\n", ""] {
            write(&path, contents.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
            assert_eq!(names(directory.path()), ["page.md"]);
        }
    }

    #[test]
    fn a_left_temporary_file_is_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(".page.md.tmp"), "longer than the new contents").unwrap();
        let path = directory.path().join("page.md");
        write(&path, b"new\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new\n");
        assert_eq!(names(directory.path()), ["page.md"]);
    }

    #[test]
    fn a_rename_that_fails_leaves_no_temporary_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("occupied");
        fs::create_dir_all(path.join("by a directory")).unwrap();
        write(&path, b"new\n").unwrap_err();
        assert_eq!(names(directory.path()), ["occupied"]);
        assert_eq!(names(&path), ["by a directory"]);
    }

    /// Writing fails where the process may not write more into a file; here the temporary file is a
    /// device that is always full.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_write_that_fails_leaves_the_old_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("page.md");
        fs::write(&path, "old\n").unwrap();
        std::os::unix::fs::symlink("/dev/full", directory.path().join(".page.md.tmp")).unwrap();
        let error = write(&path, b"new\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old\n");
        assert_eq!(names(directory.path()), ["page.md"]);
    }

    #[test]
    fn a_directory_is_not_created() {
        let directory = tempfile::tempdir().unwrap();
        let error = write(&directory.path().join("missing/page.md"), b"new\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(names(directory.path()), [] as [String; 0]);
    }

    #[test]
    fn a_path_without_a_file_name_is_an_error() {
        assert_eq!(write(Path::new("/"), b"").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(write(Path::new("a/.."), b"").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
