//! The cases of the catalogue that matter for a program.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::discover::examples;
use crate::report::catalogue::{self, Catalogue};
use crate::workspace::Workspace;

/// How many rows of the catalogue are named.
const MOST_ROWS: usize = 8;

/// The cases of the catalogue about items of std that the package's own source names, if they differ.
pub fn rows_of_catalogue(workspace: &Workspace, source: Option<&Path>) -> Result<Option<String>> {
    let Some(source) = source else { return Ok(None) };
    let examples = examples::discover(workspace)?;
    let Catalogue::Complete(mut entries) = catalogue::read(workspace, &examples)? else { return Ok(None) };
    let mut text = String::new();
    collect(&source.join("src"), &mut text)?;
    let words: Vec<&str> = text.split(|c: char| c != '_' && !c.is_alphanumeric()).collect();
    // A method counts if its type is named, too: `open` alone says nothing.
    let is_used = |api: &String| {
        let mut segments = api.trim_end_matches('!').rsplit("::");
        let (last, before) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        words.contains(&last) && words.contains(&before)
    };
    entries.retain(|entry| entry.harm().is_harmful() && entry.case.claims.apis.iter().any(is_used));
    entries.sort_by_key(|entry| entry.harm());
    if entries.is_empty() {
        return Ok(None);
    }
    let mut text = String::from("\nThe source uses these items of std, which differ in the catalogue:\n");
    for entry in entries.iter().take(MOST_ROWS) {
        let apis: Vec<_> =
            entry.case.claims.apis.iter().filter(|api| is_used(api)).map(String::as_str).collect();
        let about = entry.case.about.as_deref().unwrap_or_default();
        text.push_str(&format!(
            "  {:<8} {}: {about}  [{}]\n",
            entry.harm().name(),
            apis.join(", "),
            entry.id()
        ));
    }
    if entries.len() > MOST_ROWS {
        text.push_str(&format!("  and {} more cases\n", entries.len() - MOST_ROWS));
    }
    Ok(Some(text + "\n  More:    cargo xtask find WORD\n"))
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
            text.push_str(&fs::read_to_string(&path).unwrap_or_default());
            text.push('\n');
        }
    }
    Ok(())
}
