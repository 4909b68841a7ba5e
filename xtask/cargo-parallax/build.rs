//! Packs the files of the workspace that the catalogue is made of into one, which becomes a part of the program.
//! `../src/support/pack.rs` describes its format and unpacks it.

use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};

/// What is packed: the examples and their snapshots, and the packages that run some of them, with all manifests that
/// cargo wants to see in the workspace.
const PACKED: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "examples",
    "snapshots",
    "xtask/Cargo.toml",
    "xtask/build.rs",
    "xtask/src/main.rs",
    "xtask/compose",
    "xtask/layout",
    "xtask/cargo-parallax/Cargo.toml",
    "xtask/cargo-parallax/build.rs",
    "xtask/tests/alternatives.rs",
    "xtask/tests/modules/README.md",
];

fn main() -> Result<()> {
    let var = |name| std::env::var(name).expect("cargo sets the variables of build scripts");
    let root = Path::new(&var("CARGO_MANIFEST_DIR")).join("../..");
    let mut pack = Vec::new();
    for path in PACKED {
        add(&root, Path::new(path), &mut pack)?;
    }
    let file = PathBuf::from(var("OUT_DIR")).join("catalogue.pack");
    fs::write(&file, pack)?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=PARALLAX_HOST={}", var("TARGET"));
    println!("cargo::rustc-env=PARALLAX_COMMAND=cargo parallax");
    println!("cargo::rustc-env=PARALLAX_CATALOGUE={}", file.display());
    Ok(())
}

/// Adds a file, or all files below a directory, in the order of their names.
fn add(root: &Path, path: &Path, pack: &mut Vec<u8>) -> Result<()> {
    let at = root.join(path);
    let found = fs::symlink_metadata(&at)?;
    if found.is_dir() {
        let mut names = fs::read_dir(&at)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<Result<Vec<_>>>()?;
        names.sort();
        for name in names {
            let text = name.to_string_lossy();
            // Nobody keeps these: what is built, and what a run or an editor has left behind.
            let is_left =
                text == "target" || text.ends_with(".new") || text.ends_with(".tmp") || text.ends_with('~');
            if !is_left {
                add(root, &path.join(name), pack)?;
            }
        }
        return Ok(());
    }
    let name = path.to_string_lossy().replace('\\', "/");
    let (kind, contents) = match found.is_symlink() {
        true => ('l', fs::read_link(&at)?.to_string_lossy().into_owned().into_bytes()),
        false => {
            // Not for directories and links: cargo would follow each link below them, and one leads to `/`. A new example
            // is noticed nevertheless, because it changes Cargo.lock.
            println!("cargo::rerun-if-changed=../../{name}");
            (if is_executable(&found) { 'x' } else { 'f' }, fs::read(&at)?)
        }
    };
    pack.extend(format!("{kind} {} {}\n{name}", name.len(), contents.len()).bytes());
    pack.extend(contents);
    Ok(())
}

#[cfg(unix)]
fn is_executable(file: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}
