//! The progress of cargo, and how it is shown.

use std::io::{BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::environment::Environment;
use crate::support::terminal::{self, StatusLine, say};
use crate::tools::POLL_INTERVAL;

/// How the progress of a tool is shown. Its errors are reported in any case, by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not at all.
    Hidden,
    /// As one line that is redrawn in place: how many of how many crates, and which ones are compiled now.
    Line,
    /// As the lines in which cargo reports each crate.
    Log,
}

impl Progress {
    /// Returns how progress is shown to this user: as one line on a terminal; as a log if `is_verbose` asks
    /// for it, in CI, and if stderr is not a terminal.
    pub fn of(env: &Environment, is_verbose: bool) -> Progress {
        match terminal::is_watched() && !env.ci && !is_verbose {
            true => Progress::Line,
            false => Progress::Log,
        }
    }

    /// Returns the variables with which cargo draws its progress bar to a pipe, from which the line is made
    /// (The Cargo Book, `term.progress`). None are needed for the others.
    pub fn variables(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        const BAR: [(&str, &str); 2] =
            [("CARGO_TERM_PROGRESS_WHEN", "always"), ("CARGO_TERM_PROGRESS_WIDTH", "120")];
        (self == Progress::Line).then_some(BAR).into_iter().flatten()
    }
}

/// What cargo writes to stderr.
#[derive(Debug, PartialEq, Eq)]
pub enum Written {
    /// A line, without its line feed.
    Line(String),
    /// A progress bar, which ends with a carriage return.
    Bar(String),
}

/// Reads all that cargo writes to stderr, and passes it on as it comes, until `receive` returns false.
pub fn read(stderr: impl Read, mut receive: impl FnMut(Written) -> bool) {
    let mut pending = Vec::new();
    let text = |pending: &mut Vec<u8>| String::from_utf8_lossy(&std::mem::take(pending)).into_owned();
    for byte in BufReader::new(stderr).bytes().map_while(Result::ok) {
        let is_wanted = match byte {
            b'\n' => receive(Written::Line(text(&mut pending))),
            b'\r' => receive(Written::Bar(text(&mut pending))),
            byte => {
                pending.push(byte);
                true
            }
        };
        if !is_wanted {
            return;
        }
    }
    if !pending.is_empty() {
        receive(Written::Line(text(&mut pending)));
    }
}

/// How long cargo runs before its progress is shown. Every run tries again to build a package that does not
/// build, and a user does not need to see that each time.
const QUIET: Duration = Duration::from_secs(2);

/// Receives all that cargo writes to stderr, and returns its lines. Shows its progress, but not its errors,
/// which are reported later. Calls `poll` whenever nothing has come for [`POLL_INTERVAL`].
pub fn forward(written: &Receiver<Written>, progress: Progress, poll: impl Fn()) -> String {
    let shown_from = Instant::now() + QUIET;
    let mut all = String::new();
    let mut held: Vec<String> = Vec::new();
    let mut bar = None;
    let mut status = StatusLine::default();
    loop {
        match written.recv_timeout(POLL_INTERVAL) {
            Ok(Written::Line(line)) => {
                all.push_str(&line);
                all.push('\n');
                if progress != Progress::Hidden && line.trim_start().starts_with("Blocking") {
                    status.clear();
                    say(&line);
                } else if progress == Progress::Log && is_progress(&line) {
                    held.push(line);
                }
            }
            Ok(Written::Bar(text)) => bar = without_bar(&text).or(bar),
            Err(RecvTimeoutError::Timeout) => poll(),
            Err(RecvTimeoutError::Disconnected) => return all,
        }
        if Instant::now() >= shown_from {
            held.drain(..).for_each(|line| say(&line));
            if let Some(text) = bar.take().filter(|_| progress == Progress::Line) {
                status.draw(&text);
            }
        }
    }
}

/// Returns whether a line of cargo only says what it is doing.
pub fn is_progress(line: &str) -> bool {
    const WORDS: [&str; 8] =
        ["Compiling", "Downloading", "Downloaded", "Updating", "Blocking", "Locking", "Adding", "Installing"];
    WORDS.iter().any(|word| line.trim_start().starts_with(word))
}

/// Returns a line of cargo's progress without its bar: `    Building [==>  ] 1/2: cat` becomes
/// `    Building 1/2: cat`.
fn without_bar(text: &str) -> Option<String> {
    let (word, rest) = text.split_once(" [")?;
    let (_, rest) = rest.split_once("] ")?;
    Some(format!("{word} {}", rest.trim_end()))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn all_of(bytes: &[u8]) -> Vec<Written> {
        let mut all = Vec::new();
        read(bytes, |written| {
            all.push(written);
            true
        });
        all
    }

    #[test]
    fn bars_are_told_from_lines() {
        let written =
            b"   Compiling a v0.1.0\n    Building [=>  ] 0/2: a   \r   Compiling b v0.1.0\nerror: \xff";
        let expected = [
            Written::Line("   Compiling a v0.1.0".into()),
            Written::Bar("    Building [=>  ] 0/2: a   ".into()),
            Written::Line("   Compiling b v0.1.0".into()),
            Written::Line("error: \u{fffd}".into()),
        ];
        assert_eq!(all_of(written), expected);
    }

    #[test]
    fn a_bar_becomes_a_count_and_crates() {
        let bar = "    Building [=============>               ] 1/2: demo(bin)      ";
        assert_eq!(without_bar(bar).as_deref(), Some("    Building 1/2: demo(bin)"));
        assert_eq!(without_bar(""), None);
        assert_eq!(without_bar("   Compiling demo v0.1.0"), None);
    }

    #[test]
    fn bars_do_not_reach_what_is_reported() {
        let (sender, written) = mpsc::channel();
        read(&b"    Building [=>  ] 0/2: a   \rerror: no\n"[..], |line| sender.send(line).is_ok());
        drop(sender);
        assert_eq!(forward(&written, Progress::Hidden, || ()), "error: no\n");
    }
}
