//! Discovery: the examples, as they stand in `examples/`. Nothing is registered anywhere else.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use toml::Spanned;

use crate::cases::{self, Case, Packages};
use crate::fault::{self, Fault};
use crate::fixture::Fixture;
use crate::name;
use crate::stop::{Stop, exit};
use crate::workspace::Workspace;

/// A package in `examples/`: one program, seen from several places.
#[derive(Debug)]
pub struct Example {
    /// The name of its folder, package, binary and snapshot folder.
    pub name: String,
    /// What it shows, in a phrase: the package's `description`.
    pub summary: Option<String>,
    /// The section of DIVERGENCES.md in which it stands.
    pub area: Option<String>,
    pub cases: Vec<Case>,
    /// Further packages of the same example, in `modules/`.
    pub modules: Vec<Module>,
    pub fixture: Fixture,
}

/// A further package of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    pub name: String,
    /// Whether it is a program (`src/main.rs`) and no library, whose file cargo names differently.
    pub is_program: bool,
}

/// The part of a `Cargo.toml` that makes it that of a package.
#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    /// A text, or a table that says that the workspace has it.
    description: Option<toml::Value>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
struct Metadata {
    parallax: Option<Labels>,
}

// This table is the harness's own, so that a misspelled key can be told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    area: Option<Spanned<String>>,
}

/// The keys of `[package.metadata.parallax]`, for suggestions.
const KEYS: &[&str] = &["area"];

/// What a package's folder and `Cargo.toml` say of it.
#[derive(Default)]
struct Described {
    name: String,
    summary: Option<String>,
    area: Option<String>,
}

/// Reads all examples, sorted by name.
///
/// # Errors
/// If anything in `examples/` is malformed: one error that lists it all, so that all can be mended
/// at once.
pub fn discover(workspace: &Workspace) -> Result<Vec<Example>> {
    let mut faults = Vec::new();
    let mut examples = Vec::new();
    for folder in folders(&workspace.examples())? {
        match read(workspace, &folder) {
            Ok(example) => examples.push(example),
            Err(error) => match error.downcast::<Stop>() {
                Ok(stop) => faults.push(stop.message),
                Err(error) => return Err(error),
            },
        }
    }
    if faults.is_empty() { Ok(examples) } else { Err(Stop::error(exit::USAGE, faults.join("\n\n"))) }
}

/// Reads one example, or gives a [`Stop`] that lists all that is wrong with it.
fn read(workspace: &Workspace, folder: &Path) -> Result<Example> {
    let mut faults = Vec::new();
    let Described { name, summary, area } = package(workspace, folder, &mut faults)?;
    misspelled_entries(workspace, folder, &mut faults)?;
    if !folder.join("src/main.rs").is_file() {
        faults.push(format!("{}: no src/main.rs: an example is a program", workspace.show(folder)));
    }
    let mut modules = Vec::new();
    let modules_dir = folder.join("modules");
    if modules_dir.is_dir() {
        for folder in folders(&modules_dir)? {
            let Described { name, .. } = package(workspace, &folder, &mut faults)?;
            modules.push(Module { name, is_program: folder.join("src/main.rs").is_file() });
        }
    }
    let fixture = Fixture::read(&folder.join("fixture"))?;
    let cases =
        read_cases(workspace, folder, &Packages { own: &name, modules: &modules }, &fixture, &mut faults)?;
    for (path, what) in fixture.unfit() {
        faults.push(format!("{}: {what}", workspace.show(&folder.join("fixture").join(path))));
    }
    if faults.is_empty() {
        Ok(Example { name, summary, area, cases, modules, fixture })
    } else {
        Err(Stop::error(exit::USAGE, faults.join("\n\n")))
    }
}

fn read_cases(
    workspace: &Workspace,
    folder: &Path,
    packages: &Packages<'_>,
    fixture: &Fixture,
    faults: &mut Vec<String>,
) -> Result<Vec<Case>> {
    let path = folder.join("cases.toml");
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![Case::default_case()]),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let Ok(text) = text else {
        faults.push(format!("{}: not UTF-8, as TOML must be", workspace.show(&path)));
        return Ok(Vec::new());
    };
    let (cases, found) = match cases::parse(&text, packages) {
        Ok(cases) => {
            let in_the_way = cases.iter().filter_map(|case| fixture.with_fifos(&case.fifos).err()).collect();
            (cases, in_the_way)
        }
        Err(found) => (Vec::new(), found),
    };
    if !found.is_empty() {
        faults.push(fault::draw(Path::new(&workspace.show(&path)), &text, &found));
    }
    Ok(cases)
}

/// The package in `folder`, whose name is the folder's.
fn package(workspace: &Workspace, folder: &Path, faults: &mut Vec<String>) -> Result<Described> {
    let shown = workspace.show(folder);
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(what) = name::package_fault(&name) {
        faults.push(format!("{shown}: not a name for a package: {what}"));
    }
    let manifest = folder.join("Cargo.toml");
    let text = match fs::read_to_string(&manifest) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            faults.push(format!(
                "{shown}: no Cargo.toml\n`cargo xtask new NAME` makes an example; otherwise remove the folder"
            ));
            return Ok(Described { name, ..Described::default() });
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", manifest.display())),
    };
    let drawn = |fault| fault::draw(Path::new(&workspace.show(&manifest)), &text, &[fault]);
    let package = match toml::from_str::<Manifest>(&text) {
        Ok(manifest) => manifest.package,
        Err(error) => {
            faults.push(drawn(Fault::of_toml(&text, &error, KEYS)));
            return Ok(Described { name, ..Described::default() });
        }
    };
    if package.as_ref().is_none_or(|package| package.name != name) {
        let named =
            package.as_ref().map_or("has no name".into(), |package| format!("is named `{}`", package.name));
        faults.push(format!(
            "{shown}: its package {named}; folder and package have one name: name = \"{name}\""
        ));
    }
    let Some(Package { description, metadata, .. }) = package else {
        return Ok(Described { name, ..Described::default() });
    };
    let summary = description.as_ref().and_then(toml::Value::as_str).map(String::from);
    let area = match metadata.parallax.and_then(|labels| labels.area).map(area).transpose() {
        Ok(area) => area,
        Err(fault) => {
            faults.push(drawn(fault));
            None
        }
    };
    Ok(Described { name, summary, area })
}

fn area(written: Spanned<String>) -> Result<String, Fault> {
    let what = match written.get_ref() {
        area if area.trim().is_empty() => "`area` is empty",
        area if area.contains(char::is_control) => "`area` is one line",
        area => return Ok(area.trim().into()),
    };
    Err(Fault::new(what, written.span()).help(
        "name a section of DIVERGENCES.md, such as \"std::fs\", or remove the line: then it is `Other`",
    ))
}

/// Files whose names are nearly those that mean something: they would silently mean nothing.
fn misspelled_entries(workspace: &Workspace, folder: &Path, faults: &mut Vec<String>) -> Result<()> {
    const KNOWN: [&str; 3] = ["cases.toml", "fixture", "modules"];
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?.file_name();
        let Some(entry) = entry.to_str() else { continue };
        if KNOWN.contains(&entry) {
            continue;
        }
        if let Some(meant) = name::suggest(entry, KNOWN) {
            faults.push(format!("{}/{entry}: did you mean `{meant}`?", workspace.show(folder)));
        }
    }
    Ok(())
}

/// The folders in `parent`, sorted; hidden ones are left out. Without `parent` there are none.
pub fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read {}", parent.display()))?,
    };
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry?;
        let hidden = OsStr::to_string_lossy(&entry.file_name()).starts_with('.');
        if entry.path().is_dir() && !hidden {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}
