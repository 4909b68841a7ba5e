//! Plain text spelled as Markdown, for GitHub: what is special is escaped, what is code is code.

/// Spells a line of text so that it can stand in a cell of a table. Code in backticks stays code, and
/// words that can only be code become code.
pub fn inline(text: &str) -> String {
    let mut spelled = Spelled::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        spelled.words(before);
        match after.split_once('`') {
            Some((inside, behind)) if !inside.trim().is_empty() => {
                spelled.push(&code(inside));
                rest = behind;
            }
            _ => {
                spelled.push("\\`");
                rest = after;
            }
        }
    }
    spelled.words(rest);
    spelled.0
}

#[derive(Default)]
struct Spelled(String);

impl Spelled {
    fn push(&mut self, part: &str) {
        if self.0.ends_with('`') && part.starts_with('`') {
            // Two pieces of code that touch would become one.
            self.0.push_str("<!-- -->");
        }
        self.0.push_str(part);
    }

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

/// A word without the punctuation and the blank around it, and these.
fn within_punctuation(word: &str) -> (&str, &str, &str) {
    let begun = word.trim_start_matches(['(', '"', '\'']);
    let before = &word[..word.len() - begun.len()];
    let mut core = begun.trim_end();
    while let Some(last) = core.chars().next_back() {
        let shorter = &core[..core.len() - last.len_utf8()];
        let is_around = match last {
            ',' | ';' | '!' | '?' | '"' | '\'' => true,
            // A full stop ends a sentence only behind a word: `--dir=.` is whole.
            '.' => shorter.ends_with(|c: char| c.is_alphanumeric() || c == ')'),
            ')' => core.matches('(').count() < core.matches(')').count(),
            // A colon belongs to a word that is nothing special without it.
            ':' => !is_shortcode(core) || is_code(shorter),
            _ => false,
        };
        if !is_around {
            break;
        }
        core = shorter;
    }
    (before, core, &begun[core.len()..])
}

/// Paths and long names of Rust, flags, and what GitHub would otherwise draw as an emoji:
/// `std::thread::spawn` has a spool of thread in it.
fn is_code(word: &str) -> bool {
    let is_flag = word.strip_prefix("--").is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
    let is_name = word.split('_').all(|part| part.contains(char::is_alphanumeric)) && word.contains('_');
    is_flag || is_name || word.contains("::") || is_shortcode(word)
}

fn is_shortcode(word: &str) -> bool {
    let mut parts: Vec<_> = word.split(':').skip(1).collect();
    parts.pop();
    let of_name = |c: char| c.is_ascii_alphanumeric() || "_+-".contains(c);
    parts.iter().any(|part| !part.is_empty() && part.chars().all(of_name))
}

/// Spells text as code.
pub fn code(text: &str) -> String {
    if !text.contains(['`', '|']) {
        return format!("`{text}`");
    }
    // What would end the code or the cell is spelled by its number, and so is all else that Markdown
    // might see in what is not code to it.
    let spelled = text.chars().map(|c| match c {
        c if c.is_ascii_punctuation() => format!("&#{};", u32::from(c)),
        c => c.to_string(),
    });
    format!("<code>{}</code>", spelled.collect::<String>())
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' => escaped.extend(['\\', c]),
            // As GitHub's documentation says to keep what stands between two of them from being drawn
            // as mathematics.
            '$' => escaped.push_str("<span>$</span>"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The anchor that GitHub gives to a heading.
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
    fn check(text: &str, spelled: &str) {
        assert_eq!(inline(text), spelled);
    }

    #[test]
    fn special_characters() {
        check("a | b", r"a \| b");
        check(r"*a* _b_ [c](d) <e> &amp; \ ~f~", r"\*a\* \_b\_ \[c\](d) \<e\> \&amp; \\ \~f\~");
        check("$a and $b", "<span>$</span>a and <span>$</span>b");
        check("a\rb", "a b");
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
    fn what_can_only_be_code_becomes_code() {
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
