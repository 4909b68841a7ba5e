//! The section of the page with the rules behind the differences, and how many cells each explains.

use std::collections::BTreeMap;

use super::markdown::inline;
use crate::explain::rules;
use crate::model::harm::Harm;
use crate::report::catalogue::{Entry, Finding};

/// The title of the section.
const TITLE: &str = "Rules";

/// How many cases are linked for each rule.
const MOST_CASES: usize = 5;

/// Draws the rules that explain something; nothing if none is recorded.
pub fn draw(entries: &[Entry<'_>]) -> String {
    let findings = || entries.iter().flat_map(|entry| &entry.findings);
    let differing = findings().filter(|finding| finding.harm <= Harm::Wording).count();
    let known = findings().filter(|finding| finding.rule.is_some()).count();
    let mut text = format!(
        "\n## {TITLE}\n\nWhat is behind the differences, as `cargo xtask why` explains it for a cell. A rule explains the difference that the tables show, and only if it is proven by what was observed: {known} of {differing} cells in the baseline.\n"
    );
    let mut cases: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in entries {
        for rule in of_case(entry) {
            cases.entry(rule).or_default().push(entry.id());
        }
    }
    if cases.is_empty() {
        return String::new();
    }
    for rule in rules::ALL {
        let Some(of_rule) = cases.get(rule.id) else { continue };
        text.push_str(&format!("\n### {}\n\n{} Layer: {}.", rule.id, inline(rule.text), rule.layer));
        if !rule.help.is_empty() {
            text.push_str(&format!(" What helps: {}.", inline(rule.help)));
        }
        let links: Vec<_> = rule.links().map(|(name, address)| format!("[{name}]({address})")).collect();
        if !links.is_empty() {
            text.push_str(&format!(" {}.", links.join(", ")));
        }
        let linked: Vec<_> =
            of_rule.iter().take(MOST_CASES).map(|id| format!("[{id}](snapshots/{id}.snap)")).collect();
        let more = match of_rule.len().saturating_sub(MOST_CASES) {
            0 => String::new(),
            more => format!(" and {more} more: `cargo xtask find --rule {}`", rule.id),
        };
        text.push_str(&format!("\n\nCases: {}{more}.\n", linked.join(", ")));
    }
    text
}

/// The rules that explain something about a case, in its baseline or without a grant.
pub fn of_case<'a>(entry: &'a Entry<'_>) -> Vec<&'static str> {
    let of_finding = |finding: &'a Finding| [finding.rule, finding.rule_without_grant].into_iter().flatten();
    let mut rules: Vec<_> = entry.findings.iter().flat_map(of_finding).map(|rule| rule.id).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}
