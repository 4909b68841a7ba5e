//! Reads and writes the files of the pages. They are generated from the examples and the accepted snapshots;
//! nothing is built or run.

use std::io;
use std::path::Path;

use anyhow::{Context, Result};

use crate::discover::template;
use crate::exit;
use crate::model::example::Example;
use crate::report::catalogue::{self, Entry};
use crate::report::page::draw::{self, Versions};
use crate::report::page::std_usage;
use crate::support::{atomic_file, text_file};
use crate::workspace::Workspace;

/// The name of the page, in the workspace's root.
pub const NAME: &str = "DIVERGENCES.md";

/// A file that shows what is recorded.
pub struct Page {
    /// Its path in the workspace.
    pub name: &'static str,
    /// Its text, if there is such a file.
    pub before: Option<String>,
    /// Its text as it should be.
    pub now: String,
}

impl Page {
    /// Whether the file is as it should be.
    pub fn is_current(&self) -> bool {
        self.before.as_ref() == Some(&self.now)
    }

    /// Writes the file atomically: if the harness is killed, it is the old page or the new one.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, workspace: &Workspace) -> Result<()> {
        let path = workspace.root.join(self.name);
        atomic_file::write(&path, self.now.as_bytes())
            .with_context(|| format!("cannot write {}, which is unchanged", path.display()))
    }
}

/// Draws the pages of these entries: first [`NAME`], then docs/std-usage.md, if the workspace has it.
///
/// # Errors
/// If a file cannot be read, or if no case is about an item of std that it names.
pub fn pages(workspace: &Workspace, entries: &[Entry<'_>]) -> Result<Vec<Page>> {
    let versions = Versions {
        rust: workspace.rust.map(|rust| rust.to_string()),
        wasmtime: workspace.wasmtime.to_string(),
    };
    let current = |name: &str| read(&workspace.root.join(name));
    let mut pages = vec![Page { name: NAME, before: current(NAME)?, now: draw::draw(entries, &versions) }];
    if let Some(before) = current(std_usage::NAME)? {
        let now = std_usage::updated(&before, entries).map_err(|missing| {
            let message =
                format!("{}: no case has this in its `apis`: {}", std_usage::NAME, missing.join(", "));
            exit::error(exit::DIFFERS, message)
        })?;
        pages.push(Page { name: std_usage::NAME, before: Some(before), now });
    }
    Ok(pages)
}

/// What a run did about the pages.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Update {
    /// There are none, or they were already up to date.
    #[default]
    Unnecessary,
    /// These were updated.
    Updated(Vec<&'static str>),
    /// They could not be drawn, for example because another case has a malformed snapshot.
    Impossible,
}

/// Updates the pages after snapshots were accepted or pruned, by a run or by a review before it.
///
/// CI fails while a page is out of date, so it is updated along with the snapshots. If there is no page,
/// none is created. A case that is not recorded yet is left out. A problem elsewhere, such as a malformed
/// snapshot, does not fail a run of other cases: then no page is updated.
///
/// # Errors
/// If a page cannot be written.
pub fn update(workspace: &Workspace, examples: &[Example]) -> Result<Update> {
    if !workspace.root.join(NAME).exists() {
        return Ok(Update::Unnecessary);
    }
    let Ok(catalogue) = catalogue::read(workspace, examples) else { return Ok(Update::Impossible) };
    let Ok(pages) = pages(workspace, &catalogue.entries) else { return Ok(Update::Impossible) };
    if template::replaced(workspace, catalogue.examples()).is_err() {
        return Ok(Update::Impossible);
    }
    let outdated: Vec<_> = pages.iter().filter(|page| !page.is_current()).collect();
    outdated.iter().try_for_each(|page| page.write(workspace))?;
    match outdated.is_empty() {
        true => Ok(Update::Unnecessary),
        false => Ok(Update::Updated(outdated.iter().map(|page| page.name).collect())),
    }
}

/// Reads the text of a file, if it exists. A file that is not valid UTF-8 was not written by the harness, so
/// it is enough that the returned text differs from everything that the harness writes.
fn read(path: &Path) -> Result<Option<String>> {
    match text_file::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
