//! What is said to people on stderr and printed for machines on stdout.
//!
//! Whoever reads may close the stream when it has read enough, as `| head` does. That is no error
//! of the run, so nothing is made of it. And a CI may read commands out of what it logs, so that
//! nothing that a program under test has printed may look like one.

use std::io::{self, ErrorKind, Write};

/// Says a line, or some, to people.
pub fn say(text: &str) {
    // If stderr cannot be written to, there is nobody left to tell.
    let _ = writeln!(Lines::new(io::stderr()), "{text}");
}

/// Prints a text for machines or into a pipe.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    unless_closed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// GitHub Actions takes `##[` for a command wherever it stands in a line, and `::` where a line begins
/// with it behind any white space, as a compiler's words do (actions/runner, `ActionCommand.cs`).
pub fn inert(text: &str) -> String {
    let of_line = |line: &str| match line.trim_start().strip_prefix("::") {
        Some(rest) => format!("{}: :{rest}", &line[..line.len() - rest.len() - 2]),
        None => line.to_string(),
    };
    text.replace("##[", "# #[").split_inclusive('\n').map(of_line).collect()
}

/// A stream that is written line by line, each made inert, and no longer once nobody reads it.
pub struct Lines<W: Write> {
    stream: W,
    begun: Vec<u8>,
}

impl<W: Write> Lines<W> {
    pub fn new(stream: W) -> Lines<W> {
        Lines { stream, begun: Vec::new() }
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        if let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') {
            let whole: Vec<u8> = self.begun.drain(..=end).collect();
            let text = inert(&String::from_utf8_lossy(&whole));
            unless_closed(self.stream.write_all(text.as_bytes()))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        unless_closed(self.stream.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_a_ci_are_inert() {
        let mut written = Vec::new();
        let mut lines = Lines::new(&mut written);
        for part in ["a #", "#", "[error]b\n", "::not whole"] {
            lines.write_all(part.as_bytes()).unwrap();
        }
        drop(lines);
        assert_eq!(String::from_utf8(written).unwrap(), "a # #[error]b\n");
    }

    #[test]
    fn a_closed_stream_is_no_error() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut lines = Lines::new(writer);
        lines.write_all(b"nobody reads this\n").unwrap();
        lines.flush().unwrap();
    }
}
