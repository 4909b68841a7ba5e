//! `cargo xtask new NAME`: creates an example that builds, with a first case.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::discover::examples;
use crate::discover::template;
use crate::exit;
use crate::model::name;
use crate::support::removal::remove;
use crate::support::terminal;
use crate::support::text_file;
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
    if let Some(taken) = taken(workspace, name)? {
        let taken = workspace.show(&taken);
        return Err(exit::error(
            exit::USAGE,
            format!("{taken} already has this name\nhelp: choose another name"),
        ));
    }
    let directory = make(workspace, name, |directory| {
        let write = |path: &str, text: &str| {
            let texts = [
                ("{name}", name),
                ("{description}", template::DESCRIPTION),
                ("{area}", template::AREA),
                ("{about}", template::ABOUT),
            ];
            let text = texts.iter().fold(text.to_string(), |text, (key, with)| text.replace(key, with));
            fs::write(directory.join(path), text)
        };
        fs::create_dir(directory.join("src"))?;
        write("Cargo.toml", MANIFEST)?;
        write("src/main.rs", PROGRAM)?;
        Ok(write("cases.toml", CASES)?)
    })?;
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

/// Makes an example, whose files `write` writes into the directory that it is given, and returns its directory. Without
/// its `Cargo.toml`, cargo could not read the workspace, so there is the whole example or none.
///
/// # Errors
/// Those of `write`, or if the example cannot be put in its place. Then there is none.
pub fn make(workspace: &Workspace, name: &str, write: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let example = workspace.examples().join(name);
    // Not below `examples`, where cargo would see it before it is complete.
    let temporary = workspace.root.join(format!(".{name}.tmp"));
    let make = || {
        // What is there was left by a process that was killed.
        remove(&temporary)?;
        fs::create_dir(&temporary)?;
        write(&temporary)?;
        fs::create_dir_all(workspace.examples())?;
        Ok(fs::rename(&temporary, &example)?)
    };
    let made: Result<()> = make();
    if made.is_err() {
        // The error that is returned says more than one of this.
        let _ = remove(&temporary);
    }
    made.with_context(|| format!("cannot write {}", example.display()))?;
    Ok(example)
}

/// Returns the directory of the package that already has this name, if there is one: cargo requires each package name
/// in a workspace to be unique.
///
/// # Errors
/// If the examples cannot be listed.
pub fn taken(workspace: &Workspace, name: &str) -> Result<Option<PathBuf>> {
    let own = workspace.examples().join(name);
    if fs::symlink_metadata(&own).is_ok() {
        return Ok(Some(own));
    }
    let modules =
        examples::directories(&workspace.examples())?.into_iter().map(|example| example.join("modules"));
    let mut modules = modules.map(|modules| modules.join(name));
    let mut members = workspace.members.iter().map(|member| workspace.root.join(member));
    Ok(modules.find(|module| module.exists()).or_else(|| members.find(|member| has_name(member, name))))
}

/// Whether the package in this directory has this name.
fn has_name(package: &Path, name: &str) -> bool {
    let manifest = text_file::read_text(&package.join("Cargo.toml")).unwrap_or_default();
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    manifest.get("package").and_then(|package| package.get("name")?.as_str()) == Some(name)
}
