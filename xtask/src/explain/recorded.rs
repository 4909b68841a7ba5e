//! The file with the rule of each cell that differs in its baseline. The page shows them.
//!
//! Each line has the id of a cell and that of its rule, or `cannot-tell`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::exit;
use crate::explain::evidence::Explained;
use crate::explain::rules::{self, Rule};
use crate::model::case::DEFAULT_ROW;
use crate::model::cell::Cell;
use crate::support::{atomic_file, text_file};

/// The name of the file in the directory of the snapshots.
pub const NAME: &str = "rules.txt";

/// What stands for the rule of a cell that no rule explains.
pub const NONE: &str = "cannot-tell";

const HEAD: &str = "# Why cells differ from native in their baseline. Written by `cargo xtask why --all`; DIVERGENCES.md has the rules.\n";

/// The rules of cells by their ids. `None` if no rule explains a cell.
pub type Recorded = BTreeMap<String, Option<&'static Rule>>;

/// How many lines of a difference are shown.
const MOST_LINES: usize = 20;

/// Whether the rule of this cell is recorded if it differs from native: it is in the baseline of its case, or in the
/// row without flags. The native cell with which it is compared counts, too.
pub fn is_about(cell: &Cell<'_>) -> bool {
    let is_baseline = cell.column.target.is_wasm() && cell.row.name == cell.case.baseline();
    is_baseline || cell.row.name == DEFAULT_ROW
}

/// Returns the id of the case of the cell with this id.
pub fn case_of(cell: &str) -> Option<&str> {
    cell.rsplit_once('/').map(|(case, _)| case)
}

/// Returns the rules of these cells.
pub fn of(explained: &[Explained]) -> Recorded {
    let rule = |one: &Explained| one.explanation.as_ref().map(|explanation| explanation.rule);
    explained.iter().map(|one| (one.id.clone(), rule(one))).collect()
}

/// Draws the first cells of which the rule has changed, with the signs of a diff.
pub fn difference(before: &Recorded, now: &Recorded) -> String {
    let cells: BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let name =
        |recorded: &Recorded, cell: &String| recorded.get(cell).map(|rule| rule.map_or(NONE, |rule| rule.id));
    let mut lines = Vec::new();
    for cell in cells {
        let (old, new) = (name(before, cell), name(now, cell));
        if old != new {
            lines.extend(old.map(|old| format!("    -{cell} {old}")));
            lines.extend(new.map(|new| format!("    +{cell} {new}")));
        }
    }
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines.push("    ⋮".into());
    }
    lines.join("\n")
}

/// Returns the path of the file.
pub fn path(snapshots: &Path) -> PathBuf {
    snapshots.join(NAME)
}

/// Reads the file; without one, no rule is recorded.
///
/// # Errors
/// If the file cannot be read, or a line is malformed.
pub fn read(snapshots: &Path) -> Result<Recorded> {
    let path = path(snapshots);
    let text = match text_file::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Recorded::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    parse(&text).map_err(|(line, problem)| {
        let help = "remove the file, and write it again: cargo xtask why --all";
        exit::error(exit::USAGE, format!("{}:{line}: {problem}\nhelp: {help}", path.display()))
    })
}

fn parse(text: &str) -> Result<Recorded, (usize, String)> {
    let mut recorded = Recorded::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let Some((cell, id)) = line.split_once(' ') else {
            return Err((index + 1, "expected a cell and a rule".into()));
        };
        let rule = match id.trim() {
            NONE => None,
            id => Some(rules::named(id).ok_or((index + 1, format!("there is no rule `{id}`")))?),
        };
        recorded.insert(cell.into(), rule);
    }
    Ok(recorded)
}

/// Returns the text of the file.
pub fn draw(recorded: &Recorded) -> String {
    let line =
        |(cell, rule): (&String, &Option<&Rule>)| format!("{cell} {}\n", rule.map_or(NONE, |rule| rule.id));
    [HEAD.to_string()].into_iter().chain(recorded.iter().map(line)).collect()
}

/// Writes the file.
///
/// # Errors
/// If it or its directory cannot be written.
pub fn write(snapshots: &Path, recorded: &Recorded) -> Result<()> {
    let path = path(snapshots);
    fs::create_dir_all(snapshots).with_context(|| format!("cannot create {}", snapshots.display()))?;
    atomic_file::write(&path, draw(recorded).as_bytes())
        .with_context(|| format!("cannot write {}, which is unchanged", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let recorded =
            Recorded::from([("a/b/c@wasip1".into(), Some(rules::ALL[0])), ("a/b/c@wasip2".into(), None)]);
        assert_eq!(parse(&draw(&recorded)), Ok(recorded));
        assert_eq!(parse("a/b/c@wasip1 other"), Err((1, "there is no rule `other`".into())));
        assert_eq!(parse("# x\na"), Err((2, "expected a cell and a rule".into())));
    }
}
