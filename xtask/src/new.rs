//! `cargo xtask new NAME`: an example that builds, with a first case.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::example;
use crate::name;
use crate::stop::{Stop, exit};
use crate::terminal;
use crate::workspace::Workspace;

const MANIFEST: &str = r#"[package]
name = "{name}"
description = "What this example shows, in a phrase"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[lints]
workspace = true

# The section of DIVERGENCES.md in which it stands, such as "std::fs".
[package.metadata.parallax]
area = "Other"
"#;

const PROGRAM: &str = r#"//! What this program does, in one sentence; cases.toml says how it is called.

use std::env;

fn main() {
    for who in env::args().skip(1) {
        println!("Hello, {who}!");
    }
}
"#;

const CASES: &str = r#"#:schema ../../xtask/cases.schema.json
# Each table is a case: one way to call the program, one snapshot in snapshots/{name}/.

[first]
about = "One line for people: what this case shows"
args = ["world"]
# stdin = "what the program reads"
# peer = "a program in modules/ that listens; {port} in args is its port"
# env.NAME = "a variable of the host; a guest sees it only by a flag such as --env=NAME"

# Each of these is a row of the table: the same call with these flags of wasmtime.
# flags.dir-here = ["--dir=."]
"#;

/// Makes the example and says what to do next.
///
/// # Errors
/// If the name is none, or is taken.
pub fn new(workspace: &Workspace, name: &str) -> Result<u8> {
    if let Some(what) = name::package_fault(name) {
        return Err(Stop::error(exit::USAGE, format!("`{name}` cannot be the name of an example: {what}")));
    }
    let folder = workspace.examples().join(name);
    if let Some(taken) = taken(workspace, name)? {
        let taken = workspace.show(&taken);
        return Err(Stop::error(exit::USAGE, format!("{taken} is there already: choose another name")));
    }
    let write = |path: &Path, text: &str| {
        fs::write(path, text.replace("{name}", name))
            .with_context(|| format!("cannot write {}", path.display()))
    };
    fs::create_dir_all(folder.join("src")).with_context(|| format!("cannot make {}", folder.display()))?;
    write(&folder.join("Cargo.toml"), MANIFEST)?;
    write(&folder.join("src/main.rs"), PROGRAM)?;
    write(&folder.join("cases.toml"), CASES)?;
    let shown = workspace.show(&folder);
    terminal::print(&format!(
        "Made {shown}: src/main.rs is the program, cases.toml says how it is called.\n\
         Edit both, then see what it does on each target, and record it:\n\n    \
         cargo xtask test {name}/\n    \
         cargo xtask test {name}/ --accept\n"
    ))?;
    Ok(exit::OK)
}

/// The folder of the example or the module that has this name already: cargo wants each name once.
fn taken(workspace: &Workspace, name: &str) -> Result<Option<PathBuf>> {
    let own = workspace.examples().join(name);
    if own.exists() {
        return Ok(Some(own));
    }
    let modules = example::folders(&workspace.examples())?.into_iter().map(|example| example.join("modules"));
    Ok(modules.map(|modules| modules.join(name)).find(|module| module.exists()))
}
