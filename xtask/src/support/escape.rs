//! A visible and reversible encoding of the bytes that programs print, and of words for a shell.
//!
//! insta ignores trailing white space and the difference between `\r\n` and `\n`, terminals execute control
//! characters, and a diff does not show invisible characters. So all of these are escaped before insta
//! compares them.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns `bytes` as text that consists of printable characters and `\n`.
///
/// Different bytes give different text: a backslash is doubled, control and other invisible characters
/// become `\r`, `\t`, `\0` or `\u{…}`, bytes that are not valid UTF-8 become `\xff`, and the last space
/// before the end of a line becomes `\x20`. Line feeds are kept.
pub fn visible(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => {
                    escape_trailing_space(&mut text);
                    text.push('\n');
                }
                // `escape_debug` also escapes quotes, which are visible enough.
                '\'' | '"' => text.push(c),
                _ => text.extend(c.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("writing to a String cannot fail");
        }
    }
    escape_trailing_space(&mut text);
    text
}

/// Escapes the last space before the end of each line, as [`visible`] does, in text that was changed since.
pub fn with_visible_ends(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        escaped.push_str(line.trim_end_matches('\n'));
        escape_trailing_space(&mut escaped);
        escaped.extend(line.ends_with('\n').then_some('\n'));
    }
    escaped
}

fn escape_trailing_space(text: &mut String) {
    if text.ends_with(' ') {
        text.pop();
        text.push_str("\\x20");
    }
}

/// Whether a terminal or an editor would act on this character instead of showing it: control characters,
/// including C1, characters that change the direction of text, and other invisible ones. A line feed is
/// one, too, but not a combining accent.
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    // `str::escape_debug` escapes a combining character only at the beginning.
    let mut bytes = [b'a'; 5];
    let length = 1 + c.encode_utf8(&mut bytes[1..]).len();
    str::from_utf8(&bytes[..length]).is_ok_and(|text| text.escape_debug().nth(1) == Some('\\'))
}

/// Returns text in which all hidden characters except line feeds are spelled as [`visible`] does. Backslashes
/// are kept, so this is for text that is only read by people.
pub fn without_controls(text: &str) -> Cow<'_, str> {
    let is_spelled = |c: char| c != '\n' && is_hidden(c);
    if !text.contains(is_spelled) {
        return text.into();
    }
    let mut spelled = String::with_capacity(text.len());
    for c in text.chars() {
        if is_spelled(c) {
            spelled.extend(c.escape_debug());
        } else {
            spelled.push(c);
        }
    }
    spelled.into()
}

/// The line that is added to a text without a line feed at its end. It cannot be confused with a line of
/// the text, as all of these are drawn after a bar.
pub const NO_NEWLINE: &str = "(no newline at the end)";

/// Draws text that [`visible`] has returned as lines after a bar, as they appear in a snapshot.
pub fn bars(visible: &str) -> String {
    let mut drawn = String::new();
    for line in visible.lines() {
        drawn.push('│');
        drawn.push_str(line);
        drawn.push('\n');
    }
    if !visible.is_empty() && !visible.ends_with('\n') {
        drawn.push_str(NO_NEWLINE);
        drawn.push('\n');
    }
    drawn
}

/// Puts `prefix` before each line that is not empty, and ends the last line with a line feed.
pub fn indent(text: &str, prefix: &str) -> String {
    let mut indented = String::new();
    for line in text.lines() {
        if !line.is_empty() {
            indented.push_str(prefix);
        }
        indented.push_str(line);
        indented.push('\n');
    }
    indented
}

/// Quotes a word so that a shell reads it as one word, and so that it fits on one line and shows all that it has.
///
/// Most words are quoted as POSIX requires. Hidden characters and bytes that are not valid UTF-8 need the quotes `$'…'`,
/// which bash, ksh and zsh support, and POSIX since 2024. They are spelled byte by byte, as a shell whose locale is not
/// UTF-8 does not understand `\u`.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@%+{}".contains(c);
    if word.chars().any(is_hidden) || word.contains(BYTE) {
        return ansi_quoted(&bytes_of(word));
    }
    match !word.is_empty() && word.chars().all(plain) && !has_brace_expansion(word) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Whether bash would make several words of this one: `{a,b}` and `{1..9}`.
fn has_brace_expansion(word: &str) -> bool {
    let mut insides = word.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default());
    insides.any(|inside| inside.contains(',') || inside.contains(".."))
}

/// Quotes bytes in `$'…'`.
fn ansi_quoted(bytes: &[u8]) -> String {
    let mut quoted = String::from("$'");
    let spell = |quoted: &mut String, bytes: &[u8]| {
        for byte in bytes {
            write!(quoted, "\\x{byte:02x}").expect("writing to a String cannot fail");
        }
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' | '\r' | '\t' | '\\' | '\'' => quoted.extend(c.escape_default()),
                c if is_hidden(c) => spell(&mut quoted, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => quoted.push(c),
            }
        }
        spell(&mut quoted, chunk.invalid());
    }
    quoted + "'"
}

/// The beginning of the form in which an argument in cases.toml spells a byte that is not valid UTF-8:
/// `{byte:e9}`.
pub const BYTE: &str = "{byte:";

/// The bytes of an argument in cases.toml. Each `{byte:e9}` becomes that byte; what begins so but is not
/// complete stays as it is.
pub fn bytes_of(word: &str) -> Vec<u8> {
    let mut parts = word.split(BYTE);
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.split_once('}').and_then(|(byte, rest)| Some((u8::from_str_radix(byte, 16).ok()?, rest))) {
            Some((byte, rest)) => {
                bytes.push(byte);
                bytes.extend(rest.as_bytes());
            }
            None => bytes.extend([BYTE.as_bytes(), part.as_bytes()].concat()),
        }
    }
    bytes
}

/// Quotes words with [`shell_word`] and joins them to a command line.
pub fn shell_words<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(shell_word).collect::<Vec<_>>().join(" ")
}

/// Draws a command line with variables as a shell reads it: `A=1 cat 'a b'`. A shell assigns only to names that are
/// identifiers (POSIX, "Name"); for others it is `env` that does.
pub fn shell_line<'a>(
    variables: impl IntoIterator<Item = (&'a str, &'a str)>,
    words: impl IntoIterator<Item = &'a str>,
) -> String {
    let is_name = |name: &str| {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        name.chars().all(is_letter) && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    let variables: Vec<_> = variables.into_iter().collect();
    let mut line: Vec<_> = match variables.iter().all(|(name, _)| is_name(name)) {
        true => variables.iter().map(|(name, value)| format!("{name}={}", shell_word(value))).collect(),
        false => {
            let assigned = variables.iter().map(|(name, value)| shell_word(&format!("{name}={value}")));
            ["env".into(), "--".into()].into_iter().chain(assigned).collect()
        }
    };
    line.extend(words.into_iter().map(shell_word));
    line.join(" ")
}

/// A number and its noun, which forms its plural with `s`: `1 cell`, `2 cells`.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// Breaks a text into lines of at most `width` characters, if its words are not longer. The first line begins with
/// `start`, and the others with as many spaces. Ends with a line feed.
pub fn wrapped(start: &str, text: &str, width: usize) -> String {
    if !text.contains('\n') && start.chars().count() + text.chars().count() <= width {
        return format!("{start}{text}\n");
    }
    let mut wrapped = String::from(start);
    let indent = start.chars().count();
    let mut column = indent;
    for word in words(text) {
        let length = word.chars().count();
        if column > indent && column + 1 + length > width {
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > indent {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(&word);
        column += length;
    }
    wrapped + "\n"
}

/// Splits a text into words. What is between backticks is one, so that a command can be copied.
fn words(text: &str) -> Vec<String> {
    let is_open = |word: &str| word.matches('`').count() % 2 == 1;
    let is_balanced = !is_open(text);
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if is_balanced && is_open(last) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.into()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_wrapped() {
        assert_eq!(wrapped("", "one two  three\nfour", 9), "one two\nthree\nfour\n");
        assert_eq!(wrapped("", "type `one  two` or three", 9), "type\n`one two`\nor three\n");
        assert_eq!(wrapped("", "a ` is one two three", 9), "a ` is\none two\nthree\n");
        assert_eq!(wrapped("", "a  b", 4), "a  b\n");
        assert_eq!(wrapped("", "longer than five", 5), "longer\nthan\nfive\n");
        assert_eq!(wrapped("→ it:  ", "one two three", 14), "→ it:  one two\n       three\n");
    }

    #[track_caller]
    fn check(bytes: &[u8], drawn: &str) {
        assert_eq!(bars(&visible(bytes)).trim_end(), drawn);
    }

    #[test]
    fn every_byte_is_visible() {
        check(b"", "");
        check(b"hello\n", "│hello");
        check(b"hello", "│hello\n(no newline at the end)");
        check(b"\n\n", "│\n│");
        check(b"a\r\nb\tc\0", "│a\\r\n│b\\tc\\0\n(no newline at the end)");
        check(b"two  \none \n", "│two \\x20\n│one\\x20");
        check(b"\x1b[31mred\x7f\n", "│\\u{1b}[31mred\\u{7f}");
        check(b"caf\xc3\xa9 \xf0\x9f\x92\xa9 \xff\xfe\n", "│café 💩 \\xff\\xfe");
        check("bidi \u{202e} zero\u{200b}width\n".as_bytes(), "│bidi \\u{202e} zero\\u{200b}width");
        check(b"C:\\new \"it's\"\n", "│C:\\\\new \"it's\"");
    }

    #[test]
    fn hidden_characters_are_spelled() {
        for plain in ["", "a\\b: \"it's\" │ 💩\nü", "u\u{308}ber"] {
            assert!(matches!(without_controls(plain), Cow::Borrowed(same) if same == plain), "{plain}");
        }
        assert_eq!(without_controls("\u{1b}[2J\u{9b}2J\r\n\t\u{7f}"), "\\u{1b}[2J\\u{9b}2J\\r\n\\t\\u{7f}");
        assert_eq!(
            without_controls("\u{202e}\u{2066}\u{61c}\u{feff}\u{2028}\u{85}"),
            "\\u{202e}\\u{2066}\\u{61c}\\u{feff}\\u{2028}\\u{85}"
        );
    }

    #[test]
    fn arguments_spell_bytes() {
        assert_eq!(bytes_of("caf{byte:e9}!{byte:ff}"), b"caf\xe9!\xff");
        assert_eq!(bytes_of("{byte} {byte:"), b"{byte} {byte:");
        assert_eq!(shell_word("caf{byte:e9}"), r"$'caf\xe9'");
        assert_eq!(shell_word("it's caf{byte:e9}!"), r"$'it\'s caf\xe9!'");
    }

    #[test]
    fn different_bytes_are_drawn_differently() {
        let samples: [&[u8]; 10] =
            [b"a", b"a\n", b"a \n", b"a\r\n", b"a\\x20\n", b"a\\r\n", b"a\xff\n", b"a\\xff\n", b"", b"\n"];
        for (i, one) in samples.iter().enumerate() {
            for other in &samples[i + 1..] {
                assert_ne!(bars(&visible(one)), bars(&visible(other)), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(
            shell_words(["cat", "a b", "it's", "", "--dir=.::/data"]),
            r"cat 'a b' 'it'\''s' '' --dir=.::/data"
        );
        assert_eq!(shell_word("a\nb'c"), r"$'a\nb\'c'");
        assert_eq!(shell_word("\u{1b}[2J\u{7f}\t\r\\"), r"$'\x1b[2J\x7f\t\r\\'");
        assert_eq!(shell_word("ü\u{202e}\u{200b}"), r"$'ü\xe2\x80\xae\xe2\x80\x8b'");
        assert_eq!(shell_words(["a{b,c}", "{1..3}", "{cwd}/../x,y"]), "'a{b,c}' '{1..3}' {cwd}/../x,y");
    }

    #[test]
    fn lines_have_variables() {
        assert_eq!(shell_line([("A", "1"), ("B_2", "a b")], ["cat", ""]), "A=1 B_2='a b' cat ''");
        assert_eq!(shell_line([], ["cat"]), "cat");
        for name in ["a b", "2", "a-b", "ä"] {
            let words = shell_word(&format!("{name}=1"));
            assert_eq!(shell_line([(name, "1"), ("A", "$")], ["cat"]), format!("env -- {words} 'A=$' cat"));
        }
    }
}
