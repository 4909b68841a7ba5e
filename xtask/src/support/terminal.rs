//! Messages for users on stderr, and results on stdout. Nothing else writes to these streams.
//!
//! Text may come from a file, a compiler or a program under test, and a terminal would execute escape
//! sequences in it. So all characters that a terminal does not show as they are get spelled, such as
//! `\u{1b}`, whether the stream is a terminal or not. The harness's own colors are not part of the text: they
//! are given as a [`Style`] to [`Lines::styled`].
//!
//! A CI system may also execute commands that it finds in its log, so text that could be such a command is
//! changed before it is written.
//!
//! A reader may close either stream before everything is written, as `| head` does. That is not an
//! error of the run, so a broken pipe is ignored.

use std::fmt::{Display, Write as _};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::ops::Range;

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;

use crate::support::escape::{is_hidden, without_controls};
use crate::support::platform;

/// Writes `text` and a line feed to stderr. Errors are ignored, as there is no other stream on which to
/// report them.
pub fn say(text: &str) {
    let _ = writeln!(Lines::new(io::stderr()), "{text}");
}

/// Writes `text` and a line feed to stderr while another line may be redrawn in place, which is drawn again later.
pub fn note(text: &str) {
    if is_watched() {
        replace_line("");
    }
    say(text);
}

/// Writes `text` to stdout, and flushes it.
///
/// # Errors
/// If stdout cannot be written to, unless its reader has closed it.
pub fn print(text: &str) -> io::Result<()> {
    let mut lines = Lines::new(io::stdout().lock());
    lines.write_all(text.as_bytes())?;
    lines.flush()
}

/// As [`print()`], with styles for some bytes of each line: those that `styles` returns, in their order. They are used
/// if stdout is a terminal, unless variables such as `NO_COLOR` and `CLICOLOR_FORCE` say otherwise.
///
/// # Errors
/// As [`print()`].
pub fn print_styled(text: &str, styles: impl Fn(&str) -> Vec<(Range<usize>, Style)>) -> io::Result<()> {
    let stdout = io::stdout();
    let choice = AutoStream::choice(&stdout);
    let mut lines = Lines::new(AutoStream::new(stdout, choice));
    for line in text.split_inclusive('\n') {
        let mut written = 0;
        for (range, style) in styles(line) {
            lines.write_all(&line.as_bytes()[written..range.start])?;
            lines.styled(style, &line[range.clone()])?;
            written = range.end;
        }
        lines.write_all(&line.as_bytes()[written..])?;
    }
    lines.flush()
}

/// Returns how wide printed paragraphs are: as wide as the terminal on stdout, but at most 100 characters, as longer
/// lines are hard to read. If the width is not known, it is 80.
pub fn text_width() -> usize {
    const WIDEST: usize = 100;
    platform::terminal_width(&io::stdout()).unwrap_or(80).min(WIDEST)
}

/// Writes one or more JSON values to stdout, and flushes it. They mean the same as in `json`, but what
/// [`print`] would change is spelled as JSON does.
///
/// # Errors
/// As [`print`].
pub fn print_json(json: &str) -> io::Result<()> {
    print(&harmless_json(json))
}

/// Outside of strings, JSON has neither hidden characters besides line feeds nor `#`, so that all of these
/// can be replaced by escapes.
fn harmless_json(json: &str) -> String {
    let mut harmless = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '#' if harmless.ends_with('#') => harmless.push_str("\\u0023"),
            '\n' => harmless.push('\n'),
            c if is_hidden(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(harmless, "\\u{unit:04x}").expect("writing to a String cannot fail");
                }
            }
            c => harmless.push(c),
        }
    }
    harmless
}

/// Stderr, for text with colors.
pub type Stderr = Lines<AutoStream<io::Stderr>>;

/// Returns stderr with or without colors. If `colors` is `None`, that depends on whether it is a terminal, and
/// on variables such as `NO_COLOR` and `CLICOLOR_FORCE`.
pub fn stderr(colors: Option<bool>) -> Stderr {
    let choice = match colors {
        Some(true) => ColorChoice::Always,
        Some(false) => ColorChoice::Never,
        None => AutoStream::choice(&io::stderr()),
    };
    Lines::new(AutoStream::new(io::stderr(), choice))
}

/// Replaces the line of stderr in which the cursor is, which must be a terminal, by `text` without a line
/// feed.
pub fn replace_line(text: &str) {
    let mut stderr = io::stderr().lock();
    // As in `say`, there is nothing to do about an error.
    let _ = write!(stderr, "\r\x1b[K{}", without_controls(text)).and_then(|()| stderr.flush());
}

/// Returns whether stderr is a terminal, where a line can be redrawn.
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Returns how many columns the terminal on stderr has, or `None` if stderr is not a terminal or this is not
/// known.
pub fn width() -> Option<usize> {
    platform::terminal_width(&io::stderr())
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
        replace_line(&text);
        self.is_drawn = true;
    }

    /// Removes what was drawn.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            replace_line("");
        }
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

/// Keeps text from being a command of a CI system.
///
/// GitHub's runner executes `##[` anywhere in a line, and `::` at the beginning of a line, even behind white
/// space (`ActionCommand.cs` in actions/runner). Azure Pipelines also executes `##vso[`, and TeamCity
/// `##teamcity[`. A space inside of these makes them ordinary text.
#[derive(Default)]
struct Inert {
    /// The current line so far, which may have come in several parts.
    line: String,
}

impl Inert {
    /// Returns the next part of the text, in which all hidden characters but line feeds are spelled, with a
    /// space before each character that would complete the beginning of a command.
    fn part(&mut self, text: &str) -> String {
        let mut inert = String::with_capacity(text.len());
        for c in text.chars() {
            let completes_command = match c {
                '[' => ["##", "##vso", "##teamcity"].iter().any(|begin| self.line.ends_with(begin)),
                ':' => self.line.trim_start() == ":",
                _ => false,
            };
            if completes_command {
                inert.push(' ');
            }
            inert.push(c);
            match c {
                '\n' => self.line.clear(),
                _ => self.line.push(c),
            }
        }
        inert
    }
}

/// A writer that passes on whole lines, in which hidden characters are spelled and commands of CI systems
/// broken, and ignores that the reader has closed the stream.
///
/// A line that has begun is kept until it ends, until [`flush`](Write::flush) or until this is dropped.
/// Bytes that are not valid UTF-8 are replaced by U+FFFD.
pub struct Lines<W: Write> {
    stream: W,
    /// The first bytes of a character.
    begun: Vec<u8>,
    /// The text that was not passed on yet: a line that has begun, as it is to be written.
    pending: String,
    inert: Inert,
}

impl<W: Write> Lines<W> {
    /// Wraps `stream`.
    pub fn new(stream: W) -> Lines<W> {
        Lines { stream, begun: Vec::new(), pending: String::new(), inert: Inert::default() }
    }

    /// Writes `text` in a style. Unlike escape sequences in the text, those of the style reach the stream.
    ///
    /// # Errors
    /// If the stream cannot be written to, unless its reader has closed it.
    pub fn styled(&mut self, style: Style, text: impl Display) -> io::Result<()> {
        self.end_character();
        write!(self.pending, "{style}").expect("writing to a String cannot fail");
        self.draw(&text.to_string());
        write!(self.pending, "{style:#}").expect("writing to a String cannot fail");
        self.pass_on_lines()
    }

    /// Appends text to what is pending.
    fn draw(&mut self, text: &str) {
        self.pending.push_str(&self.inert.part(&without_controls(text)));
    }

    /// Appends the replacement of a character that was begun but not ended.
    fn end_character(&mut self) {
        let bytes = std::mem::take(&mut self.begun);
        self.draw(&String::from_utf8_lossy(&bytes));
    }

    /// Passes on the whole lines of what is pending.
    fn pass_on_lines(&mut self) -> io::Result<()> {
        match self.pending.rfind('\n') {
            Some(end) => self.pass_on(end + 1),
            None => Ok(()),
        }
    }

    /// Passes on the first `length` bytes of what is pending.
    fn pass_on(&mut self, length: usize) -> io::Result<()> {
        let text: String = self.pending.drain(..length).collect();
        unless_closed(self.stream.write_all(text.as_bytes()))
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = std::mem::take(&mut self.begun);
        text.extend_from_slice(bytes);
        self.begun = text.split_off(text.len() - begun_character(&text));
        self.draw(&String::from_utf8_lossy(&text));
        self.pass_on_lines()?;
        Ok(bytes.len())
    }

    /// Passes on the line that has begun. Only the first bytes of an incomplete character are
    /// kept.
    fn flush(&mut self) -> io::Result<()> {
        self.pass_on(self.pending.len())?;
        unless_closed(self.stream.flush())
    }
}

impl<W: Write> Drop for Lines<W> {
    fn drop(&mut self) {
        self.end_character();
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
            ("a\n  ::error::b\n", "a\n  : :error::b\n"),
            ("a\n \t::error::b\n", "a\n \\t::error::b\n"),
            ("a\r::error::b\n", "a\\r::error::b\n"),
            ("\r::error::b\r\n", "\\r::error::b\\r\n"),
            ("\u{feff}::error::b\n", "\\u{feff}::error::b\n"),
            ("\u{85}::error::b\u{2028}::error::\n", "\\u{85}::error::b\\u{2028}::error::\n"),
            ("##vso[task.x]##teamcity[x]\n", "##vso [task.x]##teamcity [x]\n"),
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
    fn only_own_styles_reach_the_stream() {
        let style = anstyle::AnsiColor::Red.on_default();
        let mut written = Vec::new();
        let mut lines = Lines::new(&mut written);
        lines.write_all(b"\x1b[31mplain \xc2\x9b2J ##").unwrap();
        lines.styled(style, "\u{1b}[2Jred\u{202e}").unwrap();
        lines.styled(style, "##").unwrap();
        lines.write_all(b"[error]\n:").unwrap();
        lines.styled(style, ":error::x").unwrap();
        drop(lines);
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "\\u{1b}[31mplain \\u{9b}2J ##\u{1b}[31m\\u{1b}[2Jred\\u{202e}\u{1b}[0m\u{1b}[31m##\u{1b}[0m [error]\n\
             :\u{1b}[31m :error::x\u{1b}[0m"
        );
    }

    #[test]
    fn json_keeps_its_meaning() {
        let json =
            serde_json::Value::from(vec!["::a\r##[b]###[c]\u{9b}\u{1b}\u{202e}\u{e0001}\u{7f} ü💩", "#"]);
        let harmless = harmless_json(&(json.to_string() + "\n"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&harmless).unwrap(), json);
        assert!(!harmless.contains("##") && harmless.ends_with("]\n"), "{harmless}");
        assert_eq!(harmless, without_controls(&harmless));
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
