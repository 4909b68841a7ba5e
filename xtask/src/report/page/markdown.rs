//! Converts plain text to Markdown for GitHub: escapes special characters, and keeps code in backticks. Control
//! characters and other hidden ones are spelled.

use crate::support::escape::without_controls;

/// Converts a line of text for a cell of a table. Code in backticks stays code.
pub fn inline(text: &str) -> String {
    let text = without_controls(text);
    let mut markdown = Markdown::default();
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once('`') {
        markdown.push(&escape(before));
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
    markdown.push(&escape(rest));
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
}

/// Converts the name of an area. One that is a path of Rust is code.
pub fn area(name: &str) -> String {
    if name.contains("::") { code(name) } else { inline(name) }
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
        '@' => NO_ADDRESS.into(),
        c if c.is_ascii_punctuation() => format!("&#{};", u32::from(c)),
        c => c.to_string(),
    });
    format!("<code>{}</code>", escaped.collect::<String>())
}

/// An `@` that is no part of an address: GitHub also makes links of those that are written as numbers, but not if HTML
/// is before it.
const NO_ADDRESS: &str = "<!-- -->&#64;";

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for (at, c) in text.char_indices() {
        match c {
            // GitHub makes links of addresses, of which escapes become a part: what follows would be something else.
            ':' if text[at..].starts_with("://") => escaped.push_str("&#58;"),
            '.' if text[..at].to_ascii_lowercase().ends_with("www") => escaped.push_str("&#46;"),
            '@' => escaped.push_str(NO_ADDRESS),
            '\\' | '`' | '*' | '_' | '[' | ']' | '>' | '&' | '~' | '|' => escaped.extend(['\\', c]),
            '<' => escaped.push_str("&lt;"),
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
        check(r"*a* _b_ [c](d) <e> &amp; \ ~f~", r"\*a\* \_b\_ \[c\](d) &lt;e\> \&amp; \\ \~f\~");
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
        check("std::fs, --dir=.", "std::fs, --dir=.");
        check("http://e/x_y<img src=x>", r"http&#58;//e/x\_y&lt;img src=x\>");
        check("www.e/*x, WWW.e", r"www&#46;e/\*x, WWW&#46;e");
        check(
            "a@b.c `a@b.c` `a|b@c.d`",
            "a<!-- -->&#64;b.c `a@b.c` <code>a&#124;b<!-- -->&#64;c&#46;d</code>",
        );
        check("``x`` ` `", r"\`<!-- -->`x`\` \` \`");
    }

    #[test]
    fn areas_that_are_paths_are_code() {
        assert_eq!(area("std::fs"), "`std::fs`");
        assert_eq!(area("first_steps"), r"first\_steps");
    }

    #[test]
    fn anchors() {
        assert_eq!(anchor("std::fs"), "stdfs");
        assert_eq!(anchor("wasmtime's limits"), "wasmtimes-limits");
        assert_eq!(anchor("What `A_b` is"), "what-a_b-is");
    }
}
