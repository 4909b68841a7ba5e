//! What is said to people on stderr and printed for machines on stdout.
//!
//! Whoever reads may close the stream when it has read enough, as `| head` does. That is no error
//! of the run, so nothing is made of it.

use std::io::{self, ErrorKind, Write};

/// Says a line to people.
pub fn say(line: &str) {
    // If stderr cannot be written to, there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a text for machines or into a pipe.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = UnlessClosed(io::stdout().lock());
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A stream to which nothing more is written once nobody reads it.
pub struct UnlessClosed<W>(pub W);

impl<W: Write> Write for UnlessClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => other,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}
