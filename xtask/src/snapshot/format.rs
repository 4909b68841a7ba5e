//! Outcomes as text: draws them for snapshots, and parses them. No other module does.

use crate::model::outcome::{ChangeKind, End, FileChange, FileKind, Outcome, Stream};
use crate::support::escape::{NO_NEWLINE, bars};

/// An outcome with its drawn text. Two of them are equal if their texts are.
#[derive(Clone, Debug)]
pub struct Drawn {
    pub outcome: Outcome,
    text: String,
}

impl PartialEq for Drawn {
    fn eq(&self, other: &Drawn) -> bool {
        self.text == other.text
    }
}

impl Eq for Drawn {}

const STDOUT: &str = "stdout";
const STDERR: &str = "stderr";
const FILES: &str = "files";
/// The line below a stream of which only the start is kept.
const CUT: &str = "(cut here)";
const LEFT_RUNNING: &str = ", left processes running";
const EMPTY: &str = " (empty)";
const ARROW: &str = " -> ";
/// What stands before the mode of a file, if it is not the usual one.
const MODE: &str = ", mode ";
/// The end of the reason why the contents of a directory are not known.
const NOT_READ: &str = ": not read)";

impl Drawn {
    /// Draws an outcome.
    pub fn new(outcome: Outcome) -> Drawn {
        Drawn { text: draw(&outcome), outcome }
    }

    /// Parses a drawn outcome.
    ///
    /// # Errors
    /// If it is malformed: the number of the line, from 1, and what is wrong there.
    pub fn read(text: &str) -> Result<Drawn, (usize, String)> {
        Ok(Drawn { outcome: read(text)?, text: text.into() })
    }

    /// The drawn outcome: lines that each end with a line feed, none of them empty.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn draw(outcome: &Outcome) -> String {
    let mut text = outcome.end.to_string();
    if outcome.left_running {
        text.push_str(LEFT_RUNNING);
    }
    text.push('\n');
    for (title, stream) in [(STDOUT, &outcome.stdout), (STDERR, &outcome.stderr)] {
        if !stream.text.is_empty() || stream.cut {
            text.push_str(title);
            text.push('\n');
            text.push_str(&bars(&stream.text));
        }
        if stream.cut {
            text.push_str(CUT);
            text.push('\n');
        }
    }
    if !outcome.files.is_empty() {
        text.push_str(FILES);
        text.push('\n');
        text.extend(outcome.files.iter().map(draw_change));
    }
    if let Some(more) = &outcome.more_files {
        text.push_str(more);
        text.push('\n');
    }
    text
}

/// Draws a change as lines of an outcome.
pub fn draw_change(change: &FileChange) -> String {
    let FileChange { kind, path, mode, what } = change;
    let mode = mode.map(|mode| format!("{MODE}{mode:o}")).unwrap_or_default();
    let kind = match kind {
        ChangeKind::Created => "created",
        ChangeKind::Changed => "changed",
        ChangeKind::Removed => "removed",
    };
    match what {
        FileKind::Directory => format!("{kind}{mode}  {path}/\n"),
        FileKind::Link(target) => format!("{kind}{mode}  {path}{ARROW}{target}\n"),
        FileKind::Text(contents) => format!("{kind}{mode}  {path}\n{}", bars(contents)),
        FileKind::Empty => format!("{kind}{mode}  {path}{EMPTY}\n"),
        FileKind::Summary(what) => format!("{kind}{mode}  {path} ({what})\n"),
        FileKind::Unread(why) => format!("{kind}{mode}  {path}/ ({why}{NOT_READ}\n"),
        FileKind::Removed => format!("{kind}{mode}  {path}\n"),
    }
}

/// The lines that are not parsed yet, with the number of the next one.
struct Lines<'a> {
    lines: std::iter::Peekable<std::str::Lines<'a>>,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next_if(&mut self, wanted: impl Fn(&str) -> bool) -> Option<&'a str> {
        let line = self.lines.next_if(|line| wanted(line))?;
        self.number += 1;
        Some(line)
    }

    fn next(&mut self) -> Option<&'a str> {
        self.next_if(|_| true)
    }

    /// Parses the lines that start with a bar, and the note that the last of them has no line feed.
    fn text(&mut self) -> String {
        let mut text = String::new();
        while let Some(line) = self.next_if(|line| line.starts_with('│')) {
            text.push_str(line.strip_prefix('│').unwrap_or(line));
            text.push('\n');
        }
        if !text.is_empty() && self.next_if(|line| line == NO_NEWLINE).is_some() {
            text.pop();
        }
        text
    }
}

fn read(text: &str) -> Result<Outcome, (usize, String)> {
    let mut lines = Lines { lines: text.lines().peekable(), number: 1 };
    let first = lines.next().unwrap_or_default();
    let (end, left_running) = match first.strip_suffix(LEFT_RUNNING) {
        Some(end) => (end, true),
        None => (first, false),
    };
    let end = read_end(end).ok_or((1, format!("`{first}` is not the end of a run")))?;
    let mut outcome = Outcome { left_running, ..Outcome::of_end(end) };
    for (title, stream) in [(STDOUT, &mut outcome.stdout), (STDERR, &mut outcome.stderr)] {
        if lines.next_if(|line| line == title).is_some() {
            *stream = Stream { text: lines.text(), cut: lines.next_if(|line| line == CUT).is_some() };
            if *stream == Stream::default() {
                return Err((lines.number, format!("`{title}` is not followed by output")));
            }
        }
    }
    if lines.next_if(|line| line == FILES).is_some() {
        while let Some(line) = lines.next_if(|line| line.contains("  ")) {
            let number = lines.number - 1;
            let contents = lines.text();
            let change = read_change(line, contents);
            outcome.files.push(change.ok_or((number, format!("`{line}` is not a change of a file")))?);
        }
        outcome.more_files = lines.next_if(|line| line.starts_with("and ")).map(String::from);
    }
    match lines.next() {
        None => Ok(outcome),
        Some(line) => Err((lines.number - 1, format!("`{line}` is not expected here"))),
    }
}

fn read_end(text: &str) -> Option<End> {
    let (kind, rest) = text.split_once(": ").unwrap_or((text, ""));
    Some(match kind {
        "trap" => End::Trap(rest.into()),
        "refused" => End::Refused(rest.into()),
        "does not build" => End::DoesNotBuild(rest.into()),
        "does not compose" => End::DoesNotCompose(rest.into()),
        "timed out" => End::TimedOut,
        "too much output" => End::TooMuchOutput,
        _ => match text.split_once(' ')? {
            ("exit", code) => End::Exit(code.parse().ok()?),
            ("signal", name) => End::Signal(name.into()),
            _ => return None,
        },
    })
}

/// Parses the first line of a change. `contents` is the text below it.
fn read_change(line: &str, contents: String) -> Option<FileChange> {
    let (kind, shown) = line.split_once("  ")?;
    let (kind, mode) = match kind.split_once(MODE) {
        Some((kind, mode)) => (kind, Some(u32::from_str_radix(mode, 8).ok()?)),
        None => (kind, None),
    };
    let kind = match kind {
        "created" => ChangeKind::Created,
        "changed" => ChangeKind::Changed,
        "removed" => ChangeKind::Removed,
        _ => return None,
    };
    let (path, what) = if !contents.is_empty() {
        (shown, FileKind::Text(contents))
    } else if let Some(path) = shown.strip_suffix('/') {
        (path, FileKind::Directory)
    } else if let Some((path, target)) = shown.split_once(ARROW) {
        (path, FileKind::Link(target.into()))
    } else if let Some((path, why)) = shown.strip_suffix(NOT_READ).and_then(|shown| shown.split_once("/ (")) {
        (path, FileKind::Unread(why.into()))
    } else if kind == ChangeKind::Removed {
        (shown, FileKind::Removed)
    } else if let Some(path) = shown.strip_suffix(EMPTY) {
        (path, FileKind::Empty)
    } else {
        let (path, what) = shown.strip_suffix(')')?.rsplit_once(" (")?;
        (path, FileKind::Summary(what.into()))
    };
    Some(FileChange { kind, path: path.into(), mode, what })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use regex_lite::Regex;

    use super::*;
    use crate::host::hosts::Hosts;
    use crate::host::native::Native;
    use crate::model::case::Redaction;
    use crate::model::tree::{Change, Entry, USUAL_MODE};
    use crate::normalize::{self, Locals, Rules};
    use crate::process::{self, Ran};
    use crate::run::cells::Raw;

    fn stream(text: &str, cut: bool) -> Stream {
        Stream { text: text.into(), cut }
    }

    fn change(kind: ChangeKind, path: &str, what: FileKind) -> FileChange {
        FileChange { kind, path: path.into(), mode: None, what }
    }

    /// Asserts that `outcome` is drawn as `drawn`, and that parsing the text gives the same outcome.
    #[track_caller]
    fn check(outcome: Outcome, drawn: &str) {
        let new = Drawn::new(outcome.clone());
        assert_eq!(new.text(), drawn);
        assert_eq!(Drawn::read(drawn).unwrap().outcome, outcome);
    }

    #[test]
    fn ends() {
        let of_end = Outcome::of_end;
        check(of_end(End::Exit(3)), "exit 3\n");
        check(of_end(End::Signal("SIGABRT".into())), "signal SIGABRT\n");
        check(of_end(End::Trap("call stack exhausted".into())), "trap: call stack exhausted\n");
        check(of_end(End::Refused("a: b".into())), "refused: a: b\n");
        check(of_end(End::TimedOut), "timed out\n");
        check(of_end(End::DoesNotBuild("error[E0433]: no".into())), "does not build: error[E0433]: no\n");
        check(of_end(End::DoesNotCompose("no".into())), "does not compose: no\n");
        check(Outcome { left_running: true, ..of_end(End::Exit(0)) }, "exit 0, left processes running\n");
    }

    #[test]
    fn streams() {
        let outcome = Outcome {
            stdout: stream("one\nfiles", false),
            stderr: stream("\n│x\n", false),
            ..Outcome::of_end(End::Exit(1))
        };
        check(outcome, "exit 1\nstdout\n│one\n│files\n(no newline at the end)\nstderr\n│\n││x\n");
        let cut = Outcome { stdout: stream("yes\n", true), ..Outcome::of_end(End::TooMuchOutput) };
        check(cut, "too much output\nstdout\n│yes\n(cut here)\n");
    }

    #[test]
    fn files() {
        use ChangeKind::{Changed, Created, Removed};
        let files = vec![
            change(Changed, "b", FileKind::Text("changed".into())),
            change(Removed, "c", FileKind::Removed),
            change(Created, "d", FileKind::Empty),
            change(Created, "link", FileKind::Link("../b c".into())),
            change(Created, "sub", FileKind::Directory),
            change(Created, "deep", FileKind::Unread("more than 64 nested directories".into())),
            change(Created, "big", FileKind::Summary("4097 bytes, FNV-1a 6d4cfc3a1e8adc8c".into())),
            change(Created, "../escaped", FileKind::Text("x\n".into())),
        ];
        let more_files = Some("and 900 more changes (FNV-1a 5e8a84bfbc5c4aed)".into());
        check(
            Outcome { files, more_files, ..Outcome::of_end(End::Exit(0)) },
            "exit 0\nfiles\nchanged  b\n│changed\n(no newline at the end)\nremoved  c\ncreated  d (empty)\n\
             created  link -> ../b c\ncreated  sub/\ncreated  deep/ (more than 64 nested directories: not read)\n\
             created  big (4097 bytes, FNV-1a 6d4cfc3a1e8adc8c)\ncreated  ../escaped\n│x\n\
             and 900 more changes (FNV-1a 5e8a84bfbc5c4aed)\n",
        );
    }

    #[test]
    fn malformed_outcomes_are_errors() {
        let fault = |text: &str| Drawn::read(text).unwrap_err();
        assert_eq!(fault(""), (1, "`` is not the end of a run".into()));
        assert_eq!(fault("exit x\n"), (1, "`exit x` is not the end of a run".into()));
        assert_eq!(fault("exit 0\nstdout\n"), (3, "`stdout` is not followed by output".into()));
        assert_eq!(
            fault("exit 0\nfiles\ncreated  a\n"),
            (3, "`created  a` is not a change of a file".into())
        );
        let unexpected = "`stdout` is not expected here";
        assert_eq!(fault("exit 0\nstderr\n│x\nstdout\n│y\n"), (4, unexpected.into()));
    }

    /// Whatever a redaction does, the drawn outcome can be parsed, and the end of the run is the same.
    #[test]
    fn redactions_leave_whole_outcomes() {
        let change = |kind, path: &str, entry| Change { kind, path: path.into(), entry };
        let file = |contents: &[u8]| Entry::File { contents: contents.into(), mode: USUAL_MODE };
        let raw = |end| Raw {
            ran: Ran {
                end,
                stdout: b"exit 0\nstderr\n12 \x1b\n".to_vec(),
                stderr: b"\n  files\ncreated  a".to_vec(),
                left_running: false,
            },
            without_guest: None,
            changes: vec![
                change(ChangeKind::Created, "cwd/a", file(b"exit 0\n")),
                change(ChangeKind::Changed, "cwd/b c", file(b"x")),
                change(ChangeKind::Created, "cwd/link", Entry::Link("exit 0".into())),
                change(ChangeKind::Removed, "cwd/12", file(b"")),
            ],
            started: Instant::now(),
            took: Duration::ZERO,
            typed: String::new(),
            port: None,
            doubt: None,
        };
        let locals = Locals::new(Path::new("/s/cwd"), Path::new("/bin"), Path::new("/root"));
        let hosts = Hosts { wasmtime: None, native: Native::default() };
        for pattern in ["(?s).*", ".*", ".", "\n", "\\d+", "exit 0", "(?m)^", "a", "$", "[^ ]", "\\s", "^.*$"]
        {
            for with in ["", " ", "  ", "│", "exit 1", "x ", " -> ", "/", "(empty)", ": ", "stdout", "$0$0"]
            {
                let redact = [Redaction { pattern: Regex::new(pattern).unwrap(), with: with.into() }];
                let rules = Rules { host: hosts.operating_system(), locals: &locals, redact: &redact };
                let outcomes = [
                    normalize::outcome(&raw(process::End::Exit(0)), rules),
                    normalize::outcome(&raw(process::End::TooMuchOutput), rules),
                    normalize::outcome_of_failed_build("error: exit 0", rules),
                    normalize::outcome_of_misfit("12", rules),
                ];
                for (outcome, end) in
                    outcomes.into_iter().zip(["exit 0", "too much", "does not build: ", "does"])
                {
                    let drawn = Drawn::new(outcome);
                    assert!(drawn.text().starts_with(end), "{pattern:?} {with:?}: {}", drawn.text());
                    let is_whole = |line: &str| !line.is_empty() && !line.ends_with(' ');
                    assert!(drawn.text().lines().all(is_whole), "{pattern:?} {with:?}: {:?}", drawn.text());
                    if let Err(error) = Drawn::read(drawn.text()) {
                        panic!("{pattern:?} {with:?}: {error:?}: {}", drawn.text());
                    }
                }
            }
        }
    }
}
