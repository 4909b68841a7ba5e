//! Where things are: the workspace, its folders, and the wasmtime version that it pins.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::stop::{Stop, exit};
use crate::version::Version;

/// The workspace that a command works on.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub root: PathBuf,
    /// Where cargo builds.
    pub target_dir: PathBuf,
    /// The wasmtime that the snapshots speak of.
    pub wasmtime: Version,
}

impl Workspace {
    /// The workspace around the folder `start`. `target_dir` is what the user chose, if anything.
    ///
    /// # Errors
    /// If there is none, or its `Cargo.toml` pins no fit wasmtime.
    pub fn around(start: &Path, target_dir: Option<PathBuf>) -> Result<Workspace> {
        for folder in start.ancestors() {
            let manifest = folder.join("Cargo.toml");
            let Ok(text) = fs::read_to_string(&manifest) else { continue };
            let parsed: Manifest =
                toml::from_str(&text).with_context(|| format!("cannot read {}", manifest.display()))?;
            if let Some(table) = parsed.workspace {
                let target_dir = folder.join(target_dir.unwrap_or_else(|| "target".into()));
                return Ok(Workspace {
                    root: folder.to_path_buf(),
                    target_dir,
                    wasmtime: pinned(&manifest, table)?,
                });
            }
        }
        let message = format!(
            "{} is not inside a workspace of Parallax: no Cargo.toml with `[workspace]` above it",
            start.display()
        );
        Err(Stop::error(exit::USAGE, message))
    }

    pub fn examples(&self) -> PathBuf {
        self.root.join("examples")
    }

    pub fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    /// The harness's own folder below cargo's, with wasmtime's compilation cache.
    pub fn own_dir(&self) -> PathBuf {
        self.target_dir.join("parallax")
    }

    /// A path as people read it: from the root, if it is below it.
    pub fn show(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// The part of a `Cargo.toml` that makes it that of a workspace.
#[derive(Deserialize)]
struct Manifest {
    workspace: Option<WorkspaceTable>,
}

#[derive(Deserialize)]
struct WorkspaceTable {
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
struct Metadata {
    parallax: Option<Pins>,
}

#[derive(Deserialize)]
struct Pins {
    wasmtime: String,
}

fn pinned(manifest: &Path, table: WorkspaceTable) -> Result<Version> {
    let place = format!("`wasmtime` in [workspace.metadata.parallax] of {}", manifest.display());
    let Some(pins) = table.metadata.parallax else {
        return Err(Stop::error(exit::USAGE, format!("no {place}\nadd: wasmtime = \"48.0.8\"")));
    };
    let version: Version =
        pins.wasmtime.parse().map_err(|error| Stop::error(exit::USAGE, format!("{place}: {error}")))?;
    if !version.is_fixed() {
        let message = format!(
            "{place} is {version}, which lets links lead out of a sandbox (RUSTSEC-2026-0269)\n\
             pin 24.0.13, 36.0.14, 46.0.3, 47.0.4 or a later release of these lines"
        );
        return Err(Stop::error(exit::SET_UP, message));
    }
    Ok(version)
}
