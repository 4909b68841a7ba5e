//! Formats bytes and numbers in the same way as the harness, so that the JSON output and the snapshots agree.

/// Returns `bytes` as text that consists of printable characters and `\n`, in the encoding of snapshots:
/// control and other invisible characters are escaped, bytes that are not valid UTF-8 become `\xff`, and the
/// last space before the end of a line becomes `\x20`.
pub fn visible(bytes: &[u8]) -> String {
    let character = |c: char| match c {
        '\n' | '\'' | '"' => c.to_string(),
        _ => c.escape_debug().to_string(),
    };
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.extend(chunk.valid().chars().map(character));
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    let lines = text.split('\n').map(|line| match line.strip_suffix(' ') {
        Some(rest) => format!("{rest}\\x20"),
        None => line.to_string(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns a number and its noun: `1 byte`, `2 bytes`.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_visible() {
        assert_eq!(visible(b"a\r\n\tb\0"), "a\\r\n\\tb\\0");
        assert_eq!(visible(b"two  \none \n "), "two \\x20\none\\x20\n\\x20");
        assert_eq!(visible(b"caf\xc3\xa9 \xff \x7f"), "café \\xff \\u{7f}");
        assert_eq!(visible(b"C:\\ \"it's\""), "C:\\\\ \"it's\"");
        assert_eq!(visible(b""), "");
    }
}
