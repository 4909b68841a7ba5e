//! The cases of the catalogue that matter for a program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::discover::examples;
use crate::model::harm::Harm;
use crate::report::catalogue;
use crate::support::edition::COMMAND;
use crate::support::escape::wrapped;
use crate::support::terminal::text_width;
use crate::support::text_file;
use crate::workspace::Workspace;

/// How many cases of the catalogue are named in a text.
const MOST_ROWS: usize = 3;

/// How many cases an item may have to say something about a program that uses it.
const MOST_CASES: usize = 8;

/// A case of the catalogue about items of std that the program names.
pub struct Related {
    pub id: String,
    pub harm: Harm,
    /// The items that the program names.
    pub apis: Vec<String>,
    pub about: String,
}

/// Finds the cases of the catalogue about items of std that the source of the package in `directory` names, if they
/// differ. Those are first that `rules` explain, which explain the program, too; then the worst.
///
/// # Errors
/// If the catalogue or the source cannot be read.
pub fn related(workspace: &Workspace, directory: &Path, rules: &[&str]) -> Result<Vec<Related>> {
    let examples = examples::discover(workspace)?;
    let mut entries = catalogue::read(workspace, &examples)?.entries;
    let mut text = String::new();
    collect(&directory.join("src"), &mut text)?;
    let words: Vec<&str> = text.split(|c: char| c != '_' && !c.is_alphanumeric()).collect();
    let mut cases: BTreeMap<&str, usize> = BTreeMap::new();
    for api in entries.iter().flat_map(|entry| &entry.case.claims.apis) {
        *cases.entry(api).or_default() += 1;
    }
    // What most programs use says nothing about this one, nor does a macro.
    let is_telling = |api: &str| {
        cases.get(api).is_some_and(|number| *number <= MOST_CASES) && api.matches("::").count() > 1
    };
    // A method counts if its type is named, too: `open` alone says nothing.
    let is_used = |api: &&String| {
        if !is_telling(api) {
            return false;
        }
        let mut segments = api.trim_end_matches('!').rsplit("::");
        let (last, before) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        words.contains(&last) && words.contains(&before)
    };
    // The cases with the same reason come first.
    let has_rule = |entry: &catalogue::Entry<'_>| {
        let found = entry.findings.iter().filter_map(|finding| finding.rule);
        found.into_iter().any(|rule| rules.contains(&rule.id))
    };
    entries.sort_by_key(|entry| (!has_rule(entry), entry.harm()));
    let related = |entry: &catalogue::Entry<'_>| Related {
        id: entry.id(),
        harm: entry.harm(),
        apis: entry.case.claims.apis.iter().filter(is_used).cloned().collect(),
        about: entry.case.about.clone().unwrap_or_default(),
    };
    let harmful = entries.iter().filter(|entry| entry.harm().is_harmful());
    Ok(harmful.map(related).filter(|related| !related.apis.is_empty()).collect())
}

/// Draws these cases, the first of them.
pub fn draw(related: &[Related]) -> String {
    if related.is_empty() {
        return String::new();
    }
    let mut text = String::from("\nThe source uses these items of std, which differ in the catalogue:\n");
    for Related { id, harm, apis, about } in related.iter().take(MOST_ROWS) {
        let start = format!("  {:<8} ", harm.name());
        text.push_str(&wrapped(&start, &format!("{}: {about}  [{id}]", apis.join(", ")), text_width()));
    }
    if related.len() > MOST_ROWS {
        text.push_str(&format!("  and {} more cases\n", related.len() - MOST_ROWS));
    }
    text + &format!("\n  More:    {COMMAND} find WORD\n")
}

/// Adds the text of all Rust sources below `directory`.
fn collect(directory: &Path, text: &mut String) -> Result<()> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, text)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&text_file::read_text(&path).unwrap_or_default());
            text.push('\n');
        }
    }
    Ok(())
}
