//! Reads and writes the file of the page. It is generated from the examples and the accepted snapshots;
//! nothing is built or run.

use std::io;
use std::path::Path;

use anyhow::{Context, Result};

use crate::discover::template;
use crate::model::example::Example;
use crate::report::catalogue::{self, Catalogue};
use crate::report::page::draw::{self, Versions};
use crate::support::{atomic_file, text_file};
use crate::workspace::Workspace;

/// The name of the page, in the workspace's root.
pub const NAME: &str = "DIVERGENCES.md";

/// The page as it should be, or why it cannot be drawn.
pub enum Page {
    /// The text of the page.
    Drawn(String),
    /// The page cannot be drawn, because the cases with these ids have no snapshot.
    Incomplete(Vec<String>),
}

/// Draws the page of these examples.
///
/// # Errors
/// As [`catalogue::read`].
pub fn draw(workspace: &Workspace, examples: &[Example]) -> Result<Page> {
    let entries = match catalogue::read(workspace, examples)? {
        Catalogue::Complete(entries) => entries,
        Catalogue::Incomplete(missing) => return Ok(Page::Incomplete(missing)),
    };
    let versions = Versions {
        rust: workspace.rust.map(|rust| rust.to_string()),
        wasmtime: workspace.wasmtime.to_string(),
    };
    Ok(Page::Drawn(draw::draw(&entries, &versions)))
}

/// Reads the page as it is, if there is one.
///
/// # Errors
/// If the file cannot be read.
pub fn current(workspace: &Workspace) -> Result<Option<String>> {
    read(&workspace.root.join(NAME))
}

/// Writes the page atomically: if the harness is killed, the file is the old page or the new one.
///
/// # Errors
/// If the file cannot be written.
pub fn write(workspace: &Workspace, page: &str) -> Result<()> {
    let path = workspace.root.join(NAME);
    atomic_file::write(&path, page.as_bytes())
        .with_context(|| format!("cannot write {}, which is unchanged", path.display()))
}

/// What a run did about the page.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Update {
    /// There is no page, or it was already up to date.
    #[default]
    Unnecessary,
    /// The page was updated.
    Updated,
    /// The page could not be drawn, for example because another case has no valid snapshot.
    Impossible,
}

/// Updates the page after snapshots were accepted or pruned, by a run or by a review before it.
///
/// CI fails while the page is out of date, so it is updated along with the snapshots. If there is no page,
/// none is created. A problem elsewhere, such as a case that is not recorded yet, does not fail a run of
/// other cases: then the page is not updated.
///
/// # Errors
/// If the page cannot be read or written.
pub fn update(workspace: &Workspace, examples: &[Example]) -> Result<Update> {
    let Some(before) = current(workspace)? else { return Ok(Update::Unnecessary) };
    if template::replaced(workspace, examples).is_err() {
        return Ok(Update::Impossible);
    }
    match draw(workspace, examples) {
        Ok(Page::Drawn(page)) if page == before => Ok(Update::Unnecessary),
        Ok(Page::Drawn(page)) => write(workspace, &page).map(|()| Update::Updated),
        Ok(Page::Incomplete(_)) | Err(_) => Ok(Update::Impossible),
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
