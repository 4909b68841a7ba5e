//! What wasmtime has compiled already, as far as the files tell.
//!
//! It compiles a module in the first cell that runs it, and keeps that. But cells of one module that
//! begin before that is done compile it again, each by itself: on two cores a first run of all cells
//! took 50 s like that, and 22 s otherwise. So who has to compile begins first, once for each module.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::build::Unit;
use crate::call::Files;
use crate::workspace::Workspace;

/// The units that were built since the last run of all cells with this wasmtime.
pub fn not_yet(workspace: &Workspace, files: &Files) -> BTreeSet<Unit> {
    let ran = written(&marker(workspace));
    let is_new = |file: &Path| ran.is_none_or(|ran| written(file).is_none_or(|built| built >= ran));
    let of_wasm = files.iter().filter(|((_, target), _)| target.is_wasm());
    of_wasm.filter(|(_, file)| is_new(file)).map(|(unit, _)| unit.clone()).collect()
}

/// Remembers that all cells have run.
pub fn remember(workspace: &Workspace) -> Result<()> {
    let marker = marker(workspace);
    fs::write(&marker, "").with_context(|| format!("cannot write {}", marker.display()))
}

/// A file as old as the last run of all cells.
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
    use crate::target::Target;

    #[test]
    fn what_was_built_since_is_not_compiled_yet() {
        let folder = tempfile::tempdir().unwrap();
        let (target_dir, wasmtime) = (folder.path().join("target"), "48.0.8".parse().unwrap());
        let mut workspace = Workspace { root: folder.path().into(), target_dir, wasmtime };
        fs::create_dir_all(workspace.own_dir()).unwrap();
        let built = |name: &str, target| {
            let file = folder.path().join(name);
            fs::write(&file, "").unwrap();
            let before = SystemTime::now() - Duration::from_secs(60);
            fs::File::options().write(true).open(&file).unwrap().set_modified(before).unwrap();
            ((name.to_string(), target), file)
        };
        let files = Files::from([built("native", Target::NATIVE), built("wasm", Target::WASIP1)]);
        let wasm = ("wasm".to_string(), Target::WASIP1);

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
