//! `cargo xtask divergences`: the page that says of all cases what differs from native, and which
//! flags mend it. It is made of files alone: nothing is built or run.

mod columns;
mod markdown;
mod page;
mod standing;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use similar::{ChangeTag, TextDiff};

use crate::environment::Environment;
use crate::example::{self, Example};
use crate::fault::{self, Fault};
use crate::snapshot::{self, Place};
use crate::stop::{Stop, exit};
use crate::table::Table;
use crate::terminal;
use crate::text::count;
use crate::workspace::Workspace;

use self::page::{Recorded, Versions};

/// The page, in the workspace's root.
pub const FILE: &str = "DIVERGENCES.md";

/// How many lines of a difference are shown: the command mends it, so they only say what it is about.
const MOST_LINES: usize = 12;

/// Writes the page, or if `check` is set or a CI runs this, says whether it is current. Gives the
/// exit code.
pub fn divergences(workspace: &Workspace, env: &Environment, check: bool) -> Result<u8> {
    let examples = example::discover(workspace)?;
    let page = match page(workspace, &examples)? {
        Ok(page) => page,
        Err(missing) => return Err(Stop::error(exit::DIFFERS, without_snapshot(&missing))),
    };
    let path = workspace.root.join(FILE);
    let before = read(&path)?;
    if before.as_ref() == Some(&page) {
        terminal::print(&format!("{FILE} is up to date\n"))?;
        return Ok(exit::OK);
    }
    if check || env.ci {
        let what = match before {
            None => format!("there is no {FILE} yet"),
            Some(before) => format!(
                "{FILE} is out of date: it does not say what the snapshots and examples say\n{}",
                difference(&before, &page)
            ),
        };
        return Err(Stop::error(exit::DIFFERS, format!("{what}\nmend it: cargo xtask divergences")));
    }
    write(&path, &page)?;
    let cases = examples.iter().map(|example| example.cases.len()).sum();
    terminal::print(&format!(
        "Wrote {FILE}: {} of {}\n",
        count(cases, "case"),
        count(examples.len(), "example")
    ))?;
    Ok(exit::OK)
}

/// What became of the page after a run.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Renewal {
    /// There is none, or it says already what is accepted.
    #[default]
    Needless,
    Renewed,
    /// It cannot be made, as long as another case has no whole snapshot.
    Impossible,
}

/// Renews the page after snapshots were accepted or pruned, by a run or by a review before it.
///
/// The page holds nothing that is not in the files of which it is made, and CI fails while it lags
/// behind them: whoever accepts an outcome wants it there, too, and would only be sent to a second
/// command. So it follows as long as that surprises nobody. Where there is no page, none is made. And
/// what is wrong elsewhere, such as a case that is not recorded yet, is no fault of a run that was
/// about other cases: then the page stays as it was.
pub fn renew(workspace: &Workspace, examples: &[Example]) -> Result<Renewal> {
    let path = workspace.root.join(FILE);
    let Some(before) = read(&path)? else { return Ok(Renewal::Needless) };
    match page(workspace, examples) {
        Ok(Ok(page)) if page == before => Ok(Renewal::Needless),
        Ok(Ok(page)) => write(&path, &page).map(|()| Renewal::Renewed),
        Ok(Err(_)) | Err(_) => Ok(Renewal::Impossible),
    }
}

/// The text of the page, or the ids of the cases that have no snapshot.
fn page(workspace: &Workspace, examples: &[Example]) -> Result<Result<String, Vec<String>>> {
    let mut missing = Vec::new();
    let mut recorded = Vec::new();
    for example in examples {
        let mut tables: Vec<Table> = Vec::new();
        for case in &example.cases {
            let place = Place::new(&workspace.snapshots(), &example.name, &case.name);
            match snapshot::accepted(&place)? {
                Some(accepted) => tables.push(accepted.table),
                None => missing.push(format!("{}/{}", example.name, case.name)),
            }
        }
        recorded.push(Recorded { example, tables });
    }
    if !missing.is_empty() {
        return Ok(Err(missing));
    }
    let versions = Versions { rust: pinned_rust(workspace)?, wasmtime: workspace.wasmtime.to_string() };
    Ok(Ok(page::draw(&recorded, &versions)))
}

fn without_snapshot(cases: &[String]) -> String {
    let noun = if cases.len() == 1 { "case has" } else { "cases have" };
    let ids = cases.join(" ");
    format!("{} {noun} no snapshot: {ids}\nrecord it: cargo xtask test --accept --exact {ids}", cases.len())
}

/// The Rust that `rust-toolchain.toml` pins, if the workspace has that file.
fn pinned_rust(workspace: &Workspace) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct File {
        toolchain: Toolchain,
    }
    #[derive(Deserialize)]
    struct Toolchain {
        channel: Option<String>,
    }

    let path = workspace.root.join("rust-toolchain.toml");
    let Some(text) = read(&path)? else { return Ok(None) };
    match toml::from_str::<File>(&text) {
        Ok(file) => Ok(file.toolchain.channel),
        Err(error) => {
            let fault = Fault::of_toml(&text, &error, &[]);
            let drawn = fault::draw(Path::new(&workspace.show(&path)), &text, &[fault]);
            Err(Stop::error(exit::USAGE, drawn))
        }
    }
}

/// The text of a file, if it is there. What is no text is none that the harness has written.
fn read(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes the page at once: whenever the harness is killed, it is the old one or the new one.
fn write(path: &Path, page: &str) -> Result<()> {
    let temporary: PathBuf = path.with_file_name(format!(".{FILE}.tmp"));
    let written = (|| {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(page.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        // What is left of the attempt is in nobody's way, but no one would look for it.
        let _ = fs::remove_file(&temporary);
    }
    written.with_context(|| format!("cannot write {}; what was there before is unchanged", path.display()))
}

/// The first lines that differ.
fn difference(before: &str, now: &str) -> String {
    let diff = TextDiff::from_lines(before, now);
    let changed = diff.iter_all_changes().filter_map(|change| match change.tag() {
        ChangeTag::Equal => None,
        ChangeTag::Delete => Some(format!("    -{}", change.value().trim_end())),
        ChangeTag::Insert => Some(format!("    +{}", change.value().trim_end())),
    });
    let mut lines: Vec<_> = changed.take(MOST_LINES + 1).collect();
    if lines.len() > MOST_LINES {
        lines[MOST_LINES] = "    ⋮".into();
    }
    lines.join("\n")
}
