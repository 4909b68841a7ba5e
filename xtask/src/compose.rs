//! Composing: a program with components plugged into it, made by a tool of its own.
//!
//! The tool is another package, in `compose/`: it is compiled by the first run of a case that
//! composes, and not by every first run of the harness. What was composed is kept beside the
//! examples' artifacts with a record of what it was made of, and made again only if that has changed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::build::{self, Cargo};
use crate::call::{self, Files};
use crate::cell::Cell;
use crate::scratch;
use crate::stop::{Stop, exit};
use crate::text::count;
use crate::workspace::Workspace;

/// The package of the tool, and its program.
const PACKAGE: &str = "parallax-compose";
const PROGRAM: &str = "compose";
const MANIFEST: &str = "xtask/compose/Cargo.toml";

/// What the tool is made of: if that changes, what it made is made again.
const SOURCES: [&str; 3] = ["xtask/compose/src/main.rs", MANIFEST, "Cargo.lock"];

/// The exit code of the tool for components that do not fit each other; the reason is on stderr.
const DO_NOT_FIT: i32 = 1;

/// Why the components of a cell do not fit each other, by its id.
pub type Misfits = BTreeMap<String, String>;

/// What became of components: composed, or a reason why they do not fit each other.
type Verdict = Result<(), String>;

/// The file that a cell runs: `built`, its program as cargo has built it, or the one that is
/// composed of it.
pub fn program(cell: &Cell<'_>, built: &Path) -> PathBuf {
    match cell.flag_set.compose.is_empty() {
        true => built.to_path_buf(),
        false => folder(cell, built).join(file_name(&cell.example.name)),
    }
}

/// The folder of all that is composed for a cell. Names have no dots, so no two cells share one.
fn folder(cell: &Cell<'_>, built: &Path) -> PathBuf {
    let Cell { example, case, flag_set, .. } = cell;
    built.with_file_name("composed").join(format!("{}.{}.{}", example.name, case.name, flag_set.name))
}

fn file_name(package: &str) -> String {
    format!("{package}.wasm")
}

/// The file in a cell's folder that says what stands there: what it was made of, and below that why
/// nothing could be made of it.
const RECORD: &str = "made-of.txt";

/// How the last line of a record of components that do not fit begins.
const MISFIT: &str = "does not compose: ";

/// What is to be composed for a cell.
struct Task<'a> {
    cell: &'a Cell<'a>,
    folder: PathBuf,
    /// What the record says of the parts.
    parts: String,
}

/// Composes what `cells` need, as far as it is not there yet, and gives what does not fit. Cells
/// whose packages are not all among `files` are left out: they do not build.
///
/// # Errors
/// If the tool cannot be built or run. That components do not fit each other is no error.
pub fn all(
    sh: &Shell,
    cargo: Cargo<'_>,
    workspace: &Workspace,
    cells: &[Cell<'_>],
    files: &Files,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Misfits> {
    let composing = |cell: &&Cell<'_>| {
        !cell.flag_set.compose.is_empty() && call::needs(cell).iter().all(|unit| files.contains_key(unit))
    };
    let composing: Vec<_> = cells.iter().filter(composing).collect();
    let mut misfits = Misfits::new();
    if composing.is_empty() {
        return Ok(misfits);
    }
    let of_tool = SOURCES.map(|path| Ok(format!("{path} {}\n", state(&workspace.root.join(path))?)));
    let of_tool = of_tool.into_iter().collect::<Result<String>>()?;
    let mut tasks = Vec::new();
    for cell in composing {
        let task = task(cell, files, &of_tool)?;
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
    let tool = tool(sh, cargo, workspace, say)?;
    say(&format!("Composing the components of {}", count(tasks.len(), "cell")));
    for task in tasks {
        if cargo.interrupt.signal().is_some() {
            break;
        }
        if let Err(reason) = compose(sh, &tool, &task, files)? {
            misfits.insert(task.cell.id(), reason);
        }
    }
    Ok(misfits)
}

fn task<'a>(cell: &'a Cell<'a>, files: &Files, of_tool: &str) -> Result<Task<'a>> {
    let own = &cell.example.name;
    let mut parts = format!("{}\n", cell.flag_set.compose.draw(own));
    for unit in call::needs(cell).iter().filter(|(package, _)| cell.flag_set.compose.has(package)) {
        parts.push_str(&format!("{} {}\n", unit.0, state(&files[unit])?));
    }
    parts.push_str(of_tool);
    Ok(Task { cell, folder: folder(cell, &files[&(own.clone(), cell.target)]), parts })
}

/// What changes when a file is written anew: its length, and when that was.
fn state(file: &Path) -> Result<String> {
    let cannot = || format!("cannot look at {}", file.display());
    let metadata = match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok("absent".into()),
        other => other.with_context(cannot)?,
    };
    // A time before 1970 is a state, too.
    let written = match metadata.modified().with_context(cannot)?.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos().to_string(),
        Err(before) => format!("-{}", before.duration().as_nanos()),
    };
    Ok(format!("{} {written}", metadata.len()))
}

/// What the record says became of the task, if it was made of these parts and is still there.
fn recorded(task: &Task<'_>) -> Result<Option<Verdict>> {
    let record = task.folder.join(RECORD);
    let is_there = || task.folder.join(file_name(&task.cell.example.name)).is_file();
    match fs::read_to_string(&record) {
        Ok(text) => Ok(read_record(&text, &task.parts).filter(|verdict| verdict.is_err() || is_there())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", record.display())),
    }
}

fn draw_record(parts: &str, verdict: &Verdict) -> String {
    match verdict {
        Ok(()) => parts.to_string(),
        Err(reason) => format!("{parts}{MISFIT}{reason}\n"),
    }
}

fn read_record(text: &str, parts: &str) -> Option<Verdict> {
    match text.strip_prefix(parts)? {
        "" => Some(Ok(())),
        misfit => Some(Err(misfit.strip_prefix(MISFIT)?.strip_suffix('\n')?.to_string())),
    }
}

/// The tool, built anew if its sources have changed.
fn tool(sh: &Shell, cargo: Cargo<'_>, workspace: &Workspace, say: &(dyn Fn(&str) + Sync)) -> Result<PathBuf> {
    let manifest = workspace.root.join(MANIFEST);
    if !manifest.is_file() {
        let message = format!(
            "no {MANIFEST} in {}: the tool that composes components is missing\n\
             mend it: take the folder from the repository of Parallax, or remove `compose` from the cases",
            workspace.root.display()
        );
        return Err(Stop::error(exit::SET_UP, message));
    }
    if !build::expected_tool(workspace, PROGRAM).exists() {
        say("Building the tool that composes components, some 20 s, once");
    }
    build::tool(sh, cargo, workspace, PACKAGE, say)
}

/// Composes all that a task asks for, each component after those that are plugged into it, and
/// records what became of it. It is made in a folder beside the right one and then moved there.
fn compose(sh: &Shell, tool: &Path, task: &Task<'_>, files: &Files) -> Result<Verdict> {
    let Task { cell, folder, parts } = task;
    let mut new = folder.clone().into_os_string();
    new.push(".new");
    let new = Path::new(&new);
    let composition = &cell.flag_set.compose;
    let built = |package: &str| &files[&(package.to_string(), cell.target)];
    let composed = |package: &str| new.join(file_name(package));
    let cannot = || format!("cannot write {}", folder.display());

    scratch::remove(new).and_then(|()| fs::create_dir_all(new)).with_context(cannot)?;
    let mut verdict = Ok(());
    for (socket, plugs) in composition.order(&cell.example.name) {
        let plugs = plugs.iter().map(|plug| match composition.is_socket(plug) {
            true => named(plug, &composed(plug)),
            false => named(plug, built(plug)),
        });
        let components = [named(socket, built(socket))].into_iter().chain(plugs);
        verdict = step(sh, tool, &composed(socket), components)
            .with_context(|| format!("cannot compose {socket} for {}", cell.id()))?;
        if verdict.is_err() {
            break;
        }
    }
    fs::write(new.join(RECORD), draw_record(parts, &verdict))
        .and_then(|()| scratch::remove(folder))
        .and_then(|()| fs::rename(new, folder))
        .with_context(cannot)?;
    Ok(verdict)
}

/// A component as the tool is told of it: `NAME=FILE`.
fn named(package: &str, file: &Path) -> OsString {
    let mut named = OsString::from(format!("{package}="));
    named.push(file);
    named
}

/// Calls the tool once: the first of `components` is the socket.
fn step(sh: &Shell, tool: &Path, out: &Path, components: impl Iterator<Item = OsString>) -> Result<Verdict> {
    let output = cmd!(sh, "{tool} {out} {components...}").quiet().ignore_status().output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => Ok(Ok(())),
        Some(DO_NOT_FIT) => Ok(Err(said.trim_end().replace('\n', " "))),
        _ => Err(Stop::error(exit::HARNESS, format!("{}: {}", output.status, said.trim_end()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let parts = "cat ← dog\ncat 7 1\ndog 8 2\n";
        for verdict in [Ok(()), Err("`dog` exports nothing".to_string())] {
            let record = draw_record(parts, &verdict);
            assert_eq!(read_record(&record, parts), Some(verdict));
            assert_eq!(read_record(&record, "cat ← dog\ncat 7 1\ndog 8 3\n"), None);
            assert_eq!(read_record(&record, ""), None);
        }
        assert_eq!(read_record(&format!("{parts}{MISFIT}cut"), parts), None);
    }

    #[test]
    fn states() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        assert_eq!(state(&file).unwrap(), "absent");
        fs::write(&file, "one").unwrap();
        let before = state(&file).unwrap();
        assert_eq!(state(&file).unwrap(), before);
        fs::write(&file, "three").unwrap();
        assert_ne!(state(&file).unwrap(), before);
    }
}
