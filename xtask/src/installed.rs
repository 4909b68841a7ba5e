//! The workspace of the installed program: it unpacks the catalogue that is built into it into the user's cache
//! directory, where it builds, too.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};

use crate::environment::Environment;
use crate::exit;
use crate::support::edition::CATALOGUE;
use crate::support::hash::fnv_1a;
use crate::support::pack::unpack;
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
    if !root.is_dir() {
        create(&home, &root, CATALOGUE)
            .with_context(|| format!("cannot unpack the catalogue into {}", root.display()))?;
    }
    Workspace::around(&root, Some(home.join("target")))
}

/// Unpacks a catalogue into the directory `root` in `home`, which is there as a whole or not at all.
fn create(home: &Path, root: &Path, catalogue: &[u8]) -> Result<()> {
    fs::create_dir_all(home)?;
    // Another process may be doing the same.
    let lock = File::create(home.join("catalogue.lock"))?;
    lock.lock()?;
    if root.is_dir() {
        return Ok(());
    }
    // What is there was left by a process that was killed.
    let temporary = home.join("catalogue.tmp");
    if temporary.exists() {
        fs::remove_dir_all(&temporary)?;
    }
    unpack(catalogue, &temporary)?;
    fs::rename(&temporary, root)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

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
