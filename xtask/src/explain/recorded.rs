//! The file with the rule of each cell that differs in its baseline. The page shows them.
//!
//! Each line has the id of a cell and that of its rule, or `cannot-tell`.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::exit;
use crate::explain::rules::{self, Rule};
use crate::support::{atomic_file, text_file};

/// The name of the file in the directory of the snapshots.
pub const NAME: &str = "rules.txt";

/// What stands for the rule of a cell that no rule explains.
pub const NONE: &str = "cannot-tell";

const HEAD: &str = "# Why cells differ from native in their baseline. Written by `cargo xtask why --all`; DIVERGENCES.md has the rules.\n";

/// The rules of cells by their ids. `None` if no rule explains a cell.
pub type Recorded = BTreeMap<String, Option<&'static Rule>>;

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
        let message = format!("{}:{line}: {problem}\nhelp: cargo xtask why --all", path.display());
        exit::error(exit::USAGE, message)
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
