//! docs/std-usage.md: its tables name, for each item of std, the cases in which it agrees most and least. The items and
//! their numbers are written by hand; the cases follow from what is recorded.

use super::index::verdicts;
use crate::model::harm::Harm;
use crate::report::catalogue::Entry;

/// The path of the page in the workspace, which not every workspace has.
pub const NAME: &str = "docs/std-usage.md";

/// Returns the page with the cases of these entries.
///
/// # Errors
/// The items of std in its tables that no case is about.
pub fn updated(page: &str, entries: &[Entry<'_>]) -> Result<String, Vec<String>> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|entry| entry.harm());
    let (mut updated, mut missing) = (String::new(), Vec::new());
    for line in page.lines() {
        let cells: Vec<_> = line.split(" | ").collect();
        let api = cells.get(1).and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`'));
        let row =
            api.filter(|api| api.starts_with("std::")).map(|api| row(cells[0], api, &entries).ok_or(api));
        match row {
            None => updated.push_str(line),
            Some(Ok(row)) => updated.push_str(&row),
            Some(Err(api)) => missing.push(api.to_string()),
        }
        updated.push('\n');
    }
    if missing.is_empty() { Ok(updated) } else { Err(missing) }
}

/// The row of an item, whose first cell is `number`, or `None` if no case is about it. The worst entries come first.
fn row(number: &str, api: &str, entries: &[&Entry<'_>]) -> Option<String> {
    let about = || entries.iter().filter(|entry| entry.case.claims.apis.iter().any(|known| known == api));
    // Of equal ones, the best is the plainest, or that which is about the fewest items; the worst is the first.
    let is_plain = |entry: &Entry<'_>| entry.example.name.ends_with("-everyday");
    let best = about()
        .max_by_key(|entry| (rank(entry), is_plain(entry), usize::MAX - entry.case.claims.apis.len()))?;
    let worst = about().filter(|entry| rank(entry) > 0).min_by_key(|entry| rank(entry));
    let worst = worst.filter(|worst| rank(worst) < rank(best)).map_or("—".into(), |worst| link(worst));
    Some(format!("{number} | `{api}` | {} | {worst} |", link(best)))
}

/// The worst verdict of a case, as a number; the larger, the better. A case without a baseline shows the least.
fn rank(entry: &Entry<'_>) -> usize {
    match entry.harm() {
        Harm::NoBaseline | Harm::NotRun => 0,
        harm => 1 + harm as usize,
    }
}

fn link(entry: &Entry<'_>) -> String {
    let id = entry.id();
    format!("[{id}](../snapshots/{id}.snap): {}", verdicts(entry))
}
