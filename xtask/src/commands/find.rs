//! `cargo xtask find`: looks up what the catalogue says about a function, an error or a topic.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::discover::examples;
use crate::exit;
use crate::explain::rules::{self, Rule};
use crate::model::target::Target;
use crate::report::catalogue::{self, Difference, Entry, Finding, WASM};
use crate::report::{page, style};
use crate::support::edition::{COMMAND, is_installed};
use crate::support::escape::{count, without_controls, wrapped};
use crate::support::suggest::suggest;
use crate::support::terminal::{self, say, text_width};
use crate::workspace::Workspace;

/// How many cases are shown in full, unless all are to be. So the worst one is still on the screen.
const MOST_IN_FULL: usize = 3;

/// How many APIs of a case are listed, unless more of them were searched for.
const MOST_APIS: usize = 6;

/// Prints the cases that match all of `words`, the worst first: without `all`, only the first of them in full. With
/// `target`, this prints only what they say about that target, and with `rule`, only those that the rule explains.
/// Returns the exit code.
///
/// If the words are the path of an item of std, or the end of one, these are the cases that are about the item.
/// Otherwise a case matches a word that is in its id, area, description, APIs, remedy, verdicts, flags or
/// differences; or if no case does, in the output of its program. Case does not matter.
///
/// # Errors
/// If no case matches, if a snapshot is malformed, or if stdout cannot be written to.
pub fn find(
    workspace: &Workspace,
    words: &[String],
    rule: Option<&str>,
    target: Option<Target>,
    all: bool,
) -> Result<u8> {
    let examples = examples::discover(workspace)?;
    let catalogue = catalogue::read(workspace, &examples)?;
    catalogue.note().iter().for_each(|note| say(note));
    let mut entries = catalogue.entries;
    if let Some(rule) = rule {
        if rules::named(rule).is_none() {
            let ids = rules::ALL.map(|rule| rule.id);
            let help = match suggest(rule, ids.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the rules are: {}", ids.join(", ")),
            };
            return Err(exit::error(exit::NOTHING_MATCHED, format!("no rule `{rule}`\nhelp: {help}")));
        }
        entries.retain(|entry| page::rules::of_case(entry).contains(&rule));
        if entries.is_empty() {
            return Err(exit::error(exit::NOTHING_MATCHED, format!("no case is explained by {rule}")));
        }
    }
    let words: Vec<_> = words.iter().map(|word| word.to_lowercase()).collect();
    let item = words.join("::").replace('.', "::");
    let item = item.trim_end_matches("()").trim_end_matches('!');
    let has_all = |text: String| {
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let is_about = |entry: &Entry<'_>| entry.case.claims.apis.iter().any(|api| is_item(api, item));
    let is_described = |entry: &Entry<'_>| has_all(described(entry));
    let is_printed = |entry: &Entry<'_>| has_all(entry.table.draw_unmarked());
    let ways: [&dyn Fn(&Entry<'_>) -> bool; 3] = [&is_about, &is_described, &is_printed];
    entries.retain(|entry| target.is_none_or(|target| entry.case.targets.contains(&target)));
    let Some(matches) = ways.iter().find(|matches| entries.iter().any(matches)) else {
        return Err(exit::error(exit::NOTHING_MATCHED, nothing(&entries, &words)));
    };
    entries.retain(|entry| matches(entry));
    entries.sort_by_key(|entry| entry.harm());
    let in_full = if all { entries.len() } else { entries.len().min(MOST_IN_FULL) };
    let (in_full, others) = entries.split_at(in_full);
    let mut text: String = in_full.iter().map(|entry| draw(workspace, entry, target, item)).collect();
    text.extend(others.iter().map(|entry| title(entry, target)));
    let more = if others.is_empty() { "" } else { ", the worst first; --all shows all of them in full" };
    text.push_str(&format!("{}{more}\n", count(entries.len(), "case")));
    terminal::print_styled(&without_controls(&text), style::of_line)?;
    Ok(exit::OK)
}

/// Whether `item`, in lower case, is the path of this API or the end of it.
fn is_item(api: &str, item: &str) -> bool {
    let api = api.to_lowercase();
    let api = api.trim_end_matches('!');
    api.strip_suffix(item).is_some_and(|before| before.is_empty() || before.ends_with("::"))
}

/// All that the catalogue says about a case, to be searched.
fn described(entry: &Entry<'_>) -> String {
    let claims = &entry.case.claims;
    let mut parts = vec![entry.id(), entry.area().into(), entry.grant().into()];
    parts.extend([&entry.example.summary, &entry.case.about, &claims.remedy].into_iter().flatten().cloned());
    parts.extend(claims.apis.iter().chain(&claims.upstream).cloned());
    for finding in &entry.findings {
        parts.push(finding.harm.name().into());
        parts.extend(finding.difference.iter().flat_map(|shown| [shown.native.clone(), shown.here.clone()]));
        parts.extend(finding.same_with.iter().cloned());
        parts.extend(finding.rule.map(|rule| rule.id.into()));
        parts.extend(finding.differs_with.iter().map(|(flags, _)| flags.clone()));
    }
    parts.join("\n")
}

/// The message that nothing was found, with a similar name if there is one.
fn nothing(entries: &[Entry<'_>], words: &[String]) -> String {
    let apis = entries.iter().flat_map(|entry| &entry.case.claims.apis);
    let names: Vec<_> = apis.flat_map(|api| api.rsplit("::").next()).collect();
    let similar = words.iter().find_map(|word| suggest(word, names.iter().copied()));
    let help = match similar {
        Some(similar) => format!("{COMMAND} find {similar}"),
        None => "search for less, such as the name of a function; DIVERGENCES.md has the index of std".into(),
    };
    format!("no case matches {}\nhelp: {help}", words.join(" "))
}

/// Draws the id of a case and its verdicts, on one line.
fn title(entry: &Entry<'_>, target: Option<Target>) -> String {
    let shown =
        WASM.iter().zip(&entry.findings).filter(|(one, _)| target.is_none_or(|target| target == **one));
    let verdicts: Vec<_> =
        shown.map(|(target, finding)| format!("{target} {}", finding.harm.name())).collect();
    format!("{}   {}\n", entry.id(), verdicts.join(", "))
}

/// Draws a case: its verdicts, what it is about, what differs, the grant, what to do, and where to look.
/// Of many APIs, mainly those that contain `item` are listed.
fn draw(workspace: &Workspace, entry: &Entry<'_>, target: Option<Target>, item: &str) -> String {
    let shown: Vec<_> = WASM
        .iter()
        .zip(&entry.findings)
        .filter(|(one, _)| target.is_none_or(|target| target == **one))
        .collect();
    let mut text = title(entry, target);
    let width = text_width();
    let mut line =
        |title: &str, value: &str| text.push_str(&wrapped(&format!("    {title:<12}  "), value, width));
    if let Some(about) = &entry.case.about {
        line("about", about);
    }
    let (mut apis, others): (Vec<&str>, Vec<&str>) =
        entry.case.claims.apis.iter().map(String::as_str).partition(|api| api.to_lowercase().contains(item));
    let shown_others = others.len().min(MOST_APIS.saturating_sub(apis.len()));
    apis.extend(&others[..shown_others]);
    if !apis.is_empty() {
        let more = match others.len() - shown_others {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        line("std", &format!("{}{more}", apis.join(", ")));
    }
    let differences: Vec<_> = shown
        .iter()
        .filter_map(|(target, finding)| Some((target.name(), finding.difference.as_ref()?)))
        .collect();
    let drawn = |difference: &Difference| match difference.native.as_str() {
        "" => difference.here.clone(),
        native => format!("{native} → {}", difference.here),
    };
    match differences[..] {
        [(_, one), (_, other)] if one == other => line("both", &drawn(one)),
        _ => differences.iter().for_each(|(target, difference)| line(target, &drawn(difference))),
    }
    let named = |rule: &dyn Fn(&Finding) -> Option<&'static Rule>| {
        let rules: BTreeSet<_> = shown.iter().filter_map(|(_, finding)| Some(rule(finding)?.id)).collect();
        rules.into_iter().collect::<Vec<_>>().join(", ")
    };
    let (why, without) = (named(&|finding| finding.rule), named(&|finding| finding.rule_without_grant));
    let without = if without.is_empty() { without } else { format!("without flags: {without}") };
    let why: Vec<_> = [why, without].into_iter().filter(|rules| !rules.is_empty()).collect();
    if !why.is_empty() {
        line("why", &why.join("; "));
    }
    if !entry.grant().is_empty() {
        line("grant", entry.grant());
    }
    let mut flags: Vec<&str> =
        shown.iter().flat_map(|(_, finding)| &finding.same_with).map(String::as_str).collect();
    flags.dedup();
    if !flags.is_empty() {
        line("same with", &flags.join(" or "));
    }
    if let Some(remedy) = &entry.case.claims.remedy {
        line("what to do", remedy);
    }
    for address in &entry.case.claims.upstream {
        line("upstream", address);
    }
    let snapshot = workspace.snapshots().join(format!("{}.snap", entry.id()));
    let shown = if is_installed() { snapshot.display().to_string() } else { workspace.show(&snapshot) };
    line("snapshot", &shown);
    text + "\n"
}
