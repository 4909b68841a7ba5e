//! `cargo xtask layout`: where modules lie in the memories that they share, told before any of them
//! runs, and the warning of `cargo xtask test` when they will collide.

mod draw;
mod map;
mod module;
mod svg;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use xshell::Shell;

use crate::build::{self, Cargo};
use crate::call::{self, Files};
use crate::cases::Overlap as Meant;
use crate::cell::{self, Cell};
use crate::cli::{LayoutArgs, LayoutFormat};
use crate::environment::Environment;
use crate::example;
use crate::lock;
use crate::name;
use crate::process::Interrupt;
use crate::stop::{Stop, exit};
use crate::target::Target;
use crate::terminal::{self, say};
use crate::text::visible;
use crate::toolchain;
use crate::wasmtime;
use crate::workspace::Workspace;

use map::{Instance, Map};

/// Modules have a layout on this target only: components share no memory.
const TARGET: Target = Target::WASIP1;

/// What is drawn: a cell or some files, and what lives there.
struct Subject {
    title: String,
    instances: Vec<Instance>,
}

/// Runs the command and gives the exit code: whether anything overlaps.
pub fn layout(workspace: &Workspace, env: &Environment, args: &LayoutArgs) -> Result<u8> {
    let is_file = |what: &String| Path::new(file_of(what).1).is_file();
    let subjects = match args.what.iter().any(is_file) {
        true => vec![of_files(&args.what)?],
        false => of_cells(workspace, env, args)?,
    };
    let mut overlaps = false;
    for subject in &subjects {
        let (mut maps, notes) = map::maps(&subject.instances);
        if let Some(memory) = &args.memory {
            maps.retain(|map| map.name == *memory);
            if maps.is_empty() {
                let message = format!("none of these modules has or imports `{memory}`");
                return Err(Stop::error(exit::NOTHING_MATCHED, message));
            }
        }
        overlaps |= maps.iter().any(|map| !map.overlaps().is_empty());
        terminal::print(&match args.format {
            LayoutFormat::Human => human(subject, &maps, &notes),
            LayoutFormat::Json => json(subject, &maps, &notes) + "\n",
            LayoutFormat::Svg => svg::picture(&maps.iter().collect::<Vec<_>>()),
        })?;
    }
    Ok(if overlaps { exit::DIFFERS } else { exit::OK })
}

/// `a.wasm` or `name=a.wasm`: the name of the instance, and the file.
fn file_of(what: &str) -> (&str, &str) {
    match what.split_once('=') {
        Some((name, file)) => (name, file),
        None => (Path::new(what).file_stem().and_then(|stem| stem.to_str()).unwrap_or(what), what),
    }
}

fn of_files(what: &[String]) -> Result<Subject> {
    let read = |what: &String| {
        let (name, file) = file_of(what);
        let module =
            read(Path::new(file))?.map_err(|why| Stop::error(exit::USAGE, format!("{file}: {why}")))?;
        Ok(Instance { name: name.into(), module })
    };
    Ok(Subject { title: what.join(", "), instances: what.iter().map(read).collect::<Result<_>>()? })
}

/// Reads a module; the inner error says why it is none.
fn read(file: &Path) -> Result<Result<module::Module, String>> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(module::read(&bytes))
}

/// Builds what the cells named by `args` would instantiate, and reads it.
fn of_cells(workspace: &Workspace, env: &Environment, args: &LayoutArgs) -> Result<Vec<Subject>> {
    let [what] = args.what.as_slice() else {
        let message = "no such file; give files of modules, or one EXAMPLE[/CASE[/FLAG-SET]]";
        return Err(Stop::error(exit::USAGE, message));
    };
    if args.format == LayoutFormat::Svg && what.split('/').count() < 3 {
        let message = "a picture shows one row: EXAMPLE/CASE/FLAG-SET";
        return Err(Stop::error(exit::USAGE, message));
    }
    let examples = example::discover(workspace)?;
    let is_meant = |cell: &Cell<'_>| {
        let id = format!("{}/{}", cell.case_id(), cell.flag_set.name);
        cell.target == TARGET && (format!("{id}/").starts_with(&format!("{what}/")))
    };
    let cells: Vec<_> = cell::all(&examples).into_iter().filter(is_meant).collect();
    let Some(first) = cells.first() else {
        let ids = cell::all(&examples).into_iter().filter(|cell| cell.target == TARGET);
        let ids: BTreeSet<_> = ids
            .flat_map(|cell| {
                let row = format!("{}/{}", cell.case_id(), cell.flag_set.name);
                [cell.example.name.clone(), cell.case_id(), row]
            })
            .collect();
        let meant = name::suggest(what, ids.iter().map(String::as_str));
        let hint = meant.map(|meant| format!("\ndid you mean `{meant}`?")).unwrap_or_default();
        let message = format!(
            "`{what}` is no file, and no EXAMPLE[/CASE[/FLAG-SET]] with a {TARGET} column (components \
             share no memory){hint}"
        );
        return Err(Stop::error(exit::NOTHING_MATCHED, message));
    };
    let sh = Shell::new()?;
    let _lock = lock::take(&workspace.own_dir().join("lock"), &say)?;
    toolchain::add_targets(&sh, env, &[TARGET.wasm_triple().expect("it is a wasm target")], false, &say)?;
    let interrupt = Interrupt::watch().context("cannot watch for signals")?;
    let cargo = Cargo { program: &env.cargo, offline: false, interrupt: &interrupt };
    let packages = call::packages(first.example).collect();
    let built = build::all(&sh, cargo, workspace, &packages, &[TARGET].into(), &BTreeSet::new(), &say);
    if let Some(signal) = interrupt.signal() {
        Interrupt::end_by(signal);
    }
    let built = built?;
    let files = call::built_files(&built.artifacts);
    let of_cell = |cell: &Cell<'_>| {
        instances(workspace, cell, &files)?.map_err(|why| {
            let errors = built.errors.values().flatten().map(|error| format!("\n{error}"));
            Stop::error(exit::HARNESS, format!("{}: {why}{}", cell.id(), errors.collect::<String>()))
        })
    };
    cells.iter().map(|cell| Ok(Subject { title: cell.id(), instances: of_cell(cell)? })).collect()
}

/// What wasmtime would instantiate for a cell, in that order; the inner error says why it would not.
fn instances(workspace: &Workspace, cell: &Cell<'_>, files: &Files) -> Result<Result<Vec<Instance>, String>> {
    let fixture = workspace.examples().join(&cell.example.name).join("fixture");
    if let Some((package, _)) = call::needs(cell).iter().find(|unit| !files.contains_key(*unit)) {
        return Ok(Err(format!("{package} does not build for {TARGET}")));
    }
    let flags = call::flags(cell, &fixture, files);
    let program = (cell.example.name.clone(), files[&(cell.example.name.clone(), TARGET)].clone());
    let preloads = wasmtime::preloads(&flags);
    let preloads = preloads.into_iter().map(|(name, file)| (name, fixture.join(file)));
    let mut instances = Vec::new();
    for (name, file) in preloads.chain([program]) {
        if !file.is_file() {
            return Ok(Err(format!("there is no {}", workspace.show(&file))));
        }
        match read(&file)? {
            Ok(module) => instances.push(Instance { name, module }),
            Err(why) => return Ok(Err(format!("{}: {why}", workspace.show(&file)))),
        }
    }
    Ok(Ok(instances))
}

/// Warnings about the rows of these cells whose instances will collide though their case does not
/// say that it means that, and about cases that say so in vain.
///
/// # Errors
/// If a module cannot be read. That there is none, or that it is no module, is no error here: the
/// run shows what wasmtime says to that.
pub fn warnings(workspace: &Workspace, cells: &[Cell<'_>], files: &Files) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    let rows: Vec<_> = cells.iter().filter(|cell| cell.target == TARGET).collect();
    for case in rows.chunk_by(|one, other| one.case_id() == other.case_id()) {
        let mut overlaps = false;
        for cell in case.iter().filter(|cell| !wasmtime::preloads(&cell.flag_set.flags).is_empty()) {
            let Ok(instances) = instances(workspace, cell, files)? else { continue };
            let (maps, _) = map::maps(&instances);
            let found: Vec<_> = maps.iter().flat_map(Map::overlaps).collect();
            overlaps |= !found.is_empty();
            if found.is_empty() || cell.case.overlap == Some(Meant::Expected) {
                continue;
            }
            let mut sentences: Vec<_> =
                found.iter().take(3).map(|overlap| format!("  {}\n", draw::sentence(overlap))).collect();
            if found.len() > 3 {
                sentences.push(format!("  and {} more\n", found.len() - 3));
            }
            warnings.push(format!(
                "warning: {}: instances lie on one another\n{}  \
                 see it drawn: cargo xtask layout {}/{}\n  \
                 if the case is about that, let it say so: overlap = \"expected\"",
                cell.id(),
                sentences.concat(),
                cell.case_id(),
                cell.flag_set.name
            ));
        }
        let [first, ..] = case else { continue };
        let is_whole = case.len() == first.case.flag_sets.len();
        if is_whole && !overlaps && first.case.overlap == Some(Meant::Expected) {
            warnings.push(format!(
                "warning: {} says overlap = \"expected\", and in none of its rows anything overlaps",
                first.case_id()
            ));
        }
    }
    Ok(warnings)
}

fn human(subject: &Subject, maps: &[Map], notes: &[String]) -> String {
    let drawn: Vec<_> = maps.iter().map(draw::map).collect();
    let notes: String = notes.iter().map(|note| format!("\nnote: {note}\n")).collect();
    format!("{}\n\n{}{notes}\n", subject.title, drawn.join("\n"))
}

/// One line of JSON; `xtask/README.md` describes it.
fn json(subject: &Subject, maps: &[Map], notes: &[String]) -> String {
    let region = |region: &map::Region| {
        json!({
            "owner": region.owner,
            "kind": region.kind.word(),
            "start": region.range.start,
            "end": region.range.end,
            "bytes": (region.kind == map::Kind::Data).then(|| visible(&region.bytes)),
        })
    };
    let map = |map: &Map| {
        let overlaps = map.overlaps().into_iter().map(|overlap| {
            json!({
                "start": overlap.range.start,
                "end": overlap.range.end,
                "over": region(overlap.over),
                "under": region(overlap.under),
                "text": draw::sentence(&overlap),
            })
        });
        json!({
            "name": map.name,
            "kind": if map.sort == module::Sort::Memory { "memory" } else { "table" },
            "size": map.size,
            "users": map.users,
            "regions": map.regions.iter().map(region).collect::<Value>(),
            "overlaps": overlaps.collect::<Value>(),
        })
    };
    json!({ "id": subject.title, "maps": maps.iter().map(map).collect::<Value>(), "notes": notes })
        .to_string()
}
