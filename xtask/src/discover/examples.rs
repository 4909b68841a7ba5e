//! Finds and reads the examples in `examples/`. An example is not registered anywhere else.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use toml::Spanned;

use crate::diagnostic::{self, Diagnostic};
use crate::discover::cases;
use crate::discover::directory;
use crate::discover::fixture;
use crate::discover::packages::Packages;
use crate::exit;
use crate::model::case::Case;
use crate::model::example::{Example, Module};
use crate::model::name;
use crate::model::tree::Tree;
use crate::support::escape::is_hidden;
use crate::support::fields::fields;
use crate::support::suggest::suggest;
use crate::support::text_file;
use crate::workspace::Workspace;

/// The keys of a `Cargo.toml` that are read here.
struct Manifest {
    package: Option<Package>,
}

fields!(Manifest { required: [], optional: [package], unknown: Ignored });

struct Package {
    name: String,
    /// A string, or a table for a description that is inherited from the workspace.
    description: Option<toml::Value>,
    metadata: Metadata,
}

fields!(Package { required: [name], optional: [description, metadata], unknown: Ignored });

#[derive(Default)]
struct Metadata {
    parallax: Option<Labels>,
}

fields!(Metadata { required: [], optional: [parallax], unknown: Ignored });

// This table belongs to the harness, so an unknown key is an error.
struct Labels {
    area: Option<Spanned<String>>,
}

fields!(Labels { required: [], optional: [area], unknown: Denied });

/// What a package's directory and `Cargo.toml` say about it.
#[derive(Default)]
struct Described {
    name: String,
    summary: Option<String>,
    area: Option<String>,
}

/// Reads all examples, sorted by name.
///
/// # Errors
/// If anything in `examples/` is malformed or cannot be read. All malformed files are in one error, so that
/// the user can fix them at once.
pub fn discover(workspace: &Workspace) -> Result<Vec<Example>> {
    let mut diagnostics = Vec::new();
    let mut examples = Vec::new();
    for directory in directories(&workspace.examples())? {
        examples.push(read(workspace, &directory, &mut diagnostics)?);
    }
    if diagnostics.is_empty() { Ok(examples) } else { Err(exit::diagnostics(diagnostics.join("\n\n"))) }
}

/// Reads the example in `path`, and adds its errors to `diagnostics`.
fn read(workspace: &Workspace, path: &Path, diagnostics: &mut Vec<String>) -> Result<Example> {
    let Described { name, summary, area } = package(workspace, path, diagnostics)?;
    misspelled_entries(workspace, path, diagnostics)?;
    if !path.join("src/main.rs").is_file() {
        diagnostics.push(diagnostic::plain(&format!(
            "{}: no src/main.rs\nhelp: an example is a program, so create src/main.rs",
            workspace.show(path)
        )));
    }
    let mut modules = Vec::new();
    let modules_dir = path.join("modules");
    if modules_dir.is_dir() {
        for module in directories(&modules_dir)? {
            let Described { name, .. } = package(workspace, &module, diagnostics)?;
            modules.push(Module { name, is_program: module.join("src/main.rs").is_file() });
        }
    }
    let fixture = Arc::new(directory::read(&path.join("fixture"))?.with_modes_of_git());
    let cases =
        read_cases(workspace, path, &Packages { own: &name, modules: &modules }, &fixture, diagnostics)?;
    for (entry, problem) in fixture::unsupported(&fixture) {
        diagnostics.push(diagnostic::plain(&format!(
            "{}: {problem}",
            workspace.show(&path.join("fixture").join(entry))
        )));
    }
    Ok(Example { name, summary, area, cases, modules })
}

/// Reads the `cases.toml` in `example`. Without such a file, the example has the one case `default`.
fn read_cases(
    workspace: &Workspace,
    example: &Path,
    packages: &Packages<'_>,
    fixture: &Arc<Tree>,
    diagnostics: &mut Vec<String>,
) -> Result<Vec<Case>> {
    let path = example.join("cases.toml");
    let text = match text_file::read(&path) {
        Ok(bytes) => String::from_utf8(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(vec![Case { fixture: Arc::clone(fixture), ..Case::plain("default") }]);
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let Ok(text) = text else {
        diagnostics.push(diagnostic::plain(&format!(
            "{}: not valid UTF-8, which TOML requires",
            workspace.show(&path)
        )));
        return Ok(Vec::new());
    };
    let (cases, found) = match cases::parse(&text, packages, fixture) {
        Ok(cases) => (cases, Vec::new()),
        Err(found) => (Vec::new(), found),
    };
    if !found.is_empty() {
        diagnostics.push(diagnostic::draw(Path::new(&workspace.show(&path)), &text, &found));
    }
    Ok(cases)
}

/// Reads the package in `path`, which must have the same name as its directory.
fn package(workspace: &Workspace, path: &Path, diagnostics: &mut Vec<String>) -> Result<Described> {
    let shown = workspace.show(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(problem) = name::package_problem(&name) {
        diagnostics.push(diagnostic::plain(&format!("{shown}: invalid package name: {problem}")));
    }
    let manifest = path.join("Cargo.toml");
    let text = match text_file::read_text(&manifest) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            diagnostics.push(diagnostic::plain(&format!(
                "{shown}: no Cargo.toml\nhelp: remove the directory, or add what is missing; `cargo xtask new NAME` creates an example"
            )));
            return Ok(Described { name, ..Described::default() });
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", manifest.display())),
    };
    let drawn = |diagnostic| diagnostic::draw(Path::new(&workspace.show(&manifest)), &text, &[diagnostic]);
    let package = match toml::from_str::<Manifest>(&text) {
        Ok(manifest) => manifest.package,
        Err(error) => {
            diagnostics.push(drawn(Diagnostic::of_toml(&text, &error, Labels::KEYS)));
            return Ok(Described { name, ..Described::default() });
        }
    };
    if package.as_ref().is_none_or(|package| package.name != name) {
        let problem = match &package {
            Some(package) => {
                format!("the package is named `{}`, which is not the name of its directory", package.name)
            }
            None => "Cargo.toml has no `[package]`".into(),
        };
        diagnostics.push(diagnostic::plain(&format!(
            "{shown}: {problem}\nhelp: set `name = \"{name}\"` in `[package]`"
        )));
    }
    let Some(Package { description, metadata, .. }) = package else {
        return Ok(Described { name, ..Described::default() });
    };
    let summary = description.as_ref().and_then(toml::Value::as_str).map(String::from);
    let area = match metadata.parallax.and_then(|labels| labels.area).map(area).transpose() {
        Ok(area) => area,
        Err(diagnostic) => {
            diagnostics.push(drawn(diagnostic));
            None
        }
    };
    Ok(Described { name, summary, area })
}

/// Checks the `area` of an example, and returns it.
fn area(written: Spanned<String>) -> Result<String, Diagnostic> {
    let problem = match written.get_ref() {
        area if area.trim().is_empty() => "`area` is empty",
        area if area.contains(is_hidden) => "`area` is one line of visible text",
        area => return Ok(area.trim().into()),
    };
    Err(Diagnostic::new(problem, written.span()).help(
        "name a section of DIVERGENCES.md, such as \"std::fs\", or remove the key, which means `Other`",
    ))
}

/// Adds a diagnostic for each entry with a name that is similar to a known one, as it would be ignored
/// otherwise.
fn misspelled_entries(workspace: &Workspace, example: &Path, diagnostics: &mut Vec<String>) -> Result<()> {
    const KNOWN: [&str; 3] = ["cases.toml", "fixture", "modules"];
    for entry in fs::read_dir(example).with_context(|| format!("cannot read {}", example.display()))? {
        let entry = entry?.file_name();
        let Some(entry) = entry.to_str() else { continue };
        if KNOWN.contains(&entry) {
            continue;
        }
        if let Some(similar) = suggest(entry, KNOWN) {
            diagnostics.push(diagnostic::plain(&format!(
                "{}/{entry}: unknown name\nhelp: did you mean `{similar}`?",
                workspace.show(example)
            )));
        }
    }
    Ok(())
}

/// Returns the directories in `parent`, sorted by path, without hidden ones. If `parent` does not exist, there
/// are none.
///
/// # Errors
/// If `parent` cannot be read.
pub fn directories(parent: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read {}", parent.display()))?,
    };
    let mut directories = Vec::new();
    for entry in entries {
        let entry = entry?;
        let hidden = OsStr::to_string_lossy(&entry.file_name()).starts_with('.');
        if entry.path().is_dir() && !hidden {
            directories.push(entry.path());
        }
    }
    directories.sort();
    Ok(directories)
}
