//! Converts plain text to Markdown for GitHub: escapes special characters, and formats code as code. Control
//! characters and other hidden ones are spelled.

use crate::support::escape::without_controls;

/// Converts a line of text for a cell of a table. Code in backticks stays code, and words that can only be
/// code become code.
pub fn inline(text: &str) -> String {
    let text = without_controls(text);
    let mut markdown = Markdown::default();
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once('`') {
        markdown.words(before);
        match after.split_once('`') {
            Some((inside, remaining)) if !inside.trim().is_empty() => {
                markdown.push(&code(inside));
                rest = remaining;
            }
            _ => {
                markdown.push("\\`");
                rest = after;
            }
        }
    }
    markdown.words(rest);
    markdown.0
}

#[derive(Default)]
struct Markdown(String);

impl Markdown {
    fn push(&mut self, part: &str) {
        if self.0.ends_with('`') && part.starts_with('`') {
            // Without this, two adjacent pieces of code would become one.
            self.0.push_str("<!-- -->");
        }
        self.0.push_str(part);
    }

    /// Appends text without backticks, word by word.
    fn words(&mut self, text: &str) {
        for word in text.split_inclusive(|c: char| c.is_whitespace() || c.is_control()) {
            let (before, core, after) = within_punctuation(word);
            if is_code(core) {
                self.push(&(escape(before) + &code(core) + &escape(after)));
            } else {
                self.push(&escape(word));
            }
        }
    }
}

/// Splits a word into the punctuation before it, the word itself, and the punctuation and space after it.
fn within_punctuation(word: &str) -> (&str, &str, &str) {
    let trimmed = word.trim_start_matches(['(', '"', '\'']);
    let before = &word[..word.len() - trimmed.len()];
    let mut core = trimmed.trim_end();
    while let Some(last) = core.chars().next_back() {
        let shorter = &core[..core.len() - last.len_utf8()];
        let is_around = match last {
            ',' | ';' | '!' | '?' | '"' | '\'' => true,
            // A period ends a sentence only after a word; in `--dir=.` it does not.
            '.' => shorter.ends_with(|c: char| c.is_alphanumeric() || c == ')'),
            ')' => core.matches('(').count() < core.matches(')').count(),
            // A colon is kept if only the colon makes the word a shortcode.
            ':' => !is_shortcode(core) || is_code(shorter),
            _ => false,
        };
        if !is_around {
            break;
        }
        core = shorter;
    }
    (before, core, &trimmed[core.len()..])
}

/// Whether a word is a path or a name of Rust with an underscore, a flag, or something that GitHub would show
/// as an emoji, such as `:thread:` in `std::thread::spawn`.
fn is_code(word: &str) -> bool {
    let is_flag = word.strip_prefix("--").is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
    let is_name = word.split('_').all(|part| part.contains(char::is_alphanumeric)) && word.contains('_');
    is_flag || is_name || word.contains("::") || is_shortcode(word)
}

/// Whether a word contains a name between two colons, which GitHub may show as an emoji.
fn is_shortcode(word: &str) -> bool {
    let mut parts: Vec<_> = word.split(':').skip(1).collect();
    parts.pop();
    let of_name = |c: char| c.is_ascii_alphanumeric() || "_+-".contains(c);
    parts.iter().any(|part| !part.is_empty() && part.chars().all(of_name))
}

/// Formats text as code.
pub fn code(text: &str) -> String {
    let text = without_controls(text).replace('\n', " ");
    if !text.contains(['`', '|']) {
        return format!("`{text}`");
    }
    // A backtick would end the code, and a bar would end the cell. Within `<code>`, other punctuation can have
    // a meaning in Markdown, so each such character is written as its number.
    let escaped = text.chars().map(|c| match c {
        c if c.is_ascii_punctuation() => format!("&#{};", u32::from(c)),
        c => c.to_string(),
    });
    format!("<code>{}</code>", escaped.collect::<String>())
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' => escaped.extend(['\\', c]),
            // GitHub shows text between two dollar signs as mathematics; its documentation recommends this.
            '$' => escaped.push_str("<span>$</span>"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns the anchor that GitHub gives to a heading.
pub fn anchor(heading: &str) -> String {
    let kept = |c: char| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || "-_".contains(c) => Some(c),
        _ => None,
    };
    heading.to_lowercase().chars().filter_map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(inline(text), expected);
    }

    #[test]
    fn special_characters_are_escaped() {
        check("a | b", r"a \| b");
        check(r"*a* _b_ [c](d) <e> &amp; \ ~f~", r"\*a\* \_b\_ \[c\](d) \<e\> \&amp; \\ \~f\~");
        check("$a and $b", "<span>$</span>a and <span>$</span>b");
        check("a\nb", "a b");
        check("a\rb \u{1b}[31m \u{9b}2J", r"a\\rb \\u{1b}\[31m \\u{9b}2J");
        check("`a\u{1b}[2J\u{202e}`", r"`a\u{1b}[2J\u{202e}`");
        check("It's plain: 3 × 4, so-called.", "It's plain: 3 × 4, so-called.");
    }

    #[test]
    fn code_stays_code() {
        check("the `unreachable` *instruction*", r"the `unreachable` \*instruction\*");
        check("`a_b*c` and `x`", "`a_b*c` and `x`");
        check("`a|b`", "<code>a&#124;b</code>");
        check("one ` alone", r"one \` alone");
        check("``x`` ` `", r"\`<!-- -->`x`\` \` \`");
    }

    #[test]
    fn words_that_can_only_be_code_become_code() {
        check("std::thread::spawn (std::fs), --dir=..", "`std::thread::spawn` (`std::fs`), `--dir=..`");
        check("a std::fs. And --dir=., not", "a `std::fs`. And `--dir=.`, not");
        check("ExitCode::from(3) from main", "`ExitCode::from(3)` from main");
        check("(as in process::exit(3)).", "(as in `process::exit(3)`).");
        check("try_reserve, RUST_BACKTRACE; _start", r"`try_reserve`, `RUST_BACKTRACE`; \_start");
        check("only a --dir; a -- b, --", "only a `--dir`; a -- b, --");
        check(":thread: is 12:30:00", "`:thread:` is `12:30:00`");
        check("std::fs: a path: that", "`std::fs`: a path: that");
        check("std::fs`x`", "`std::fs`<!-- -->`x`");
        check("a::b|c:", "<code>a&#58;&#58;b&#124;c</code>:");
    }

    #[test]
    fn anchors() {
        assert_eq!(anchor("std::fs"), "stdfs");
        assert_eq!(anchor("wasmtime's limits"), "wasmtimes-limits");
        assert_eq!(anchor("What `A_b` is"), "what-a_b-is");
    }
}
