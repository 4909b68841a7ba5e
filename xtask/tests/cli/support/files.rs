//! Files, independent of a workspace.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The contents of a file, or of all files below a directory (hidden ones too), by their paths.
pub fn files_at(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    if !path.is_dir() {
        let contents = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return [(path.to_path_buf(), contents)].into();
    }
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(path).expect("the directory should be readable") {
        files.append(&mut files_at(&entry.expect("the directory should be readable").path()));
    }
    files
}

/// Makes a FIFO. The directory for it has to exist.
#[cfg(target_os = "linux")]
pub fn make_fifo(path: &Path) {
    use rustix::fs::{CWD, Mode, mkfifoat};

    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).expect("the FIFO should be made");
}
