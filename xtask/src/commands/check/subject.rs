//! The program to check: built from a package, or files that the user names.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::build::artifacts::Files;
use crate::build::cargo::Built;
use crate::build::message::Failure;
use crate::build::program::{self, Program, Wasm};
use crate::build::relink::Variant;
use crate::cli::CheckArgs;
use crate::exit;
use crate::model::column::{Column, Unit};
use crate::model::target::Target;
use crate::provision::toolchain::Toolchains;
use crate::session::{Session, probe};
use crate::support::terminal::say;
use crate::support::text_file;

/// A program to check.
pub struct Subject {
    pub name: String,
    /// What it is, as in `sd 1.0.0`.
    pub title: String,
    /// The targets for which there is a program, or can be one. The first is native.
    pub targets: Vec<Target>,
    pub origin: Origin,
}

/// Where a program comes from.
pub enum Origin {
    Package(Box<Program>),
    /// Its file for each target.
    Files(Vec<(Target, PathBuf)>),
}

/// Finds the program that the user means. With `wanted`, only for these targets.
///
/// # Errors
/// If there is no such program, or a file is none.
pub fn find(
    session: &Session<'_>,
    toolchains: &Toolchains,
    args: &CheckArgs,
    wanted: &[Target],
) -> Result<Subject> {
    if args.wasm.is_empty() {
        let program = program::find(session.tool_context(), toolchains, &args.choice, wanted)?;
        return Ok(Subject {
            name: program.name.clone(),
            title: program.project.package.clone(),
            targets: wanted.to_vec(),
            origin: Origin::Package(Box::new(program)),
        });
    }
    let native = args.native.clone().context("--wasm without --native")?;
    let name = native.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut files = vec![(Target::Native, native)];
    for file in &args.wasm {
        let target = match program::recognize(file)? {
            Wasm::Module => Target::Wasip1,
            Wasm::Component => Target::Wasip2,
        };
        if files.iter().any(|(known, _)| *known == target) {
            let message = format!("two programs for {target}: {} is the second one", file.display());
            return Err(exit::error(exit::USAGE, message));
        }
        files.push((target, file.clone()));
    }
    for (_, file) in &mut files {
        *file = text_file::check(file)
            .and_then(|_| fs::canonicalize(&file))
            .map_err(|error| exit::error(exit::USAGE, format!("cannot read {}: {error}", file.display())))?;
    }
    files.retain(|(target, _)| wanted.contains(target));
    files.sort();
    if files.len() < 2 {
        let message = format!("no program for {}\nhelp: name one with --wasm", names(&wanted[1..]));
        return Err(exit::error(exit::USAGE, message));
    }
    let targets = files.iter().map(|(target, _)| *target).collect();
    Ok(Subject { title: name.clone(), name, targets, origin: Origin::Files(files) })
}

/// Compiles the program, unless it consists of files already. Returns what was built, and why it does not compile for
/// which wasm targets.
///
/// # Errors
/// If it does not compile natively, or if cargo itself fails. That it does not compile for another target is a
/// result.
pub fn build(session: &Session<'_>, subject: &Subject) -> Result<(Built, Vec<(Target, Failure)>)> {
    let unit = |target| Column::pinned(target).unit(&subject.name);
    let program = match &subject.origin {
        Origin::Files(files) => {
            let built = files.iter().map(|(target, file)| (unit(*target), Ok(file.clone())));
            return Ok((probe::built(built), Vec::new()));
        }
        Origin::Package(program) => program,
    };
    let profile = program.profile();
    say(&format!("Building {} for {} in the profile {profile}", subject.name, names(&subject.targets)));
    let (mut results, mut failures, mut crates) = (Vec::new(), Vec::new(), BTreeSet::new());
    for target in &subject.targets {
        let built = program::build(session.tool_context(), program, *target);
        session.end_if_interrupted();
        let file = match built? {
            Ok(compiled) => {
                crates.extend(compiled.crates.into_iter().filter(|_| target.is_wasm()));
                Ok(compiled.file)
            }
            Err(all) if *target == Target::Native => {
                let texts: Vec<_> = all.iter().map(|failure| failure.rendered.trim_end()).collect();
                let message = format!("{} does not compile natively:\n{}", subject.name, texts.join("\n"));
                return Err(exit::error(exit::HARNESS, message));
            }
            Err(all) => {
                let first = all[0].clone();
                failures.extend(all.into_iter().map(|failure| (*target, failure)));
                Err(first)
            }
        };
        results.push((unit(*target), file));
    }
    Ok((Built { crates, ..probe::built(results) }, failures))
}

/// Links the program in another way for the targets of `units`. Files that are already compiled cannot be.
///
/// # Errors
/// If cargo itself fails.
pub fn relink(
    session: &Session<'_>,
    subject: &Subject,
    units: &BTreeSet<Unit>,
    variant: Variant,
) -> Result<Files> {
    let Origin::Package(program) = &subject.origin else { return Ok(Files::new()) };
    let mut files = Files::new();
    for unit in units {
        let file = program::relink(session.tool_context(), program, unit.target, variant)?;
        files.extend(file.map(|file| (unit.clone(), file)));
    }
    Ok(files)
}

/// Returns the names of targets, for a sentence.
pub fn names(targets: &[Target]) -> String {
    targets.iter().map(|target| target.name()).collect::<Vec<_>>().join(", ")
}
