//! Bytes made visible: an encoding in which every byte of an outcome shows and none is lost.
//!
//! insta takes trailing white space and `\r\n` for nothing, terminals act on control characters,
//! and a diff hides what has no shape. So all of these are spelled out here, before insta sees them.

use std::fmt::Write;

/// Spells `bytes` as text of printable characters and `\n`.
///
/// The encoding can be undone: a backslash is doubled, control and other invisible characters
/// become `\r`, `\t`, `\0` or `\u{…}`, bytes that are no UTF-8 become `\xff`, and the last blank
/// before a line's end becomes `\x20`. Line feeds stay, whether the last line has one or not.
pub fn visible(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => {
                    spell_trailing_blank(&mut text);
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
    spell_trailing_blank(&mut text);
    text
}

fn spell_trailing_blank(text: &mut String) {
    if text.ends_with(' ') {
        text.pop();
        text.push_str("\\x20");
    }
}

/// What stands behind a text's last line if that line has no line feed. Lines of the text itself
/// always stand behind a bar, so the two cannot be mistaken for each other.
const NO_NEWLINE: &str = "(no newline at the end)";

/// Draws visible text as lines behind a bar, ready to stand in a snapshot.
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

/// Puts `by` in front of every line that is not empty.
pub fn indent(text: &str, by: &str) -> String {
    let mut indented = String::new();
    for line in text.lines() {
        if !line.is_empty() {
            indented.push_str(by);
        }
        indented.push_str(line);
        indented.push('\n');
    }
    indented
}

/// Spells a word so that a POSIX shell reads it back as one word, and so that it stays on one line.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@%+{}".contains(c);
    if !word.is_empty() && word.chars().all(plain) && !word.contains(BYTE) {
        return word.to_string();
    }
    if word.chars().any(char::is_control) || word.contains(BYTE) {
        // The one form of quotes in which escapes mean what `visible` writes.
        let spelled = visible(word.as_bytes()).replace('\n', "\\n").replace('\'', "\\'");
        let mut parts = spelled.split(BYTE);
        let first = parts.next().unwrap_or_default().to_string();
        let spelled = parts.fold(first, |spelled, part| spelled + "\\x" + &part.replacen('}', "", 1));
        return format!("$'{spelled}'");
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// How an argument begins to spell a byte that is no UTF-8: `{byte:e9}`.
pub const BYTE: &str = "{byte:";

/// The bytes of an argument, with those that it spells.
#[cfg(any(unix, test))]
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

/// Spells several words as one command line.
pub fn shell_words<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(shell_word).collect::<Vec<_>>().join(" ")
}

/// `1 cell`, `2 cells`: a number with its noun.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], picture: &str) {
        assert_eq!(bars(&visible(bytes)).trim_end(), picture);
    }

    #[test]
    fn every_byte_shows() {
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
    fn bytes_in_words() {
        assert_eq!(bytes_of("caf{byte:e9}!{byte:ff}"), b"caf\xe9!\xff");
        assert_eq!(bytes_of("{byte} {byte:"), b"{byte} {byte:");
        assert_eq!(shell_word("caf{byte:e9}"), r"$'caf\xe9'");
        assert_eq!(shell_word("it's caf{byte:e9}!"), r"$'it\'s caf\xe9!'");
    }

    #[test]
    fn different_bytes_look_different() {
        let samples: [&[u8]; 10] =
            [b"a", b"a\n", b"a \n", b"a\r\n", b"a\\x20\n", b"a\\r\n", b"a\xff\n", b"a\\xff\n", b"", b"\n"];
        for (i, one) in samples.iter().enumerate() {
            for other in &samples[i + 1..] {
                assert_ne!(bars(&visible(one)), bars(&visible(other)), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn words_for_a_shell() {
        assert_eq!(
            shell_words(["cat", "a b", "it's", "", "--dir=.::/data"]),
            r"cat 'a b' 'it'\''s' '' --dir=.::/data"
        );
        assert_eq!(shell_word("a\nb'c"), r"$'a\nb\'c'");
    }
}
