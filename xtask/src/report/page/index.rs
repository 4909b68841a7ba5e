//! The indices at the end of the page: by area, and by item of std.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::markdown::{area, code};
use crate::model::harm::Harm;
use crate::report::catalogue::{Entry, WASM};

/// Draws the table of areas: how many cases there are of each kind, by the worst that they say.
pub fn by_area(entries: &[Entry<'_>]) -> String {
    const SHOWN: [Harm; 7] =
        [Harm::Silent, Harm::Abort, Harm::Error, Harm::Output, Harm::Build, Harm::Wording, Harm::Same];
    let mut text = String::from("| area | cases |");
    SHOWN
        .iter()
        .for_each(|harm| write!(text, " {} |", harm.name()).expect("writing to a String cannot fail"));
    text.push_str("\n|---|--:|");
    text.push_str(&"--:|".repeat(SHOWN.len()));
    text.push('\n');
    for cases in entries.chunk_by(|one, other| one.area() == other.area()) {
        write!(text, "| {} | {} |", area(cases[0].area()), cases.len())
            .expect("writing to a String cannot fail");
        for harm in SHOWN {
            let number = cases.iter().filter(|entry| entry.harm() == harm).count();
            let shown = if number == 0 { String::new() } else { number.to_string() };
            write!(text, " {shown} |").expect("writing to a String cannot fail");
        }
        text.push('\n');
    }
    text
}

/// Draws the index of items of std: each with the cases that are about it, the worst first.
pub fn by_api(entries: &[Entry<'_>]) -> String {
    let mut by_api: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
    for entry in entries {
        for api in &entry.case.claims.apis {
            by_api.entry(api).or_default().push(entry);
        }
    }
    let mut text = String::from("| API | cases |\n|---|---|\n");
    for (api, mut entries) in by_api {
        entries.sort_by_key(|entry| entry.harm());
        let links: Vec<_> =
            entries.iter().map(|entry| format!("{}: {}", link(entry), verdicts(entry))).collect();
        writeln!(text, "| {} | {} |", code(api), links.join("<br>"))
            .expect("writing to a String cannot fail");
    }
    text
}

/// Returns a link to the snapshot of a case.
fn link(entry: &Entry<'_>) -> String {
    let id = entry.id();
    format!("[{id}](snapshots/{id}.snap)")
}

/// Returns the verdicts of a case in words: `same`, or `wasip1 same, wasip2 silent`.
pub fn verdicts(entry: &Entry<'_>) -> String {
    match entry.findings.each_ref().map(|finding| finding.harm) {
        [one, other] if one == other => one.name().into(),
        harms => {
            let run = WASM.iter().zip(harms).filter(|(_, harm)| *harm != Harm::NotRun);
            run.map(|(target, harm)| format!("{target} {}", harm.name())).collect::<Vec<_>>().join(", ")
        }
    }
}
