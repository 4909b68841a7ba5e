//! The program to check: built from a package, or files that the user names.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::build::cargo::Built;
use crate::build::foreign::{self, Wasm};
use crate::cli::CheckArgs;
use crate::exit;
use crate::model::column::Column;
use crate::model::target::Target;
use crate::provision::toolchain::Toolchains;
use crate::session::{Session, probe};
use crate::support::terminal::say;

/// A program to check: its name, what it is, and its file for each target or why there is none.
pub struct Subject {
    pub name: String,
    pub title: String,
    /// The directory of its package, if it was compiled from one.
    pub source: Option<PathBuf>,
    pub args: Vec<String>,
    pub built: Built,
    pub targets: Vec<Target>,
}

/// Compiles the program, or takes the files that the user names.
pub fn subject(
    session: &Session<'_>,
    toolchains: &Toolchains,
    args: &CheckArgs,
    targets: &[Target],
) -> Result<Subject> {
    let choice = &args.choice;
    if args.wasm.is_empty() {
        let program = foreign::find(session.tool_context(), toolchains, choice)?;
        say(&format!("Building {} for {}", program.name, names(targets)));
        let mut results = Vec::new();
        for target in targets {
            let built = foreign::build(session.tool_context(), toolchains, &program, *target);
            session.end_if_interrupted();
            let built = built?;
            if let (Target::Native, Err(failure)) = (target, &built) {
                let message =
                    format!("{} does not compile natively:\n{}", program.name, failure.rendered.trim_end());
                return Err(exit::error(exit::HARNESS, message));
            }
            results.push((Column::pinned(*target).unit(&program.name), built));
        }
        let source = if choice.path.is_dir() { Some(choice.path.clone()) } else { None };
        return Ok(Subject {
            title: program.package.clone(),
            name: program.name,
            source,
            args: args.args.clone(),
            built: probe::built(results),
            targets: targets.to_vec(),
        });
    }
    let native = args.native.clone().context("--wasm without --native")?;
    let name = native.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut results = vec![(Target::Native, fs::canonicalize(&native))];
    for file in &args.wasm {
        let target = match foreign::recognize(file)? {
            Wasm::Module => Target::Wasip1,
            Wasm::Component => Target::Wasip2,
        };
        results.push((target, fs::canonicalize(file)));
    }
    let mut built = Vec::new();
    let mut targets = Vec::new();
    for (target, file) in results {
        let file =
            file.map_err(|error| exit::error(exit::USAGE, format!("cannot read a program: {error}")))?;
        built.push((Column::pinned(target).unit(&name), Ok(file)));
        targets.push(target);
    }
    targets.sort();
    Ok(Subject {
        title: name.clone(),
        name,
        source: None,
        args: args.args.clone(),
        built: probe::built(built),
        targets,
    })
}

/// Returns the names of targets, for a sentence.
pub fn names(targets: &[Target]) -> String {
    targets.iter().map(|target| target.name()).collect::<Vec<_>>().join(", ")
}
