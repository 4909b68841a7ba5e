//! The workspace of the installed program: it unpacks the catalogue that is built into it into the user's cache
//! directory, where it builds, too.

use std::fs::{self, OpenOptions};
use std::path::Path;

use anyhow::{Context, Result};

use crate::environment::Environment;
use crate::exit;
use crate::support::edition::CATALOGUE;
use crate::support::hash::fnv_1a;
use crate::support::pack::unpack;
use crate::support::removal;
use crate::workspace::Workspace;

/// Returns the workspace, and unpacks it first if it is not there yet. Each catalogue has a directory of its own, so
/// that several releases of the program can be used at once.
///
/// # Errors
/// If there is no cache directory, or it cannot be written to.
pub fn workspace(env: &Environment) -> Result<Workspace> {
    let cache = env.cache.as_ref().ok_or_else(|| {
        exit::error(exit::SET_UP, "no cache directory\nhelp: set HOME, or XDG_CACHE_HOME to an absolute path")
    })?;
    let home = cache.join("parallax");
    let root = home.join(format!("catalogue-{:016x}", fnv_1a(CATALOGUE)));
    if !is_unpacked(&root) {
        create(&home, &root, CATALOGUE)
            .with_context(|| format!("cannot unpack the catalogue into {}", root.display()))?;
    }
    Workspace::around(&root, Some(home.join("target")))
}

/// Whether a catalogue is there, and not an empty directory or a link to another one.
fn is_unpacked(root: &Path) -> bool {
    let is_directory = fs::symlink_metadata(root).is_ok_and(|metadata| metadata.is_dir());
    is_directory && fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some())
}

/// Unpacks a catalogue into the directory `root` in `home`, which is there as a whole or not at all.
fn create(home: &Path, root: &Path, catalogue: &[u8]) -> Result<()> {
    fs::create_dir_all(home)?;
    // Another process may be doing the same. The file may be a link to one of the user, so nothing is written to it, and
    // a FIFO that is opened for reading and writing does not block.
    let lock = home.join("catalogue.lock");
    let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(lock)?;
    lock.lock()?;
    if is_unpacked(root) {
        return Ok(());
    }
    // What is there was left by a process that was killed.
    let temporary = home.join("catalogue.tmp");
    removal::remove(&temporary)?;
    removal::remove(root)?;
    let unpacked = unpack(catalogue, &temporary).and_then(|()| fs::rename(&temporary, root));
    if unpacked.is_err() {
        // A full disk must not stay full because of this. The first error is the one to report.
        let _ = removal::remove(&temporary);
    }
    Ok(unpacked?)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_in_the_way_is_replaced_and_no_file_behind_a_link_is_changed() {
        use std::os::unix::fs::symlink;

        let cache = tempfile::tempdir().unwrap();
        let at = |name: &str| cache.path().join(name);
        fs::write(at("precious"), "kept").unwrap();
        fs::create_dir(at("other")).unwrap();
        fs::write(at("other/file"), "kept").unwrap();
        symlink(at("precious"), at("catalogue.lock")).unwrap();
        let unpack_over = |make: &dyn Fn()| {
            make();
            create(cache.path(), &at("catalogue-1"), b"f 1 3\naone").unwrap();
            assert_eq!(fs::read(at("catalogue-1/a")).unwrap(), b"one");
            fs::remove_dir_all(at("catalogue-1")).unwrap();
        };
        unpack_over(&|| fs::write(at("catalogue.tmp"), "").unwrap());
        unpack_over(&|| symlink("nowhere", at("catalogue.tmp")).unwrap());
        unpack_over(&|| fs::create_dir(at("catalogue-1")).unwrap());
        unpack_over(&|| symlink(at("other"), at("catalogue-1")).unwrap());
        assert_eq!(fs::read(at("precious")).unwrap(), b"kept");
        assert_eq!(fs::read(at("other/file")).unwrap(), b"kept");
        create(cache.path(), &at("catalogue-1"), b"f 1 1\nabf 9 1\nab").unwrap_err();
        assert!(!at("catalogue.tmp").exists(), "an error left files");
    }

    #[test]
    fn a_catalogue_is_unpacked_once_and_as_a_whole() {
        let cache = tempfile::tempdir().unwrap();
        let (home, root) = (cache.path().join("parallax"), cache.path().join("parallax/catalogue-1"));
        fs::create_dir_all(home.join("catalogue.tmp/left")).unwrap();
        let pack = (0..200).map(|number| format!("f 5 1\na/{number:03}x")).collect::<String>();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    create(&home, &root, pack.as_bytes()).unwrap();
                    assert_eq!(fs::read_dir(root.join("a")).unwrap().count(), 200);
                });
            }
        });
        assert!(!home.join("catalogue.tmp").exists() && !root.join("left").exists());
        fs::write(root.join("a/000"), "kept").unwrap();
        create(&home, &root, pack.as_bytes()).unwrap();
        assert_eq!(fs::read(root.join("a/000")).unwrap(), b"kept");
    }
}
