//! The JUnit report: a suite an example, a test case a cell.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::report::{CaseResult, CellResult};

/// Writes the report to `path`.
pub fn write(path: &Path, results: &[CaseResult<'_>]) -> Result<()> {
    fs::write(path, draw(results)).with_context(|| format!("cannot write {}", path.display()))
}

fn draw(results: &[CaseResult<'_>]) -> String {
    let mut xml =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"parallax\">\n");
    for suite in results.chunk_by(|one, other| one.names().0 == other.names().0) {
        let cells = suite.iter().flat_map(|result| result.cells.iter().map(move |cell| (result, cell)));
        let failures = cells.clone().filter(|(result, cell)| message(result, cell).is_some()).count();
        let name = escape(suite[0].names().0);
        // Writing to a String cannot fail.
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\">",
            cells.clone().count()
        );
        for (result, cell) in cells {
            let (id, seconds) = (escape(&cell.cell.id()), cell.took.as_secs_f64());
            let _ = write!(xml, "    <testcase classname=\"{name}\" name=\"{id}\" time=\"{seconds:.3}\"");
            match message(result, cell) {
                None => xml.push_str("/>\n"),
                Some(message) => {
                    let (message, outcome) = (escape(&message), escape(&cell.outcome));
                    let _ = writeln!(
                        xml,
                        ">\n      <failure message=\"{message}\">{outcome}</failure>\n    </testcase>"
                    );
                }
            }
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Why a cell fails, if it does.
fn message(result: &CaseResult<'_>, cell: &CellResult<'_>) -> Option<String> {
    if cell.unsteady.is_some() {
        return Some("not the same in every repetition".into());
    }
    if !result.failed() {
        return None;
    }
    let place = cell.cell.place();
    match result.verdict.differing.iter().find(|differing| differing.place == place) {
        Some(differing) => Some(format!(
            "was {}, is {}",
            differing.before.as_deref().unwrap_or("not recorded"),
            differing.now
        )),
        None if result.verdict.differing.is_empty() => {
            Some("the case was edited; its snapshot shows it as it was".into())
        }
        None => None,
    }
}

/// Texts of outcomes are visible already, so that no control character is left that XML forbids.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
