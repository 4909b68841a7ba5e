//! The workspace: its directories, the wasmtime version that it pins, and its columns.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::exit;
use crate::model::column::{Column, Toolchain};
use crate::model::version::Version;
use crate::support::fields::fields;
use crate::support::text_file;

/// The workspace in which a command runs.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The directory of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Where cargo builds.
    pub target_dir: PathBuf,
    /// The wasmtime of the pinned columns.
    pub wasmtime: Version,
    /// The SHA-256 checksums of release archives of wasmtime by platform, such as `x86_64-linux`, in lowercase.
    pub checksums: BTreeMap<String, String>,
    /// The columns of every table.
    pub columns: Vec<Column>,
    /// The Rust of the pinned columns. If the workspace does not pin one, it is the one that runs the
    /// harness.
    pub rust: Option<Version>,
    /// The directories of its packages that its `Cargo.toml` names one by one: those of the harness. The others are
    /// examples and their modules.
    pub members: Vec<String>,
    /// The areas of examples whose sections are first on the page, in this order.
    pub areas: Vec<String>,
    /// What the workspace's `Cargo.toml` sets in the profile of the examples.
    pub profile: toml::Table,
}

impl Workspace {
    /// Finds the workspace that contains the directory `start`. cargo builds in `target_dir`, which may be
    /// relative to the root, or else in `target`.
    ///
    /// # Errors
    /// If there is no workspace, or if its `Cargo.toml` does not pin a suitable wasmtime.
    pub fn around(start: &Path, target_dir: Option<PathBuf>) -> Result<Workspace> {
        for directory in start.ancestors() {
            let manifest = directory.join("Cargo.toml");
            let text = match text_file::read_text(&manifest) {
                Ok(text) => text,
                Err(error) if [ErrorKind::InvalidInput, ErrorKind::FileTooLarge].contains(&error.kind()) => {
                    return Err(exit::error(
                        exit::USAGE,
                        format!("cannot read {}: {error}", manifest.display()),
                    ));
                }
                Err(_) => continue,
            };
            let parsed: Manifest =
                toml::from_str(&text).with_context(|| format!("cannot read {}", manifest.display()))?;
            if let Some(table) = parsed.workspace {
                let target_dir = directory.join(target_dir.unwrap_or_else(|| "target".into()));
                let is_pattern = |member: &String| member.contains(['*', '?', '[']);
                let members = table.members.iter().filter(|member| !is_pattern(member)).cloned().collect();
                let pins = pins(&manifest, table)?;
                let (wasmtime, rust, columns) = versions(&manifest, &pins)?;
                let checksums = checksums(&manifest, &pins)?;
                let root = directory.to_path_buf();
                return Ok(Workspace {
                    root,
                    target_dir,
                    wasmtime,
                    rust,
                    checksums,
                    columns,
                    members,
                    areas: pins.areas,
                    profile: parsed.profile.example,
                });
            }
        }
        let message = format!(
            "cannot find a Cargo.toml with `[workspace]` in {} or any parent directory\n\
             help: run this command in a clone of Parallax",
            start.display()
        );
        Err(exit::error(exit::USAGE, message))
    }

    /// Returns the release of a toolchain, if the workspace names one.
    pub fn release(&self, toolchain: Toolchain) -> Option<Version> {
        match toolchain {
            Toolchain::Pinned => self.rust,
            Toolchain::Rust(version) => Some(version),
        }
    }

    /// The directory of the examples.
    pub fn examples(&self) -> PathBuf {
        self.root.join("examples")
    }

    /// The directory of the snapshots.
    pub fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    /// The harness's own directory within the target directory, with wasmtime's compilation cache.
    pub fn own_dir(&self) -> PathBuf {
        self.target_dir.join("parallax")
    }

    /// The path as messages show it: relative to the root if it is below the root, and on one line.
    pub fn show(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string().replace('\n', "\\n")
    }
}

/// The part of a workspace's `Cargo.toml` that the harness reads.
struct Manifest {
    workspace: Option<WorkspaceTable>,
    profile: Profiles,
}

fields!(Manifest { required: [], optional: [workspace, profile], unknown: Ignored });

#[derive(Default)]
struct Profiles {
    example: toml::Table,
}

fields!(Profiles { required: [], optional: [example], unknown: Ignored });

struct WorkspaceTable {
    metadata: Metadata,
    members: Vec<String>,
}

fields!(WorkspaceTable { required: [], optional: [metadata, members], unknown: Ignored });

#[derive(Default)]
struct Metadata {
    parallax: Option<Pins>,
}

fields!(Metadata { required: [], optional: [parallax], unknown: Ignored });

struct Pins {
    wasmtime: String,
    rust: Option<String>,
    /// The names of the columns. If they are not given, the workspace has the pinned columns.
    columns: Option<Vec<String>>,
    areas: Vec<String>,
    checksums: BTreeMap<String, String>,
}

fields!(Pins { required: [wasmtime], optional: [rust, columns, areas, checksums], unknown: Ignored });

/// The harness's own table in the workspace's `Cargo.toml`.
fn pins(manifest: &Path, table: WorkspaceTable) -> Result<Pins> {
    table.metadata.parallax.ok_or_else(|| {
        let message = format!("no {}\nhelp: add wasmtime = \"48.0.8\"", place(manifest, "wasmtime"));
        exit::error(exit::USAGE, message)
    })
}

/// A key of that table, for messages.
fn place(manifest: &Path, key: &str) -> String {
    format!("`{key}` in [workspace.metadata.parallax] of {}", manifest.display())
}

/// Reads the checksums of wasmtime's release archives.
fn checksums(manifest: &Path, pins: &Pins) -> Result<BTreeMap<String, String>> {
    let read = |(platform, sum): (&String, &String)| {
        if sum.len() != 64 || !sum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let place = place(manifest, &format!("checksums.{platform}"));
            let message = format!("{place}: not a SHA-256 checksum of 64 hexadecimal digits: {sum:?}");
            return Err(exit::error(exit::USAGE, message));
        }
        Ok((platform.clone(), sum.to_ascii_lowercase()))
    };
    pins.checksums.iter().map(read).collect()
}

/// Reads the wasmtime version that the workspace pins, and its columns.
fn versions(manifest: &Path, pins: &Pins) -> Result<(Version, Option<Version>, Vec<Column>)> {
    let malformed =
        |key: &str, what: String| exit::error(exit::USAGE, format!("{}: {what}", place(manifest, key)));
    let version: Version = pins.wasmtime.parse().map_err(|what| malformed("wasmtime", what))?;
    if !version.is_fixed() {
        let message = format!(
            "{} is {version}, which lets links lead out of a sandbox (RUSTSEC-2026-0269)\n\
             help: pin 24.0.13, 36.0.14, 46.0.3, 47.0.4 or a later release of these lines",
            place(manifest, "wasmtime")
        );
        return Err(exit::error(exit::SET_UP, message));
    }
    let rust = pins.rust.as_ref().map(|rust| rust.parse()).transpose();
    let rust: Option<Version> = rust.map_err(|what| malformed("rust", what))?;
    let Some(names) = &pins.columns else { return Ok((version, rust, Column::all_pinned())) };
    let mut columns: Vec<Column> = Vec::new();
    for name in names {
        let column: Column = name.parse().map_err(|what| malformed("columns", what))?;
        if columns.contains(&column) {
            return Err(malformed("columns", format!("`{name}` is listed twice")));
        }
        columns.push(column);
    }
    for pinned in Column::all_pinned() {
        if !columns.contains(&pinned) {
            let message = format!("`{pinned}` is missing: every table has the pinned columns");
            return Err(malformed("columns", message));
        }
    }
    Ok((version, rust, columns))
}
