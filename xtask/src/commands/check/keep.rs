//! `--keep NAME`: makes an example of a program that was checked.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::build::program::Program;
use crate::commands::check::manifest::{self, quoted};
use crate::commands::check::run::Checked;
use crate::commands::check::subject::{Origin, Subject};
use crate::commands::new;
use crate::discover::directory::{self, LARGEST_HELD};
use crate::discover::fixture;
use crate::exit;
use crate::model::case::{Case, DEFAULT_ROW, DEFAULT_TIMEOUT};
use crate::model::grant::Grant;
use crate::model::name;
use crate::support::edition::is_installed;
use crate::support::text_file;
use crate::workspace::Workspace;

/// Names in the directory of a package that are not part of its program.
const LEFT_OUT: [&str; 6] = ["Cargo.toml", "Cargo.lock", "target", "tests", "benches", "examples"];

/// Names that have a meaning in an example.
const OF_EXAMPLES: [&str; 3] = ["cases.toml", "fixture", "modules"];

/// An example that can be made: everything about it was checked.
pub struct Plan {
    name: String,
    /// The files to copy, by their paths in the package, and where they are.
    files: Vec<(PathBuf, PathBuf)>,
    manifest: String,
    /// What it was made of, as `reader 1.2.3`.
    title: String,
}

/// Checks that an example of this name can be made of a program.
///
/// # Errors
/// If it cannot; the message says why.
pub fn plan(workspace: &Workspace, name: &str, subject: &Subject, cases: &[Case]) -> Result<Plan> {
    let refuse =
        |why: String| exit::error(exit::USAGE, format!("cannot keep {} as an example: {why}", subject.name));
    if is_installed() {
        let help = "call cargo xtask check in a clone of Parallax";
        return Err(refuse(format!("the examples belong to a clone\nhelp: {help}")));
    }
    if let Some(what) = name::package_problem(name) {
        return Err(refuse(format!("`{name}` is not a valid name: {what}")));
    }
    if let Some(taken) = new::taken(workspace, name)? {
        return Err(refuse(format!(
            "{} already has this name\nhelp: choose another name",
            workspace.show(&taken)
        )));
    }
    let Origin::Package(program) = &subject.origin else {
        return Err(refuse("a finished program has no source".into()));
    };
    if !program.project.directory().join("src/main.rs").is_file() || !program.is_in("src/main.rs") {
        return Err(refuse("its program is not in src/main.rs, where an example has it".into()));
    }
    let manifest =
        manifest::write(name, &program.project.metadata, &program.project.features).map_err(refuse)?;
    for case in cases {
        if let Some((path, problem)) = fixture::unsupported(&case.fixture).next() {
            return Err(refuse(format!("{}: {problem}", path.display())));
        }
    }
    let mut files = Vec::new();
    collect(program, Path::new(""), &mut files).map_err(refuse)?;
    Ok(Plan { name: name.into(), files, manifest, title: subject.title.clone() })
}

/// Finds the files of a package, below a path in it.
fn collect(program: &Program, below: &Path, files: &mut Vec<(PathBuf, PathBuf)>) -> Result<(), String> {
    let directory = program.project.directory().join(below);
    let cannot = |error: std::io::Error| format!("cannot read {}: {error}", directory.display());
    for entry in fs::read_dir(&directory).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_top = below == Path::new("");
        if name.starts_with('.') || is_top && LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let (path, kind) = (below.join(entry.file_name()), entry.file_type().map_err(cannot)?);
        if is_top && OF_EXAMPLES.contains(&name.as_str()) {
            return Err(format!("it has `{name}`, which means something else in an example"));
        }
        if kind.is_dir() {
            // Other packages are not part of this one.
            if !entry.path().join("Cargo.toml").exists() {
                collect(program, &path, files)?;
            }
        } else if !kind.is_file() {
            return Err(format!("{} is a link or no regular file", path.display()));
        } else if entry.metadata().map_err(cannot)?.len() > LARGEST_HELD {
            return Err(format!("{} is larger than {LARGEST_HELD} bytes", path.display()));
        } else {
            files.push((path, entry.path()));
        }
    }
    Ok(())
}

impl Plan {
    /// Makes the example, with the cases as they were checked, and returns its directory. If `cases` is a file, that
    /// is copied.
    ///
    /// # Errors
    /// If a file cannot be copied or written. Then there is no example.
    pub fn make(&self, workspace: &Workspace, checked: &[Checked], cases: Option<&Path>) -> Result<PathBuf> {
        new::make(workspace, &self.name, |directory| self.write(directory, checked, cases))
    }

    fn write(&self, directory: &Path, checked: &[Checked], cases: Option<&Path>) -> Result<()> {
        for (path, from) in &self.files {
            let to = directory.join(path);
            fs::create_dir_all(to.parent().unwrap_or(directory))?;
            fs::copy(from, to)?;
        }
        fs::write(directory.join("Cargo.toml"), &self.manifest)?;
        let text = match cases {
            Some(file) => with_schema(&text_file::read_text(file)?),
            None => with_schema(&checked.iter().map(|one| case(&self.title, one)).collect::<String>()),
        };
        fs::write(directory.join("cases.toml"), text)?;
        if let Some(fixture) =
            checked.first().map(|one| &one.case.fixture).filter(|tree| !tree.entries.is_empty())
        {
            let directory = directory.join("fixture");
            fs::create_dir(&directory)?;
            directory::write(fixture, &directory, &|| Ok(()))?;
        }
        Ok(())
    }
}

/// Adds the line by which editors find the schema.
fn with_schema(text: &str) -> String {
    match text.starts_with("#:schema") {
        true => text.into(),
        false => format!("#:schema ../../xtask/cases.schema.json\n\n{text}"),
    }
}

/// Writes a case as it is in a `cases.toml`.
fn case(title: &str, checked: &Checked) -> String {
    let Case { name, args, stdin, env, rows, timeout, .. } = &checked.case;
    let list = |words: &[String]| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ");
    let mut text = format!("[{name}]\nabout = {}\n", quoted(&format!("{title} with these arguments")));
    // The row that helps on all targets is what a sensible user gives.
    let grants: Vec<_> = checked.answers.values().filter_map(|answer| answer.grant.as_ref()).collect();
    let common = grants.first().filter(|first| {
        **first != &Grant::default()
            && grants.len() == checked.answers.len()
            && grants.iter().all(|one| one == *first)
    });
    let baseline =
        common.and_then(|grant| rows.iter().find(|row| row.grant == **grant && row.flags.is_empty()));
    if let Some(row) = baseline {
        text.push_str(&format!("baseline = {}\n", quoted(&row.name)));
    }
    if !args.is_empty() {
        text.push_str(&format!("args = [{}]\n", list(args)));
    }
    if !stdin.is_empty() {
        text.push_str(&format!("stdin = {}\n", quoted(stdin)));
    }
    for (key, value) in env {
        text.push_str(&format!("env.{} = {}\n", quoted(key), quoted(value)));
    }
    if *timeout != DEFAULT_TIMEOUT {
        text.push_str(&format!("timeout = \"{}ms\"\n", timeout.as_millis()));
    }
    for row in rows.iter().filter(|row| row.name != DEFAULT_ROW) {
        if row.grant != Grant::default() {
            text.push_str(&format!("grant.{} = {{ {} }}\n", row.name, grant(&row.grant)));
        }
        if !row.flags.is_empty() {
            text.push_str(&format!("flags.{} = [{}]\n", row.name, list(&row.flags)));
        }
    }
    text
}

/// Writes what a row allows.
fn grant(grant: &Grant) -> String {
    let list = |words: Vec<String>| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ");
    let dirs = grant.dirs.iter().map(|dir| match &dir.guest {
        Some(guest) => format!("{}::{guest}", dir.host),
        None => dir.host.clone(),
    });
    let env = grant.env.iter().map(|variable| match &variable.value {
        Some(value) => format!("{}={value}", variable.name),
        None => variable.name.clone(),
    });
    let (dirs, env): (Vec<_>, Vec<_>) = (dirs.collect(), env.collect());
    let mut parts = Vec::new();
    if !dirs.is_empty() {
        parts.push(format!("dirs = [{}]", list(dirs)));
    }
    if !env.is_empty() {
        parts.push(format!("env = [{}]", list(env)));
    }
    if grant.network {
        parts.push("network = true".into());
    }
    parts.join(", ")
}
