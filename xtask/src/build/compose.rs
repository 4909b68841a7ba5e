//! Composes components: creates a program with other components plugged into it.
//!
//! A tool does this, which is a package of its own in `compose/`, so that only runs of cases that compose
//! compile it and its dependencies. Composed components are kept beside the artifacts of the examples, each
//! with a record of its inputs, and are composed again only if an input has changed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::build::artifacts::Files;
use crate::build::cargo;
use crate::exit;
use crate::model::cell::Cell;
use crate::model::needs;
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::Toolchains;
use crate::support::escape::count;
use crate::support::removal::remove;
use crate::support::terminal::say;

/// The package of the tool, its program and its manifest.
const PACKAGE: &str = "parallax-compose";
const PROGRAM: &str = "compose";
const MANIFEST: &str = "xtask/compose/Cargo.toml";

/// The sources of the tool. If one of them changes, everything is composed again.
const SOURCES: [&str; 3] = ["xtask/compose/src/main.rs", MANIFEST, "Cargo.lock"];

/// The exit code of the tool for components that do not fit together; stderr has the reason.
const DO_NOT_FIT: i32 = 1;

/// Why components do not fit together, by the id of the cell that composes them.
pub type Misfits = BTreeMap<String, String>;

/// The result of composing: `Err` is the reason why the components do not fit together.
type Composed = Result<(), String>;

/// Returns the file that a cell runs: `built`, its program as cargo built it, or the component that is
/// composed of this program and others.
pub fn program(cell: &Cell<'_>, built: &Path) -> PathBuf {
    match cell.row.compose.is_empty() {
        true => built.to_path_buf(),
        false => directory(cell, built).join(file_name(&cell.example.name)),
    }
}

/// The directory for everything that is composed for a cell. Names contain no dots, so no two cells share
/// a directory.
fn directory(cell: &Cell<'_>, built: &Path) -> PathBuf {
    let Cell { example, case, row, .. } = cell;
    built.with_file_name("composed").join(format!("{}.{}.{}", example.name, case.name, row.name))
}

fn file_name(package: &str) -> String {
    format!("{package}.wasm")
}

/// The name of the record in a cell's directory. It lists the inputs from which the directory was created
/// and, if they do not fit together, the reason as its last line.
const RECORD: &str = "made-of.txt";

/// The beginning of the last line of a record about components that do not fit together.
const MISFIT: &str = "does not compose: ";

/// A cell for which components are to be composed.
struct Task<'a> {
    cell: &'a Cell<'a>,
    directory: PathBuf,
    /// The inputs as the record lists them.
    inputs: String,
}

/// Composes the components that `cells` need, unless they are up to date. Returns those that do not fit
/// together. A cell is skipped if one of its packages is not in `files`, as that package does not build.
///
/// # Errors
/// If the tool cannot be built or run, or a file cannot be read or written. Components that do not fit
/// together are not an error.
pub fn all(
    sh: &Shell,
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    cells: &[Cell<'_>],
    files: &Files,
) -> Result<Misfits> {
    let composing = |cell: &&Cell<'_>| {
        !cell.row.compose.is_empty() && needs::units(cell).iter().all(|unit| files.contains_key(unit))
    };
    let composing: Vec<_> = cells.iter().filter(composing).collect();
    let mut misfits = Misfits::new();
    if composing.is_empty() {
        return Ok(misfits);
    }
    let sources = SOURCES.map(|path| Ok(format!("{path} {}\n", state(&context.workspace.root.join(path))?)));
    let sources = sources.into_iter().collect::<Result<String>>()?;
    let mut tasks = Vec::new();
    for cell in composing {
        let task = task(cell, files, &sources)?;
        match recorded(&task)? {
            Some(Ok(())) => {}
            Some(Err(reason)) => {
                misfits.insert(cell.id(), reason);
            }
            None => tasks.push(task),
        }
    }
    if tasks.is_empty() {
        return Ok(misfits);
    }
    let tool = tool(context, toolchains)?;
    say(&format!("Composing the components of {}", count(tasks.len(), "cell")));
    for task in tasks {
        if context.interrupt.signal().is_some() {
            break;
        }
        if let Err(reason) = compose(sh, &tool, &task, files)? {
            misfits.insert(task.cell.id(), reason);
        }
    }
    Ok(misfits)
}

/// The task of a cell. `sources` describes the state of the tool's sources.
fn task<'a>(cell: &'a Cell<'a>, files: &Files, sources: &str) -> Result<Task<'a>> {
    let own = &cell.example.name;
    let mut inputs = format!("{}\n", cell.row.compose.draw(own));
    for unit in needs::units(cell).iter().filter(|unit| cell.row.compose.has(&unit.package)) {
        inputs.push_str(&format!("{} {}\n", unit.package, state(&files[unit])?));
    }
    inputs.push_str(sources);
    Ok(Task { cell, directory: directory(cell, &files[&cell.unit()]), inputs })
}

/// The length and modification time of a file, which change when it is written again.
fn state(file: &Path) -> Result<String> {
    let cannot = || format!("cannot read the metadata of {}", file.display());
    let metadata = match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok("absent".into()),
        other => other.with_context(cannot)?,
    };
    // The time may be before 1970.
    let written = match metadata.modified().with_context(cannot)?.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos().to_string(),
        Err(before) => format!("-{}", before.duration().as_nanos()),
    };
    Ok(format!("{} {written}", metadata.len()))
}

/// Returns the recorded result of a task, or `None` if the task is to be done: because its inputs have
/// changed since, or its output is missing.
fn recorded(task: &Task<'_>) -> Result<Option<Composed>> {
    let record = task.directory.join(RECORD);
    let exists = || task.directory.join(file_name(&task.cell.example.name)).is_file();
    match fs::read_to_string(&record) {
        Ok(text) => Ok(read_record(&text, &task.inputs).filter(|composed| composed.is_err() || exists())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", record.display())),
    }
}

fn draw_record(inputs: &str, composed: &Composed) -> String {
    match composed {
        Ok(()) => inputs.to_string(),
        Err(reason) => format!("{inputs}{MISFIT}{reason}\n"),
    }
}

/// Reads a record, or returns `None` if it is damaged or has other inputs.
fn read_record(text: &str, inputs: &str) -> Option<Composed> {
    match text.strip_prefix(inputs)? {
        "" => Some(Ok(())),
        misfit => Some(Err(misfit.strip_prefix(MISFIT)?.strip_suffix('\n')?.to_string())),
    }
}

/// Returns the path of the tool, which is built again if its sources have changed.
fn tool(context: ToolContext<'_>, toolchains: &Toolchains) -> Result<PathBuf> {
    let workspace = context.workspace;
    let manifest = workspace.root.join(MANIFEST);
    if !manifest.is_file() {
        let message = format!(
            "no {MANIFEST} in {}: the tool that composes components is missing\n\
             help: copy that directory from the repository of Parallax, or remove `compose` from the cases",
            workspace.root.display()
        );
        return Err(exit::error(exit::SET_UP, message));
    }
    if !cargo::expected_tool(workspace, PROGRAM).exists() {
        say("Building the tool that composes components, which takes some seconds and is done once");
    }
    cargo::tool(context, toolchains, PACKAGE)
}

/// Does a task: composes each component after those that are plugged into it, and records the result. All
/// files are created in a temporary directory, which then replaces the cell's directory.
fn compose(sh: &Shell, tool: &Path, task: &Task<'_>, files: &Files) -> Result<Composed> {
    let Task { cell, directory, inputs } = task;
    let mut new = directory.clone().into_os_string();
    new.push(".new");
    let new = Path::new(&new);
    let composition = &cell.row.compose;
    let built = |package: &str| &files[&cell.column.unit(package)];
    let output = |package: &str| new.join(file_name(package));
    let cannot = || format!("cannot write {}", directory.display());

    remove(new).and_then(|()| fs::create_dir_all(new)).with_context(cannot)?;
    let mut composed = Ok(());
    for (socket, plugs) in composition.order(&cell.example.name) {
        let plugs = plugs.iter().map(|plug| match composition.is_socket(plug) {
            true => named(plug, &output(plug)),
            false => named(plug, built(plug)),
        });
        let components = [named(socket, built(socket))].into_iter().chain(plugs);
        composed = step(sh, tool, &output(socket), components)
            .with_context(|| format!("cannot compose {socket} for {}", cell.id()))?;
        if composed.is_err() {
            break;
        }
    }
    fs::write(new.join(RECORD), draw_record(inputs, &composed))
        .and_then(|()| remove(directory))
        .and_then(|()| fs::rename(new, directory))
        .with_context(cannot)?;
    Ok(composed)
}

/// A component as an argument of the tool: `NAME=FILE`.
fn named(package: &str, file: &Path) -> OsString {
    let mut named = OsString::from(format!("{package}="));
    named.push(file);
    named
}

/// Calls the tool, which writes `out`. The first of `components` is the socket, the others are its plugs.
fn step(sh: &Shell, tool: &Path, out: &Path, components: impl Iterator<Item = OsString>) -> Result<Composed> {
    let components: Vec<_> = components.collect();
    let call = || {
        let components = &components;
        cmd!(sh, "{tool} {out} {components...}").quiet().ignore_status().output()
    };
    let mut output = call()?;
    // A tool that was killed has not decided anything.
    if output.status.code().is_none() {
        output = call()?;
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => Ok(Ok(())),
        Some(DO_NOT_FIT) => Ok(Err(stderr.trim_end().replace('\n', " "))),
        _ => Err(exit::error(exit::HARNESS, format!("{}: {}", output.status, stderr.trim_end()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let inputs = "cat ← dog\ncat 7 1\ndog 8 2\n";
        for composed in [Ok(()), Err("`dog` exports nothing".to_string())] {
            let record = draw_record(inputs, &composed);
            assert_eq!(read_record(&record, inputs), Some(composed));
            assert_eq!(read_record(&record, "cat ← dog\ncat 7 1\ndog 8 3\n"), None);
            assert_eq!(read_record(&record, ""), None);
        }
        assert_eq!(read_record(&format!("{inputs}{MISFIT}cut"), inputs), None);
    }

    #[test]
    fn states() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        assert_eq!(state(&file).unwrap(), "absent");
        fs::write(&file, "one").unwrap();
        let before = state(&file).unwrap();
        assert_eq!(state(&file).unwrap(), before);
        fs::write(&file, "three").unwrap();
        assert_ne!(state(&file).unwrap(), before);
    }
}
