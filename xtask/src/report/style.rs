//! The styles of lines on a terminal that commands print about cases and cells.

use std::ops::Range;

use anstyle::{AnsiColor, Style};

use crate::model::harm::Harm;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The titles of lines: all that `find` and `why` print before a value.
const TITLES: [&str; 18] = [
    "about",
    "std",
    "both",
    "wasip1",
    "wasip2",
    "why",
    "grant",
    "same with",
    "what to do",
    "upstream",
    "snapshot",
    "native",
    "Instead:",
    "Known:",
    "Try:",
    "Or:",
    "Source:",
    "More:",
];

/// Returns the parts of a line that have a style, in their order.
pub fn of_line(line: &str) -> Vec<(Range<usize>, Style)> {
    if let Some((id, _)) = line.split_once(" differs from native") {
        return vec![(0..id.len(), BOLD)];
    }
    if line.starts_with("Cannot tell") {
        return vec![(0.."Cannot tell".len(), AnsiColor::Yellow.on_default())];
    }
    let indent = line.len() - line.trim_start_matches(' ').len();
    let Some((title, rest)) = line[indent..].split_once("  ") else { return Vec::new() };
    if indent == 0 && title.contains('/') {
        return [(0..title.len(), BOLD)].into_iter().chain(verdicts(rest, title.len() + 2)).collect();
    }
    match indent > 0 && TITLES.contains(&title) {
        true => vec![(indent..indent + title.len(), DIM)],
        false => Vec::new(),
    }
}

/// The verdicts in `text`, such as `wasip1 same, wasip2 silent`, which begins at `start` of its line.
fn verdicts(text: &str, start: usize) -> Vec<(Range<usize>, Style)> {
    let mut styles = Vec::new();
    let mut at = start;
    for part in text.split_inclusive(", ") {
        let shown = part.trim_end_matches([',', ' ', '\n']);
        let word = shown.trim_start().split_once(' ').map_or("", |(_, word)| word);
        let end = at + shown.len();
        styles.extend(color(word).map(|color| (end - word.len()..end, color.on_default())));
        at += part.len();
    }
    styles
}

fn color(verdict: &str) -> Option<AnsiColor> {
    const COLORS: [(Harm, AnsiColor); 6] = [
        (Harm::Silent, AnsiColor::Red),
        (Harm::Abort, AnsiColor::Red),
        (Harm::Error, AnsiColor::Yellow),
        (Harm::Output, AnsiColor::Yellow),
        (Harm::Build, AnsiColor::Yellow),
        (Harm::Same, AnsiColor::Green),
    ];
    COLORS.iter().find(|(harm, _)| harm.name() == verdict).map(|(_, color)| *color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, styled: &[&str]) {
        let parts: Vec<_> = of_line(line).into_iter().map(|(range, _)| &line[range]).collect();
        assert_eq!(parts, styled);
    }

    #[test]
    fn ids_titles_and_verdicts_have_styles() {
        check("cat/copy   wasip1 same, wasip2 silent\n", &["cat/copy", "same", "silent"]);
        check("cat/copy   wasip2 no baseline\n", &["cat/copy"]);
        check("    what to do    copy it twice\n", &["what to do"]);
        check("                  and so on  \n", &[]);
        check("cat/sample/default@wasip1 differs from native\n", &["cat/sample/default@wasip1"]);
        check("  Source:  https://example.org\n", &["Source:"]);
        check("a paragraph\n", &[]);
    }
}
