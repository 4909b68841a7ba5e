//! Which cells run first to warm wasmtime's compilation cache.
//!
//! wasmtime compiles a module in the first cell that runs it, and caches the result. Cells of the same module
//! that start before the result is cached would compile it again. So one cell of each module that is not
//! cached yet runs before all others.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::build::artifacts::Files;
use crate::model::column::Unit;
use crate::workspace::Workspace;

/// Returns the wasm units that were built since the last run of all cells with this version of wasmtime.
/// wasmtime may not have compiled them yet.
pub fn not_yet(workspace: &Workspace, files: &Files) -> BTreeSet<Unit> {
    let ran = written(&marker(workspace));
    let is_new = |file: &Path| ran.is_none_or(|ran| written(file).is_none_or(|built| built >= ran));
    let of_wasm = files.iter().filter(|(unit, _)| unit.target.is_wasm());
    of_wasm.filter(|(_, file)| is_new(file)).map(|(unit, _)| unit.clone()).collect()
}

/// Records that all cells have run.
///
/// # Errors
/// If the record cannot be written.
pub fn remember(workspace: &Workspace) -> Result<()> {
    let marker = marker(workspace);
    fs::write(&marker, "").with_context(|| format!("cannot write {}", marker.display()))
}

/// The path of a file. Its modification time is that of the last run of all cells.
fn marker(workspace: &Workspace) -> PathBuf {
    workspace.own_dir().join(format!("compiled-by-{}", workspace.wasmtime))
}

fn written(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::column::Column;
    use crate::model::target::Target;

    #[test]
    fn a_unit_that_was_built_since_the_last_run_is_not_compiled_yet() {
        let directory = tempfile::tempdir().unwrap();
        let (target_dir, wasmtime) = (directory.path().join("target"), "48.0.8".parse().unwrap());
        let columns = Column::all_pinned();
        let mut workspace = Workspace {
            root: directory.path().into(),
            target_dir,
            wasmtime,
            rust: None,
            columns,
            checksums: std::collections::BTreeMap::new(),
            areas: Vec::new(),
            profile: toml::Table::new(),
        };
        fs::create_dir_all(workspace.own_dir()).unwrap();
        let built = |name: &str, target| {
            let file = directory.path().join(name);
            fs::write(&file, "").unwrap();
            let before = SystemTime::now() - Duration::from_secs(60);
            fs::File::options().write(true).open(&file).unwrap().set_modified(before).unwrap();
            (Column::pinned(target).unit(name), file)
        };
        let files = Files::from([built("native", Target::Native), built("wasm", Target::Wasip1)]);
        let wasm = Column::pinned(Target::Wasip1).unit("wasm");

        assert_eq!(not_yet(&workspace, &files), BTreeSet::from([wasm.clone()]));
        remember(&workspace).unwrap();
        assert_eq!(not_yet(&workspace, &files), BTreeSet::new());
        fs::write(&files[&wasm], "").unwrap();
        assert_eq!(not_yet(&workspace, &files), BTreeSet::from([wasm.clone()]));
        remember(&workspace).unwrap();
        workspace.wasmtime = "48.0.9".parse().unwrap();
        assert_eq!(not_yet(&workspace, &files), BTreeSet::from([wasm]));
    }
}
