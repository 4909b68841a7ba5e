//! `cargo xtask divergences`: the page that shows for all cases what differs from native, and which
//! flags restore it; and the cases that docs/std-usage.md names.

use anyhow::Result;
use similar::{ChangeTag, TextDiff};

use crate::discover::examples;
use crate::discover::template;
use crate::environment::Environment;
use crate::exit;
use crate::report::catalogue;
use crate::report::page::file;
use crate::run::lock;
use crate::support::escape::{count, without_controls};
use crate::support::terminal::{self, say};
use crate::workspace::Workspace;

/// How many lines of the difference are shown. A few are enough, because the command itself updates the page.
const MOST_LINES: usize = 12;

/// Updates the pages; with `check` or in CI, only checks whether they are up to date. Cases that are not recorded yet are
/// left out. Returns the exit code.
///
/// # Errors
/// If a page is out of date and must not be written, if a snapshot is malformed, or if an example with a snapshot
/// still has texts of the template.
pub fn divergences(workspace: &Workspace, env: &Environment, check: bool) -> Result<u8> {
    let examples = examples::discover(workspace)?;
    let _lock = (!check && !env.ci).then(|| lock::of_clone(&workspace.root, || false));
    let catalogue = catalogue::read(workspace, &examples)?;
    template::replaced(workspace, catalogue.examples())?;
    catalogue.note().iter().for_each(|note| say(note));
    let cases = count(catalogue.entries.len(), "case");
    let examples = count(catalogue.examples().count(), "example");
    for page in file::pages(workspace, &catalogue.entries)? {
        let name = page.name;
        if page.is_current() {
            terminal::print(&format!("{name} is up to date\n"))?;
            continue;
        }
        if check || env.ci {
            let what = match page.before {
                None => format!("there is no {name} yet"),
                Some(before) => format!(
                    "{name} is out of date: it differs from what the snapshots and examples say\n{}",
                    difference(&before, &page.now)
                ),
            };
            return Err(exit::error(exit::DIFFERS, format!("{what}\nhelp: cargo xtask divergences")));
        }
        page.write(workspace)?;
        terminal::print(&format!("Wrote {name}: {cases} of {examples}\n"))?;
    }
    Ok(exit::OK)
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
