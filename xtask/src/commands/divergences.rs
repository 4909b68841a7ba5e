//! `cargo xtask divergences`: the page that shows for all cases what differs from native, and which
//! flags restore it.

use anyhow::Result;
use similar::{ChangeTag, TextDiff};

use crate::discover::examples;
use crate::discover::template;
use crate::environment::Environment;
use crate::exit;
use crate::report::page::file::{self, NAME, Page};
use crate::support::escape::{count, without_controls};
use crate::support::terminal;
use crate::workspace::Workspace;

/// How many lines of the difference are shown. A few are enough, because the command itself updates the page.
const MOST_LINES: usize = 12;

/// Updates the page; with `check` or in CI, only checks whether it is up to date. Returns the exit code.
///
/// # Errors
/// If the page is out of date and must not be written, if a case has no valid snapshot, or if an example still
/// has texts of the template.
pub fn divergences(workspace: &Workspace, env: &Environment, check: bool) -> Result<u8> {
    let examples = examples::discover(workspace)?;
    template::replaced(workspace, &examples)?;
    let page = match file::draw(workspace, &examples)? {
        Page::Drawn(page) => page,
        Page::Incomplete(missing) => {
            return Err(exit::error(exit::DIFFERS, without_snapshot(&missing)));
        }
    };
    let before = file::current(workspace)?;
    if before.as_ref() == Some(&page) {
        terminal::print(&format!("{NAME} is up to date\n"))?;
        return Ok(exit::OK);
    }
    if check || env.ci {
        let what = match before {
            None => format!("there is no {NAME} yet"),
            Some(before) => format!(
                "{NAME} is out of date: it differs from what the snapshots and examples say\n{}",
                difference(&before, &page)
            ),
        };
        return Err(exit::error(exit::DIFFERS, format!("{what}\nhelp: cargo xtask divergences")));
    }
    file::write(workspace, &page)?;
    let cases = examples.iter().map(|example| example.cases.len()).sum();
    let (cases, examples) = (count(cases, "case"), count(examples.len(), "example"));
    terminal::print(&format!("Wrote {NAME}: {cases} of {examples}\n"))?;
    Ok(exit::OK)
}

/// The message about cases without a snapshot.
fn without_snapshot(cases: &[String]) -> String {
    let noun = if cases.len() == 1 { "case has" } else { "cases have" };
    let ids = cases.join(" ");
    format!("{} {noun} no snapshot: {ids}\nhelp: cargo xtask test --accept --exact {ids}", cases.len())
}

/// The first lines that differ, with the signs of a diff.
fn difference(before: &str, now: &str) -> String {
    // A carriage return would end a line here.
    let (before, now) = (without_controls(before), without_controls(now));
    let diff = TextDiff::from_lines(&*before, &*now);
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
