//! Messages for users on stderr, and results on stdout.
//!
//! A reader may close either stream before everything is written, as `| head` does. That is not an
//! error of the run, so a broken pipe is ignored. A CI system may also execute commands that it finds in
//! its log, so text that could be such a command is changed before it is written: it may come from a
//! compiler or from a program under test.

use std::io::{self, ErrorKind, IsTerminal, Write};

/// Writes `text` and a line feed to stderr. Errors are ignored, as there is no other stream on which to
/// report them.
pub fn say(text: &str) {
    let _ = writeln!(Lines::new(io::stderr()), "{text}");
}

/// Writes `text` to stdout as it is, and flushes it.
///
/// # Errors
/// If stdout cannot be written to, unless its reader has closed it.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    unless_closed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Returns whether stderr is a terminal, where a line can be redrawn.
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// A line on stderr that is redrawn in place. It is cleared when this is dropped. It is only for terminals,
/// see [`is_watched`].
#[derive(Default)]
pub struct StatusLine {
    is_drawn: bool,
}

impl StatusLine {
    /// The number of characters that are drawn. A line that a terminal wraps could not be redrawn.
    const WIDTH: usize = 78;

    /// Draws `text` in place of what was drawn before.
    pub fn draw(&mut self, text: &str) {
        let text: String = text.chars().filter(|c| !c.is_control()).take(Self::WIDTH).collect();
        self.write(&format!("\r\x1b[K{text}"));
        self.is_drawn = true;
    }

    /// Removes what was drawn.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            self.write("\r\x1b[K");
        }
    }

    fn write(&self, text: &str) {
        let mut err = io::stderr().lock();
        // As in `say`, there is no other stream on which to report an error.
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.clear();
    }
}

fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Keeps text from being a command of GitHub Actions.
///
/// The runner executes `##[` anywhere in a line, and `::` at the beginning of a line, even behind white
/// space (`ActionCommand.cs` in actions/runner). It reads lines with .NET's `ReadLine`, for which a
/// carriage return also ends a line. A space inside of these two makes them ordinary text.
#[derive(Default)]
struct Inert {
    /// The current line so far, which may have come in several parts.
    line: String,
}

impl Inert {
    /// Returns the next part of the text with a space before each character that would complete the
    /// beginning of a command.
    fn part(&mut self, text: &str) -> String {
        let mut inert = String::with_capacity(text.len());
        for c in text.chars() {
            let completes_command = match c {
                '[' => self.line.ends_with("##"),
                ':' => self.line.trim_start() == ":",
                _ => false,
            };
            if completes_command {
                inert.push(' ');
            }
            inert.push(c);
            match c {
                '\n' | '\r' => self.line.clear(),
                _ => self.line.push(c),
            }
        }
        inert
    }
}

/// A writer that passes on whole lines, without commands of GitHub Actions, and ignores that the reader
/// has closed the stream.
///
/// A line that has begun is kept until it ends, until [`flush`](Write::flush) or until this is dropped.
/// Bytes that are not valid UTF-8 are replaced by U+FFFD.
pub struct Lines<W: Write> {
    stream: W,
    /// The bytes that were not passed on yet: a line that has begun.
    pending: Vec<u8>,
    inert: Inert,
}

impl<W: Write> Lines<W> {
    /// Wraps `stream`.
    pub fn new(stream: W) -> Lines<W> {
        Lines { stream, pending: Vec::new(), inert: Inert::default() }
    }

    /// Passes on the first `length` of the pending bytes.
    fn pass_on(&mut self, length: usize) -> io::Result<()> {
        let bytes: Vec<u8> = self.pending.drain(..length).collect();
        let text = self.inert.part(&String::from_utf8_lossy(&bytes));
        unless_closed(self.stream.write_all(text.as_bytes()))
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if let Some(end) = self.pending.iter().rposition(|byte| *byte == b'\n') {
            self.pass_on(end + 1)?;
        }
        Ok(bytes.len())
    }

    /// Passes on the line that has begun. Only the first bytes of an incomplete character are
    /// kept.
    fn flush(&mut self) -> io::Result<()> {
        self.pass_on(self.pending.len() - begun_character(&self.pending))?;
        unless_closed(self.stream.flush())
    }
}

impl<W: Write> Drop for Lines<W> {
    fn drop(&mut self) {
        // An error cannot be reported from here. A caller that needs to know it flushes first.
        let _ = self.pass_on(self.pending.len());
    }
}

/// The number of bytes at the end of `bytes` that are the beginning of a UTF-8 character.
fn begun_character(bytes: &[u8]) -> usize {
    let Some(last) = bytes.utf8_chunks().last() else { return 0 };
    match str::from_utf8(last.invalid()) {
        // No length of the error means that the text ends within a character.
        Err(error) if error.error_len().is_none() => last.invalid().len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What reaches the stream if these parts are written, with a flush after each if `flush` is set.
    fn passed_on(parts: &[&[u8]], flush: bool) -> String {
        let mut written = Vec::new();
        let mut lines = Lines::new(&mut written);
        for part in parts {
            lines.write_all(part).unwrap();
            if flush {
                lines.flush().unwrap();
            }
        }
        drop(lines);
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn commands_of_a_ci_are_inert() {
        for (text, inert) in [
            ("a ##[error]b\n", "a ## [error]b\n"),
            ("###[error]\n", "### [error]\n"),
            ("::error::b\n", ": :error::b\n"),
            ("a\n \t::error::b\n", "a\n \t: :error::b\n"),
            ("a\r::error::b\n", "a\r: :error::b\n"),
            ("std::io: a:: #[test] # [\n", "std::io: a:: #[test] # [\n"),
            (":\n:error\n", ":\n:error\n"),
        ] {
            assert_eq!(passed_on(&[text.as_bytes()], false), inert);
            // The same if the text comes byte by byte, whether each byte is flushed or not.
            let bytes: Vec<_> = text.as_bytes().chunks(1).collect();
            assert_eq!(passed_on(&bytes, false), inert);
            assert_eq!(passed_on(&bytes, true), inert);
        }
    }

    #[test]
    fn a_flush_passes_on_a_line_that_has_begun() {
        let mut written = Vec::new();
        let mut lines = Lines::new(&mut written);
        lines.write_all(b"whole\n::begun").unwrap();
        assert_eq!(str::from_utf8(lines.stream), Ok("whole\n"));
        lines.flush().unwrap();
        assert_eq!(str::from_utf8(lines.stream), Ok("whole\n: :begun"));
        lines.write_all(b" and ended\n").unwrap();
        assert_eq!(str::from_utf8(lines.stream), Ok("whole\n: :begun and ended\n"));
    }

    #[test]
    fn a_flush_does_not_break_a_character() {
        assert_eq!(
            passed_on(&[b"caf\xc3", b"\xa9 \xf0\x9f", b"\x92\xa9!\xff"], true),
            "caf\u{e9} \u{1f4a9}!\u{fffd}"
        );
        assert_eq!(passed_on(&[b"caf\xc3"], true), "caf\u{fffd}");
    }

    #[test]
    fn nothing_is_lost_when_it_is_dropped() {
        assert_eq!(passed_on(&[b"whole\n", b"##[not whole"], false), "whole\n## [not whole");
    }

    #[test]
    fn a_closed_stream_is_not_an_error() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut lines = Lines::new(writer);
        lines.write_all(b"not read by anything\n").unwrap();
        lines.flush().unwrap();
    }
}
