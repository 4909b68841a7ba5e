//! `cargo xtask new NAME`: creates an example that builds, with a first case.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::discover::examples;
use crate::discover::template;
use crate::exit;
use crate::model::name;
use crate::support::terminal;
use crate::workspace::Workspace;

const MANIFEST: &str = r#"[package]
name = "{name}"
description = "{description}"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[lints]
workspace = true

# The section of DIVERGENCES.md that lists this example, such as "std::fs", or "Other".
[package.metadata.parallax]
area = "{area}"
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
# Each table is a case: one way to call the program, with one snapshot in snapshots/{name}/.
# What all cases have in common can be in a table `[defaults]`; what a case says itself wins.

[first]
about = "{about}"
args = ["world"]
# stdin = "what the program reads"
# peer = "a program in modules/ that listens; {port} in args is its port"
# env.NAME = "a variable of the host; a guest sees it only if a row passes it on"

# Each of these is a row of the snapshot's table: the same call, with what the guest is allowed, or with
# flags of wasmtime, verbatim.
# grant.dir-here = { dirs = ["."] }
# flags.fuel = ["-W", "fuel=100000"]
"#;

/// Creates the example, prints what to do next, and returns the exit code.
///
/// # Errors
/// If the name is not valid or already exists, or if a file cannot be written.
pub fn new(workspace: &Workspace, name: &str) -> Result<u8> {
    if let Some(what) = name::package_problem(name) {
        return Err(exit::error(exit::USAGE, format!("`{name}` is not a valid name for an example: {what}")));
    }
    let directory = workspace.examples().join(name);
    if let Some(taken) = taken(workspace, name)? {
        let taken = workspace.show(&taken);
        return Err(exit::error(exit::USAGE, format!("{taken} already exists\nhelp: choose another name")));
    }
    let write = |path: &Path, text: &str| {
        let texts = [
            ("{name}", name),
            ("{description}", template::DESCRIPTION),
            ("{area}", template::AREA),
            ("{about}", template::ABOUT),
        ];
        let text = texts.iter().fold(text.to_string(), |text, (key, with)| text.replace(key, with));
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    fs::create_dir_all(directory.join("src"))
        .with_context(|| format!("cannot create {}", directory.display()))?;
    write(&directory.join("Cargo.toml"), MANIFEST)?;
    write(&directory.join("src/main.rs"), PROGRAM)?;
    write(&directory.join("cases.toml"), CASES)?;
    let shown = workspace.show(&directory);
    terminal::print(&format!(
        "Created {shown}: src/main.rs is the program, and cases.toml says how it is called.\n\
         Edit both, and `description` and `area` in Cargo.toml. Then look at what it does on each target,\n\
         record it, and run what CI checks of it:\n\n    \
         cargo xtask test {name}/\n    \
         cargo xtask test {name}/ --accept\n    \
         cargo xtask ci {name}\n"
    ))?;
    Ok(exit::OK)
}

/// Returns the directory of an example or module that already has this name, if there is one: cargo requires each
/// package name to be unique.
///
/// # Errors
/// If the examples cannot be listed.
pub fn taken(workspace: &Workspace, name: &str) -> Result<Option<PathBuf>> {
    let own = workspace.examples().join(name);
    if own.exists() {
        return Ok(Some(own));
    }
    let modules =
        examples::directories(&workspace.examples())?.into_iter().map(|example| example.join("modules"));
    Ok(modules.map(|modules| modules.join(name)).find(|module| module.exists()))
}
