//! `cargo xtask layout`: draws where modules lie in the memories that they share, before any of them
//! runs. Also the warnings of `cargo xtask test` about modules that will overlap.
//!
//! A separate package in `xtask/layout` reads the modules and draws them, so that only the runs that
//! need it compile its dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

use crate::build::artifacts::Files;
use crate::build::cargo;
use crate::cli::{LayoutArgs, LayoutFormat};
use crate::discover::examples;
use crate::environment::Environment;
use crate::exit;
use crate::host::wasmtime;
use crate::model::cell::{self, Cell};
use crate::model::column::Column;
use crate::model::needs;
use crate::model::target::Target;
use crate::provision::toolchain::Toolchains;
use crate::run::invocation;
use crate::session::Session;
use crate::support::suggest::suggest;
use crate::support::terminal::{self, say};
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// The only target whose modules can share a memory: components cannot.
const TARGET: Target = Target::Wasip1;

/// The package of the tool.
const PACKAGE: &str = "parallax-layout";
/// The name of its program.
const PROGRAM: &str = "layout";
/// Its manifest, relative to the root of the workspace.
const MANIFEST: &str = "xtask/layout/Cargo.toml";

/// What to draw: the modules of a row, or files.
#[derive(Debug)]
struct Subject {
    title: String,
    /// The name and file of each instance, in the order of instantiation.
    modules: Vec<(String, PathBuf)>,
}

/// The tool's answer for one subject. `xtask/layout/src/main.rs` describes it.
#[derive(Debug)]
enum Reply {
    Drawn { text: String, overlaps: Vec<String> },
    UnknownMemory,
    Unreadable { module: usize, why: String },
    Malformed { module: usize, why: String },
}

impl Reply {
    /// Reads a line of the tool's output. Returns `None` if it is no reply.
    fn parse(line: &str) -> Option<Reply> {
        let line: Value = serde_json::from_str(line).ok()?;
        let (kind, reply) = line.as_object()?.iter().next()?;
        let text = |key| Some(reply.get(key)?.as_str()?.to_string());
        let module = || reply.get("module")?.as_u64()?.try_into().ok();
        Some(match kind.as_str() {
            "drawn" => {
                let overlaps = reply.get("overlaps")?.as_array()?.iter();
                let overlaps = overlaps.map(|overlap| Some(overlap.as_str()?.to_string()));
                Reply::Drawn { text: text("text")?, overlaps: overlaps.collect::<Option<_>>()? }
            }
            "unknown_memory" => Reply::UnknownMemory,
            "unreadable" => Reply::Unreadable { module: module()?, why: text("why")? },
            "malformed" => Reply::Malformed { module: module()?, why: text("why")? },
            _ => return None,
        })
    }
}

/// Runs the command, and returns the exit code, which says whether anything overlaps.
///
/// # Errors
/// If `args` names neither files nor a row on wasip1, if the modules of an example share nothing, if a module does not
/// build or cannot be read, or if the tool cannot be built or run.
pub fn layout(workspace: &Workspace, env: &Environment, args: &LayoutArgs) -> Result<u8> {
    let is_file = |what: &String| Path::new(file_of(what).1).is_file();
    match args.what.iter().any(is_file) {
        true => of_files(workspace, env, args),
        false => of_rows(workspace, env, args),
    }
}

/// Parses `a.wasm` or `name=a.wasm`. Returns the name of the instance, and the file.
fn file_of(what: &str) -> (&str, &str) {
    match what.split_once('=') {
        Some((name, file)) => (name, file),
        None => (Path::new(what).file_stem().and_then(|stem| stem.to_str()).unwrap_or(what), what),
    }
}

/// Draws the files that `args` names.
fn of_files(workspace: &Workspace, env: &Environment, args: &LayoutArgs) -> Result<u8> {
    let session = Session::open(workspace, env, false, Progress::of(env, false))?;
    let toolchains = session.provision_toolchains(&[])?;
    let modules = args.what.iter().map(|what| file_of(what)).map(|(name, file)| (name.into(), file.into()));
    let subject = Subject { title: args.what.join(", "), modules: modules.collect() };
    draw(&session, &toolchains, args, &[subject], |_, file, fault| match fault {
        Fault::Unreadable(why) => anyhow!("cannot read {}: {why}", file.display()),
        Fault::Malformed(why) => exit::error(exit::USAGE, format!("{}: {why}", file.display())),
    })
}

/// Builds the modules of the rows that `args` names, and draws them.
fn of_rows(workspace: &Workspace, env: &Environment, args: &LayoutArgs) -> Result<u8> {
    let [what] = args.what.as_slice() else {
        let message = format!(
            "none of these is a file: {}\nhelp: pass files of modules, or one EXAMPLE[/CASE[/ROW]]",
            args.what.join(" ")
        );
        return Err(exit::error(exit::USAGE, message));
    };
    if args.format == LayoutFormat::Svg && what.split('/').count() < 3 {
        let message =
            format!("`{what}` is not a row, but a picture shows one row\nhelp: pass EXAMPLE/CASE/ROW");
        return Err(exit::error(exit::USAGE, message));
    }
    let examples = examples::discover(workspace)?;
    let is_meant = |cell: &Cell<'_>| format!("{}/", cell.row_id()).starts_with(&format!("{what}/"));
    let columns = [Column::pinned(TARGET)];
    let all = cell::all(&examples, &columns);
    let cells: Vec<_> = all.iter().copied().filter(is_meant).collect();
    let Some(first) = cells.first() else {
        let ids: BTreeSet<_> =
            all.iter().flat_map(|cell| [cell.example.name.clone(), cell.case_id(), cell.row_id()]).collect();
        let meant = suggest(what, ids.iter().map(String::as_str));
        let hint = match meant {
            Some(meant) => format!("\nhelp: did you mean `{meant}`?"),
            None => format!("\nhelp: {}", sharing(&all)),
        };
        let message = format!(
            "`{what}` is neither a file nor an EXAMPLE[/CASE[/ROW]] with a column {TARGET} (components do not \
             share memories){hint}"
        );
        return Err(exit::error(exit::NOTHING_MATCHED, message));
    };
    // All rows of an example are drawn only if their modules share something; a row that is named always is.
    let is_row = what.trim_end_matches('/').split('/').count() > 2;
    let is_drawn = |cell: &&Cell<'_>| is_row || args.format != LayoutFormat::Human || has_preloads(cell);
    let cells: Vec<_> = cells.iter().filter(is_drawn).collect();
    if cells.is_empty() {
        let message = format!(
            "no row of `{what}` has modules that share a memory: none has `{}`\nhelp: {}\n\
             help: to draw the memory of a single module, name a row: {}",
            wasmtime::PRELOAD_FLAG,
            sharing(&all),
            first.row_id()
        );
        return Err(exit::error(exit::NOTHING_MATCHED, message));
    }
    let session = Session::open(workspace, env, false, Progress::of(env, false))?;
    let toolchains = session.provision_toolchains(&columns)?;
    let units = needs::packages(first.example).map(|package| columns[0].unit(package));
    let built = session.build(&toolchains, &units.collect())?;
    let files = built.files();
    let failed = |id: &str, why: String| {
        let errors = built.failures().map(|(_, failure)| format!("\n{}", failure.rendered));
        exit::error(exit::HARNESS, format!("{id}: {why}{}", errors.collect::<String>()))
    };
    let subject = |cell: &Cell<'_>| subject(workspace, cell, &files).map_err(|why| failed(&cell.id(), why));
    let subjects = cells.iter().map(|cell| subject(cell)).collect::<Result<Vec<_>>>()?;
    draw(&session, &toolchains, args, &subjects, |subject, file, fault| match fault {
        Fault::Unreadable(why) if file.is_file() => anyhow!("cannot read {}: {why}", file.display()),
        Fault::Unreadable(_) => failed(&subject.title, format!("there is no {}", workspace.show(file))),
        Fault::Malformed(why) => failed(&subject.title, format!("{}: {why}", workspace.show(file))),
    })
}

/// Whether the row of a cell instantiates modules that can share a memory with the program.
fn has_preloads(cell: &Cell<'_>) -> bool {
    !wasmtime::preloads(&cell.row.flags).is_empty()
}

/// Names the examples with modules that can share a memory.
fn sharing(all: &[Cell<'_>]) -> String {
    let sharing = all.iter().filter(|cell| has_preloads(cell)).map(|cell| cell.example.name.as_str());
    match sharing.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>() {
        names if names.is_empty() => "no example has modules that share a memory".into(),
        names => format!("examples with modules that share a memory: {}", names.join(", ")),
    }
}

/// The modules that wasmtime would instantiate for a cell, in that order.
///
/// # Errors
/// If one of them does not build: a message that says so.
fn subject(workspace: &Workspace, cell: &Cell<'_>, files: &Files) -> Result<Subject, String> {
    let fixture = workspace.examples().join(&cell.example.name).join("fixture");
    if let Some(unit) = needs::units(cell).iter().find(|unit| !files.contains_key(*unit)) {
        return Err(format!("{} does not build for {TARGET}", unit.package));
    }
    let flags = invocation::flags(cell, wasmtime::flags(cell.row), &fixture, files);
    let program = (cell.example.name.clone(), files[&cell.unit()].clone());
    let preloads = wasmtime::preloads(&flags);
    let preloads = preloads.into_iter().map(|(name, file)| (name, fixture.join(file)));
    Ok(Subject { title: cell.id(), modules: preloads.chain([program]).collect() })
}

/// Why the tool cannot use a file.
enum Fault {
    Unreadable(String),
    Malformed(String),
}

/// Prints the drawings of all subjects and returns the exit code. `error` describes a file that
/// cannot be used; then nothing is printed.
fn draw(
    session: &Session<'_>,
    toolchains: &Toolchains,
    args: &LayoutArgs,
    subjects: &[Subject],
    error: impl Fn(&Subject, &Path, Fault) -> anyhow::Error,
) -> Result<u8> {
    let format = match args.format {
        LayoutFormat::Human => "human",
        LayoutFormat::Json => "json",
        LayoutFormat::Svg => "svg",
    };
    let replies = ask(session, toolchains, format, args.memory.as_deref(), subjects)?;
    for (subject, reply) in subjects.iter().zip(&replies) {
        let (module, fault) = match reply {
            Reply::Unreadable { module, why } => (*module, Fault::Unreadable(why.clone())),
            Reply::Malformed { module, why } => (*module, Fault::Malformed(why.clone())),
            Reply::Drawn { .. } | Reply::UnknownMemory => continue,
        };
        return Err(error(subject, &subject.modules[module].1, fault));
    }
    let mut code = exit::OK;
    for reply in replies {
        let Reply::Drawn { text, overlaps } = reply else {
            let memory = args.memory.as_deref().unwrap_or_default();
            let message = format!("none of these modules has or imports `{memory}`");
            return Err(exit::error(exit::NOTHING_MATCHED, message));
        };
        if !overlaps.is_empty() {
            code = exit::DIFFERS;
        }
        match args.format {
            LayoutFormat::Json => terminal::print_json(&text)?,
            _ => terminal::print(&text)?,
        }
    }
    Ok(code)
}

/// Builds the tool if it is not current, and asks it about all subjects at once. There is one reply
/// for each subject.
fn ask(
    session: &Session<'_>,
    toolchains: &Toolchains,
    format: &str,
    memory: Option<&str>,
    subjects: &[Subject],
) -> Result<Vec<Reply>> {
    let workspace = session.workspace;
    if !workspace.root.join(MANIFEST).is_file() {
        let message = format!(
            "no {MANIFEST} in {}: the tool that reads and draws modules is missing\n\
             help: copy its directory from the repository of Parallax",
            workspace.root.display()
        );
        return Err(exit::error(exit::SET_UP, message));
    }
    if !cargo::expected_tool(workspace, PROGRAM).exists() {
        say("Building the tool that reads and draws modules (only once; this takes several seconds)");
    }
    let tool = session.tool(toolchains, PACKAGE)?;
    let asked = subjects.iter().map(|subject| json!({ "title": subject.title, "modules": subject.modules }));
    let request = json!({ "format": format, "memory": memory, "subjects": asked.collect::<Value>() });
    let ask =
        || answer(&tool, &request.to_string()).with_context(|| format!("cannot run {}", tool.display()));
    let mut output = ask()?;
    // A tool that was killed has not said anything.
    if output.status.code().is_none() {
        output = ask()?;
    }
    let replies: Option<Vec<Reply>> =
        str::from_utf8(&output.stdout).ok().and_then(|text| text.lines().map(Reply::parse).collect());
    match replies {
        Some(replies) if output.status.success() && replies.len() == subjects.len() => Ok(replies),
        _ => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let message = format!("the tool `{PACKAGE}` failed: {}: {}", output.status, stderr.trim_end());
            Err(exit::error(exit::HARNESS, message))
        }
    }
}

/// What the tool prints when it is given `request` on its standard input. A tool that ends without reading
/// all of it is not an error here: its exit code tells.
fn answer(tool: &Path, request: &str) -> io::Result<Output> {
    let piped = Stdio::piped;
    let mut child = Command::new(tool).stdin(piped()).stdout(piped()).stderr(piped()).spawn()?;
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(request.as_bytes()));
    let output = child.wait_with_output()?;
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(output),
    }
}

/// Warnings about rows whose modules will overlap although their case does not expect that, and about
/// cases that expect it although none of their rows has an overlap. The tool is built and started only
/// if one of the cells has `--preload`.
///
/// # Errors
/// If the tool cannot be built or run, or if a module cannot be read. A file that does not exist or is
/// not a module is not an error here: the run shows what wasmtime says about it.
pub fn warnings(
    session: &Session<'_>,
    toolchains: &Toolchains,
    cells: &[Cell<'_>],
    files: &Files,
) -> Result<Vec<String>> {
    let column = Column::pinned(TARGET);
    let rows: Vec<_> = cells.iter().filter(|cell| *cell.column == column).collect();
    let subjects = rows
        .iter()
        .filter(|cell| has_preloads(cell))
        .filter_map(|cell| subject(session.workspace, cell, files).ok());
    let overlaps = overlaps(session, toolchains, subjects.collect())?;
    let mut warnings = Vec::new();
    for case in rows.chunk_by(|one, other| one.case_id() == other.case_id()) {
        let mut is_found = false;
        for cell in case {
            let Some(found) = overlaps.get(&cell.id()).filter(|found| !found.is_empty()) else { continue };
            is_found = true;
            if cell.case.overlap_expected {
                continue;
            }
            let mut sentences: Vec<_> =
                found.iter().take(3).map(|sentence| format!("  {sentence}\n")).collect();
            if found.len() > 3 {
                sentences.push(format!("  and {} more\n", found.len() - 3));
            }
            warnings.push(format!(
                "warning: {}: instances overlap in a shared memory\n{}  \
                 help: to draw it: cargo xtask layout {}\n  \
                 help: if the case is about this overlap, add to it: overlap = \"expected\"",
                cell.id(),
                sentences.concat(),
                cell.row_id(),
            ));
        }
        let [first, ..] = case else { continue };
        let is_whole = case.len() == first.case.rows.len();
        if is_whole && !is_found && first.case.overlap_expected {
            warnings.push(format!(
                "warning: {} says overlap = \"expected\", but nothing overlaps in any of its rows",
                first.case_id()
            ));
        }
    }
    Ok(warnings)
}

/// A sentence for each overlap, by the title of the subject. Subjects with a file that does not exist
/// or is not a module are left out.
fn overlaps(
    session: &Session<'_>,
    toolchains: &Toolchains,
    subjects: Vec<Subject>,
) -> Result<BTreeMap<String, Vec<String>>> {
    let mut found = BTreeMap::new();
    if subjects.is_empty() {
        return Ok(found);
    }
    let replies = ask(session, toolchains, "overlaps", None, &subjects)?;
    for (subject, reply) in subjects.into_iter().zip(replies) {
        match reply {
            Reply::Drawn { overlaps, .. } => drop(found.insert(subject.title, overlaps)),
            Reply::Unreadable { module, why } => {
                let file = &subject.modules[module].1;
                if file.is_file() {
                    return Err(anyhow!("cannot read {}: {why}", file.display()));
                }
            }
            Reply::Malformed { .. } | Reply::UnknownMemory => {}
        }
    }
    Ok(found)
}
