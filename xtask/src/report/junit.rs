//! The JUnit report: a test suite for each example, a test case for each cell.

use std::fmt::Write;

use crate::report::results::{CaseResult, CellResult, LostCell};
use crate::report::xml::{self, escape};

/// Draws the report. The cells without an outcome are in suites of their own.
pub fn draw(results: &[CaseResult<'_>], lost: &[LostCell]) -> String {
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
                    let (message, outcome) = (escape(&message), escape(cell.outcome.text()));
                    let _ = writeln!(
                        xml,
                        ">\n      <failure message=\"{message}\">{outcome}</failure>\n    </testcase>"
                    );
                }
            }
        }
        xml.push_str("  </testsuite>\n");
    }
    for suite in lost.chunk_by(|one, other| one.example == other.example) {
        let (name, number) = (escape(&suite[0].example), suite.len());
        let _ = writeln!(xml, "  <testsuite name=\"{name}\" tests=\"{number}\" errors=\"{number}\">");
        for LostCell { id, why, .. } in suite {
            let (id, error) = (escape(id), xml::error(why));
            let _ = writeln!(
                xml,
                "    <testcase classname=\"{name}\" name=\"{id}\">\n      {error}\n    </testcase>"
            );
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Why a cell failed, if it did.
fn message(result: &CaseResult<'_>, cell: &CellResult<'_>) -> Option<String> {
    if result.is_broken() {
        return Some("the program does not compile natively".into());
    }
    if cell.unsteady.is_some() {
        return Some("differs between two runs".into());
    }
    if !result.failed() {
        return None;
    }
    let position = cell.cell.position();
    match result.comparison.differing.iter().find(|differing| differing.position == position) {
        Some(differing) => Some(format!(
            "was {}, is {}",
            differing.before.as_deref().unwrap_or("not recorded"),
            differing.now
        )),
        None if result.comparison.differing.is_empty() => {
            Some("the case was edited after its snapshot was recorded".into())
        }
        None => None,
    }
}
