//! A row of the page: a case, its verdicts, what differs, the grant that it needs, and what to do.

use std::collections::BTreeSet;

use super::markdown::{code, inline};
use crate::report::catalogue::{Difference, Entry, Finding, WASM};

/// The title of the tables that are drawn with [`row`].
pub const TITLE: &str = "\
| case | wasip1 | wasip2 | native → here | grant | what to do |
|---|---|---|---|---|---|
";

/// In characters. Longer texts are cut; the snapshot has all of it.
const LONGEST: usize = 90;

/// How many characters are shown before the place where two long texts differ.
const CONTEXT: usize = 20;

/// In bytes. Longer flags are left out; the snapshot has them.
const LONGEST_FLAGS: usize = 60;

/// How many rows of flags with the same effect are shown.
const MOST_FLAGS: usize = 3;

/// Draws the row of an entry.
pub fn row(entry: &Entry<'_>) -> String {
    let [wasip1, wasip2] = entry.findings.each_ref().map(|finding| finding.harm.name());
    let differs = per_target(entry, |finding| finding.difference.as_ref().map(difference));
    let grant = if entry.grant().is_empty() { "—".into() } else { flags(entry.grant()) };
    format!("| {} | {wasip1} | {wasip2} | {differs} | {grant} | {} |\n", case(entry), to_do(entry))
}

/// Draws what a case is about, with links to its snapshot, its source and what upstream says.
pub fn case(entry: &Entry<'_>) -> String {
    let (example, name) = (&entry.example.name, &entry.case.name);
    let about = inline(entry.case.about.as_deref().unwrap_or_default());
    let upstream = entry
        .case
        .claims
        .upstream
        .iter()
        .map(|address| format!(", [{}]({address})", inline(&thread(address))));
    let rules: BTreeSet<_> =
        entry.findings.iter().filter_map(|finding| finding.rule).map(|rule| rule.id).collect();
    let rules = rules.into_iter().map(|rule| format!(", why: [{rule}](#{rule})"));
    format!(
        "[{example}/{name}](snapshots/{example}/{name}.snap): {about} ([source](examples/{example}/src/main.rs){}{})",
        rules.collect::<String>(),
        upstream.collect::<String>()
    )
}

/// The short name of an issue, a pull request or a commit: `wasi-libc#791`.
fn thread(address: &str) -> String {
    let parts: Vec<&str> = address.trim_end_matches('/').split('/').collect();
    match parts[..] {
        [.., repository, "issues" | "pull", number] => format!("{repository}#{number}"),
        [.., repository, "commit", hash] => format!("{repository}@{}", hash.get(..8).unwrap_or(hash)),
        _ => "upstream".into(),
    }
}

/// Draws a difference: `native → here`. If the texts are long, they begin shortly before they differ.
pub fn difference(difference: &Difference) -> String {
    let Difference { native, here } = difference;
    let is_long = native.chars().count().max(here.chars().count()) > LONGEST;
    let same = native.chars().zip(here.chars()).take_while(|(one, other)| one == other).count();
    let skipped = if is_long { same.saturating_sub(CONTEXT) } else { 0 };
    let shown = |text: &str| match (text.is_empty(), skipped) {
        (true, _) => "nothing".into(),
        (false, 0) => code(&cut(text)),
        (false, _) => code(&cut(&['…'].into_iter().chain(text.chars().skip(skipped)).collect::<String>())),
    };
    match native.is_empty() && !here.is_empty() {
        true => shown(here),
        false => format!("{} → {}", shown(native), shown(here)),
    }
}

/// The start of a text that is too long.
fn cut(text: &str) -> String {
    let text = text.trim();
    match text.chars().count() > LONGEST {
        true => text.chars().take(LONGEST - 1).chain(['…']).collect(),
        false => text.into(),
    }
}

/// Flags as code. Long ones are replaced by a hint.
pub fn flags(flags: &str) -> String {
    if flags.len() <= LONGEST_FLAGS { code(flags) } else { "see the snapshot".into() }
}

fn to_do(entry: &Entry<'_>) -> String {
    let flags = per_target(entry, |finding| {
        let shown: Vec<_> = finding.same_with.iter().take(MOST_FLAGS).map(|row| flags(row)).collect();
        (!shown.is_empty()).then(|| shown.join(" or "))
    });
    let remedy = entry.case.claims.remedy.as_deref().filter(|_| entry.harm().is_harmful()).map(inline);
    match (remedy, flags.as_str()) {
        (Some(remedy), "—") => remedy,
        (None, flags) => flags.into(),
        (Some(remedy), flags) => format!("{flags}; or: {remedy}"),
    }
}

/// A text about both targets once if it is the same, and otherwise the text about each with its name. `—` if
/// there is none.
fn per_target(entry: &Entry<'_>, text: impl Fn(&Finding) -> Option<String>) -> String {
    match entry.findings.each_ref().map(text) {
        [None, None] => "—".into(),
        [Some(one), Some(other)] if one == other => one,
        texts => {
            let named =
                WASM.iter().zip(texts).filter_map(|(target, text)| Some(format!("{target}: {}", text?)));
            named.collect::<Vec<_>>().join("<br>")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_threads() {
        assert_eq!(thread("https://github.com/WebAssembly/wasi-libc/pull/791"), "wasi-libc#791");
        assert_eq!(thread("https://github.com/rust-lang/rust/commit/0123456789"), "rust@01234567");
        assert_eq!(thread("https://example.org/"), "upstream");
    }

    #[test]
    fn differences() {
        let drawn =
            |native: &str, here: &str| difference(&Difference { native: native.into(), here: here.into() });
        assert_eq!(drawn("a", "b"), "`a` → `b`");
        assert_eq!(drawn("a", ""), "`a` → nothing");
        assert_eq!(drawn("", "trap: x"), "`trap: x`");
        assert_eq!(drawn("", &"x".repeat(100)), format!("`{}…`", "x".repeat(89)));
        let long = "x".repeat(100);
        assert_eq!(
            drawn(&format!("{long}a"), &format!("{long}b")),
            format!("`…{0}a` → `…{0}b`", "x".repeat(20))
        );
    }
}
