//! The texts of a new example that its author has to replace, and a check that they were replaced.

use std::path::Path;

use anyhow::{Context, Result};

use crate::diagnostic::{self, Diagnostic};
use crate::exit;
use crate::model::example::Example;
use crate::support::text_file;
use crate::workspace::Workspace;

/// The `description` in the `Cargo.toml` of a new example.
pub const DESCRIPTION: &str = "What this example shows, in a phrase";
/// The `area` in the `Cargo.toml` of a new example.
pub const AREA: &str = "A section of DIVERGENCES.md";
/// The `about` in the `cases.toml` of a new example.
pub const ABOUT: &str = "One line for the reader: what this case shows";

/// Checks that `examples` have texts of their own, which DIVERGENCES.md shows.
///
/// # Errors
/// A diagnostic for each text that is still that of the template; or if a file cannot be read.
pub fn replaced<'a>(workspace: &Workspace, examples: impl IntoIterator<Item = &'a Example>) -> Result<()> {
    let mut diagnostics = Vec::new();
    for example in examples {
        let directory = workspace.examples().join(&example.name);
        let has_about = example.cases.iter().any(|case| case.about.as_deref() == Some(ABOUT));
        let texts = [
            ("Cargo.toml", DESCRIPTION, example.summary.as_deref() == Some(DESCRIPTION), "`description`"),
            ("Cargo.toml", AREA, example.area.as_deref() == Some(AREA), "`area`"),
            ("cases.toml", ABOUT, has_about, "`about`"),
        ];
        for (file, text, is_left, key) in texts {
            if is_left {
                diagnostics.push(left(workspace, &directory.join(file), text, key)?);
            }
        }
    }
    if diagnostics.is_empty() { Ok(()) } else { Err(exit::diagnostics(diagnostics.join("\n\n"))) }
}

/// Draws the diagnostic about a text of the template in `file`.
fn left(workspace: &Workspace, file: &Path, text: &str, key: &str) -> Result<String> {
    let written = text_file::read_text(file).with_context(|| format!("cannot read {}", file.display()))?;
    let start = written.find(text).unwrap_or(0);
    let message = format!("{key} is still the text of the template, which DIVERGENCES.md would show");
    let help = match text {
        DESCRIPTION => "say in a phrase what the example shows",
        AREA => "name a section, such as \"std::fs\", or remove the key, which means `Other`",
        _ => "say in one line what the case shows, and which layer makes the difference",
    };
    let diagnostic = Diagnostic::new(message, start..start + text.len()).help(help);
    Ok(diagnostic::draw(Path::new(&workspace.show(file)), &written, &[diagnostic]))
}
