//! Removes directories, including those from which a program has removed permissions.
//!
//! On Linux, nothing outside of the directory is changed, whatever is in it: symbolic links are not followed,
//! and what is mounted in it is not entered (`RESOLVE_NO_XDEV` in openat2(2)).

#[cfg(target_os = "linux")]
pub use linux::remove_while;
#[cfg(not(target_os = "linux"))]
pub use other::remove_while;

use std::io;
use std::path::Path;

/// Removes a directory and everything in it, if it exists. If `directory` is a symbolic link, only the link
/// is removed.
///
/// # Errors
/// If something cannot be removed; the error names it. Everything else is removed nevertheless.
pub fn remove(directory: &Path) -> io::Result<()> {
    remove_while(directory, &|| true)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use rustix::fs::{
        AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, renameat, statat,
        unlinkat,
    };
    use rustix::io::Errno;

    use crate::support::platform;

    /// How long a removal may take. It takes longer only if something still writes to the directory.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Directories nested more deeply are moved up before they are removed, because each level needs a file
    /// descriptor.
    const DEEPEST: usize = 32;

    /// Does the same until `may_go_on` is false.
    ///
    /// # Errors
    /// As [`remove`](super::remove), and if it does not go on.
    pub fn remove_while(directory: &Path, may_go_on: &dyn Fn() -> bool) -> io::Result<()> {
        let (Some(parent), Some(name)) = (directory.parent(), directory.file_name()) else {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = match openat(CWD, parent, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(()),
            other => other?,
        };
        let deadline = Instant::now() + PATIENCE;
        let mut removal = Removal { deadline, may_go_on, problem: None, top: None, moved: 0 };
        removal.entry(parent.as_fd(), name, directory, None, 0);
        removal.problem.map_or(Ok(()), Err)
    }

    /// The state of one removal.
    struct Removal<'a> {
        deadline: Instant,
        may_go_on: &'a dyn Fn() -> bool,
        /// The first thing that could not be removed, and why.
        problem: Option<io::Error>,
        /// The directory that is removed, to which deep directories are moved.
        top: Option<OwnedFd>,
        /// How many directories were moved.
        moved: u32,
    }

    impl Removal<'_> {
        /// Removes an entry of a directory. `path` is used in messages, `kind` is the type if it is known.
        fn entry(
            &mut self,
            parent: BorrowedFd<'_>,
            name: &OsStr,
            path: &Path,
            kind: Option<FileType>,
            depth: usize,
        ) {
            if !(self.may_go_on)() {
                return self.failed(path, "not removed, because of an interrupt");
            }
            if Instant::now() >= self.deadline {
                return self.failed(path, "not removed in time; something may still write to it");
            }
            let kind = match kind {
                Some(kind) if kind != FileType::Unknown => kind,
                _ => match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(found) => FileType::from_raw_mode(found.st_mode),
                    Err(Errno::NOENT) => return,
                    Err(error) => return self.failed(path, error),
                },
            };
            let removed = match kind {
                FileType::Directory => return self.directory(parent, name, path, depth),
                _ => with_permission(parent, || unlinkat(parent, name, AtFlags::empty())),
            };
            match removed {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => self.failed(path, error),
            }
        }

        fn directory(&mut self, parent: BorrowedFd<'_>, name: &OsStr, path: &Path, depth: usize) {
            let directory = match open(parent, name) {
                Ok(directory) => directory,
                Err(Errno::NOENT) => return,
                Err(Errno::XDEV) => return self.failed(path, "a file system is mounted there"),
                Err(error) => return self.failed(path, error),
            };
            if depth == 0 {
                self.top = directory.try_clone().ok();
            } else if depth >= DEEPEST {
                return self.move_up(parent, name, path, &directory);
            }
            loop {
                let moved = self.moved;
                match entries(&directory) {
                    Ok(entries) => {
                        for (name, kind) in entries {
                            self.entry(directory.as_fd(), &name, &path.join(&name), Some(kind), depth + 1);
                        }
                    }
                    Err(error) => return self.failed(path, error),
                }
                match with_permission(parent, || unlinkat(parent, name, AtFlags::REMOVEDIR)) {
                    Ok(()) | Err(Errno::NOENT) => return,
                    // Something was added meanwhile. It may have been moved here by `move_up`.
                    Err(Errno::NOTEMPTY | Errno::EXIST) if self.problem.is_none() || self.moved != moved => {
                        if Instant::now() >= self.deadline {
                            return self.failed(path, "something still writes to it");
                        }
                    }
                    Err(error) => return self.failed(path, error),
                }
            }
        }

        /// Moves a directory to the top, where it is removed later.
        fn move_up(&mut self, parent: BorrowedFd<'_>, name: &OsStr, path: &Path, directory: &OwnedFd) {
            let Some(top) = &self.top else { return self.failed(path, "nested too deeply") };
            // A directory that is moved is written to, because its `..` changes.
            let _ = make_accessible(directory.as_fd());
            loop {
                let free = format!("moved-{}", self.moved);
                self.moved += 1;
                match with_permission(parent, || renameat(parent, name, top, &*free)) {
                    Ok(()) | Err(Errno::NOENT) => return,
                    Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {}
                    Err(error) => return self.failed(path, error),
                }
            }
        }

        fn failed(&mut self, path: &Path, why: impl std::fmt::Display) {
            let error = || io::Error::other(format!("{}: {why}", path.display()));
            self.problem.get_or_insert_with(error);
        }
    }

    /// Opens a directory, unless it is a symbolic link or something is mounted there.
    fn open(parent: BorrowedFd<'_>, name: &OsStr) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let with = |flags| match openat2(parent, name, flags, Mode::empty(), ResolveFlags::NO_XDEV) {
            // Linux before 5.6 has no openat2, and some containers forbid it.
            Err(Errno::NOSYS | Errno::PERM) => {
                let opened = openat(parent, name, flags, Mode::empty())?;
                match fstat(&opened)?.st_dev == fstat(parent)?.st_dev {
                    true => Ok(opened),
                    false => Err(Errno::XDEV),
                }
            }
            other => other,
        };
        match with(flags | OFlags::RDONLY) {
            Err(Errno::ACCESS) => {
                // It may be the parent that may not be searched, or this directory that may not be read.
                let _ = make_accessible(parent);
                make_accessible(with(flags | OFlags::PATH)?.as_fd())?;
                with(flags | OFlags::RDONLY)
            }
            other => other,
        }
    }

    /// Does something to an entry of `directory`, if necessary after the permissions of the directory were
    /// restored.
    fn with_permission(
        directory: BorrowedFd<'_>,
        action: impl Fn() -> rustix::io::Result<()>,
    ) -> rustix::io::Result<()> {
        match action() {
            Err(Errno::ACCESS) if make_accessible(directory).is_ok() => action(),
            other => other,
        }
    }

    /// Restores the permissions of a directory. The path cannot lead anywhere else (proc_pid_fd(5)).
    fn make_accessible(directory: BorrowedFd<'_>) -> rustix::io::Result<()> {
        let path = format!("/proc/self/fd/{}", directory.as_raw_fd());
        platform::make_accessible(Path::new(&path)).map_err(|_| Errno::ACCESS)
    }

    /// The entries of a directory, with their types.
    fn entries(directory: &OwnedFd) -> rustix::io::Result<Vec<(std::ffi::OsString, FileType)>> {
        let mut entries = Vec::new();
        // Opening `.` needs the permission to search the directory.
        let opened = match Dir::read_from(directory) {
            Err(Errno::ACCESS) if make_accessible(directory.as_fd()).is_ok() => Dir::read_from(directory)?,
            other => other?,
        };
        for entry in opened {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                entries.push((name.to_os_string(), entry.file_type()));
            }
        }
        Ok(entries)
    }

    #[cfg(test)]
    mod tests {
        use std::fs;

        use crate::support::removal::remove;

        #[test]
        fn links_are_removed_and_not_followed() {
            let directory = tempfile::tempdir().unwrap();
            let (outside, inside) = (directory.path().join("outside"), directory.path().join("inside"));
            fs::create_dir_all(outside.join("kept")).unwrap();
            fs::create_dir_all(inside.join("a/b")).unwrap();
            std::os::unix::fs::symlink(&outside, inside.join("a/link")).unwrap();
            std::os::unix::fs::symlink(&outside, directory.path().join("link")).unwrap();
            remove(&inside).unwrap();
            remove(&directory.path().join("link")).unwrap();
            remove(&directory.path().join("missing/directory")).unwrap();
            let left: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert_eq!(left, [outside.as_path()]);
            assert!(outside.join("kept").exists());
        }

        #[test]
        fn a_removal_can_be_ended() {
            let directory = tempfile::tempdir().unwrap();
            let inside = directory.path().join("inside");
            fs::create_dir(&inside).unwrap();
            (0..10).for_each(|number| fs::write(inside.join(number.to_string()), "").unwrap());
            let calls = std::cell::Cell::new(0);
            let only = || calls.replace(calls.get() + 1) < 4;
            assert!(super::remove_while(&inside, &only).is_err());
            assert_eq!(fs::read_dir(&inside).unwrap().count(), 7);
        }

        #[test]
        fn deep_directories_are_removed() {
            let directory = tempfile::tempdir().unwrap();
            let mut deep = directory.path().join("inside");
            deep.extend(["x"; 500]);
            fs::create_dir_all(&deep).unwrap();
            fs::write(deep.join("file"), "").unwrap();
            fs::create_dir(directory.path().join("inside/moved-0")).unwrap();
            fs::write(directory.path().join("inside/moved-0/file"), "").unwrap();
            remove(&directory.path().join("inside")).unwrap();
            assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::fs;
    use std::io;
    use std::path::{Path, PathBuf};

    use crate::support::platform;

    /// Does the same, always to the end.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub fn remove_while(directory: &Path, _: &dyn Fn() -> bool) -> io::Result<()> {
        match fs::remove_dir_all(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                make_accessible(directory)?;
                fs::remove_dir_all(directory)
            }
            other => other,
        }
    }

    /// Restores the permissions of directories, so that they can be removed.
    fn make_accessible(directory: &Path) -> io::Result<()> {
        /// A directory with a longer path is moved up, before the paths in it are too long for the system.
        const LONGEST: usize = 2048;
        let mut left: Vec<PathBuf> = vec![directory.into()];
        let mut free =
            (0_u32..).map(|number| directory.join(format!("moved-{number}"))).filter(|path| !path.exists());
        while let Some(mut directory) = left.pop() {
            platform::make_accessible(&directory)?;
            if directory.as_os_str().len() > LONGEST
                && let Some(moved) = free.next()
            {
                fs::rename(&directory, &moved)?;
                directory = moved;
            }
            for entry in fs::read_dir(&directory)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    left.push(entry.path());
                }
            }
        }
        Ok(())
    }
}
