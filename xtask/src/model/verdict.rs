//! The verdict on a wasm cell: how its outcome differs from the native one.

use std::fmt;

use similar::{DiffOp, capture_diff_slices};

use crate::model::os_error::{System, named};
use crate::model::outcome::{ChangeKind, End, FileChange, FileKind, Outcome};

/// How the outcome of a wasm cell differs from the native outcome. If several verdicts apply, it is the first
/// of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The outcomes are equal.
    Same,
    /// The program does not compile, link or compose for this target, with this first message.
    Build(String),
    /// A trap, a signal, a timeout, too much output or a refusal by the host, where the native program
    /// exited. The text is the end.
    Abort(String),
    /// The exit code differs, or a line shows an error where the native line does not.
    Error(Change),
    /// Only the numbers and messages of operating system errors differ.
    Wording,
    /// The exit code is the same, but lines differ.
    Output {
        /// How many lines differ.
        differing: usize,
        /// How many lines the longer outcome has.
        of: usize,
        /// The first difference.
        first: Change,
    },
    /// The native program does not build, did not exit, or is not run in this case, so there is no outcome to
    /// compare with.
    NoBaseline,
}

/// A native line, or the native end, and what stands for it here. A missing line is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub native: String,
    pub here: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.native, self.here)
    }
}

impl Verdict {
    /// Returns the verdict on `here`, an outcome under a host. `native` is the native outcome of the same
    /// case, on Linux, if the case has one.
    pub fn of(native: Option<&Outcome>, here: &Outcome) -> Verdict {
        let Some(native) = native else { return Verdict::NoBaseline };
        if native == here {
            return Verdict::Same;
        }
        match &here.end {
            End::DoesNotBuild(message) | End::DoesNotCompose(message) => {
                return Verdict::Build(message.clone());
            }
            end if aborts(end) && matches!(native.end, End::Exit(_)) => {
                return Verdict::Abort(end.to_string());
            }
            _ => {}
        }
        match (&native.end, &here.end) {
            (End::Exit(one), End::Exit(other)) if one != other => {
                Verdict::Error(Change { native: format!("exit {one}"), here: format!("exit {other}") })
            }
            (End::Exit(_), End::Exit(_)) => {
                of_lines(&lines(native, System::Linux), &lines(here, System::Wasi))
            }
            _ => Verdict::NoBaseline,
        }
    }

    /// Returns what differs, on one line, if the verdict has more details than its name.
    pub fn difference(&self) -> Option<String> {
        match self {
            Verdict::Build(what) | Verdict::Abort(what) => Some(what.clone()),
            Verdict::Error(change) => Some(change.to_string()),
            Verdict::Output { differing, of, first } => Some(format!("{differing} of {of} lines: {first}")),
            Verdict::Same | Verdict::Wording | Verdict::NoBaseline => None,
        }
    }

    /// Returns the name of the verdict.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Same => "same",
            Verdict::Build(_) => "build",
            Verdict::Abort(_) => "abort",
            Verdict::Error(_) => "error",
            Verdict::Wording => "wording",
            Verdict::Output { .. } => "output",
            Verdict::NoBaseline => "no baseline",
        }
    }
}

/// Whether a program did not end by exiting.
fn aborts(end: &End) -> bool {
    match end {
        End::Trap(_) | End::Signal(_) | End::Refused(_) | End::TimedOut | End::TooMuchOutput => true,
        End::Exit(_) | End::DoesNotBuild(_) | End::DoesNotCompose(_) => false,
    }
}

/// A line of an outcome: as it is written, and with everything replaced that is only wording.
#[derive(Debug)]
struct Line {
    text: String,
    meaning: String,
}

/// Returns everything in an outcome except its end, line by line.
fn lines(outcome: &Outcome, system: System) -> Vec<Line> {
    let streams = [&outcome.stdout, &outcome.stderr];
    let of_streams = streams.iter().flat_map(|stream| stream.text.lines().map(String::from));
    let of_files = outcome.files.iter().flat_map(of_change);
    let running = outcome.left_running.then(|| "left processes running".to_string());
    let all = of_streams.chain(of_files).chain(outcome.more_files.clone()).chain(running);
    all.map(|text| Line { meaning: named(&text, system), text }).collect()
}

fn of_change(change: &FileChange) -> Vec<String> {
    let kind = match change.kind {
        ChangeKind::Created => "created",
        ChangeKind::Changed => "changed",
        ChangeKind::Removed => "removed",
    };
    let (what, contents) = match &change.what {
        FileKind::Directory => ("/".to_string(), ""),
        FileKind::Link(target) => (format!(" -> {target}"), ""),
        FileKind::Text(text) => (String::new(), text.as_str()),
        FileKind::Empty | FileKind::Removed => (String::new(), ""),
        FileKind::Summary(what) | FileKind::Unread(what) => (format!(" ({what})"), ""),
    };
    let mode = change.mode.map(|mode| format!(", mode {mode:o}")).unwrap_or_default();
    let head = format!("{kind}{mode} {}{what}", change.path);
    [head].into_iter().chain(contents.lines().map(String::from)).collect()
}

/// Returns the lines of `here`, an outcome under a host, that differ from those of `native` in more than wording,
/// each with the native line that it stands for.
pub fn changes(native: &Outcome, here: &Outcome) -> Vec<Change> {
    let (native, here) = (lines(native, System::Linux), lines(here, System::Wasi));
    let text = |line: Option<&Line>| line.map_or("", |line| line.text.as_str()).to_string();
    pairs(&native, &here)
        .iter()
        .map(|(native, here)| Change { native: text(*native), here: text(*here) })
        .collect()
}

/// Returns the lines that differ, each with the one that it stands for.
fn pairs<'a>(native: &'a [Line], here: &'a [Line]) -> Vec<(Option<&'a Line>, Option<&'a Line>)> {
    let meanings = |lines: &[Line]| lines.iter().map(|line| line.meaning.clone()).collect::<Vec<_>>();
    let (of_native, of_here) = (meanings(native), meanings(here));
    let mut pairs: Vec<(Option<&Line>, Option<&Line>)> = Vec::new();
    for op in capture_diff_slices(similar::Algorithm::Myers, &of_native, &of_here) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        // Within a part that differs, compare the first lines with each other, then the second and so on.
        let (old, new) = (&native[op.old_range()], &here[op.new_range()]);
        pairs.extend((0..old.len().max(new.len())).map(|index| (old.get(index), new.get(index))));
    }
    pairs
}

/// Returns the verdict on outcomes with the same exit code, by their lines.
fn of_lines(native: &[Line], here: &[Line]) -> Verdict {
    let pairs = pairs(native, here);
    let is_error = |line: &Option<&Line>| line.is_some_and(|line| shows_error(&line.text));
    let text = |line: &Option<&Line>| line.map_or("", |line| line.text.as_str()).to_string();
    let first = |pair: &(Option<&Line>, Option<&Line>)| Change { native: text(&pair.0), here: text(&pair.1) };
    match (pairs.iter().find(|(native, here)| is_error(here) && !is_error(native)), pairs.first()) {
        (Some(pair), _) => Verdict::Error(first(pair)),
        (None, Some(pair)) => {
            let of = native.len().max(here.len());
            Verdict::Output { differing: pairs.len(), of, first: first(pair) }
        }
        (None, None) => Verdict::Wording,
    }
}

/// Whether a line shows an error: a number of an operating system error, or the name of an `ErrorKind`.
pub fn shows_error(line: &str) -> bool {
    let names_kind = || line.split(|c: char| !c.is_alphanumeric()).any(|word| KINDS.contains(&word));
    line.contains("(os error ") || line.contains("not supported on this platform") || names_kind()
}

/// The names of `std::io::ErrorKind` except `Other`, as that word occurs in many other sentences.
const KINDS: [&str; 43] = [
    "NotFound",
    "PermissionDenied",
    "ConnectionRefused",
    "ConnectionReset",
    "HostUnreachable",
    "NetworkUnreachable",
    "ConnectionAborted",
    "NotConnected",
    "AddrInUse",
    "AddrNotAvailable",
    "NetworkDown",
    "BrokenPipe",
    "AlreadyExists",
    "WouldBlock",
    "NotADirectory",
    "IsADirectory",
    "DirectoryNotEmpty",
    "ReadOnlyFilesystem",
    "FilesystemLoop",
    "StaleNetworkFileHandle",
    "InvalidInput",
    "InvalidData",
    "TimedOut",
    "WriteZero",
    "StorageFull",
    "NotSeekable",
    "QuotaExceeded",
    "FileTooLarge",
    "ResourceBusy",
    "ExecutableFileBusy",
    "Deadlock",
    "CrossesDevices",
    "TooManyLinks",
    "InvalidFilename",
    "ArgumentListTooLong",
    "Interrupted",
    "Unsupported",
    "UnexpectedEof",
    "OutOfMemory",
    "InProgress",
    "TooManyOpenFiles",
    "InputOutputError",
    "Uncategorized",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::Stream;

    fn outcome(end: End, stdout: &str) -> Outcome {
        Outcome { stdout: Stream { text: stdout.into(), cut: false }, ..Outcome::of_end(end) }
    }

    fn exit(code: i32, stdout: &str) -> Outcome {
        outcome(End::Exit(code), stdout)
    }

    fn change(native: &str, here: &str) -> Change {
        Change { native: native.into(), here: here.into() }
    }

    #[track_caller]
    fn check(native: Outcome, here: Outcome, verdict: Verdict) {
        assert_eq!(Verdict::of(Some(&native), &here), verdict);
    }

    #[test]
    fn verdicts_by_the_end() {
        let trap = || Outcome::of_end(End::Trap("call stack exhausted".into()));
        let fails = |message: &str| Outcome::of_end(End::DoesNotBuild(message.into()));
        check(exit(0, "x\n"), exit(0, "x\n"), Verdict::Same);
        check(exit(0, "x\n"), fails("error: no"), Verdict::Build("error: no".into()));
        check(exit(101, ""), trap(), Verdict::Abort("trap: call stack exhausted".into()));
        check(exit(0, ""), Outcome::of_end(End::TimedOut), Verdict::Abort("timed out".into()));
        check(exit(3, ""), exit(1, ""), Verdict::Error(change("exit 3", "exit 1")));
        check(Outcome::of_end(End::Signal("SIGABRT".into())), trap(), Verdict::NoBaseline);
        check(fails("error: one"), exit(0, ""), Verdict::NoBaseline);
        check(trap(), trap(), Verdict::Same);
        assert_eq!(Verdict::of(None, &trap()), Verdict::NoBaseline);
    }

    #[test]
    fn verdicts_by_lines() {
        check(
            exit(1, "a: No such file or directory (os error 2)\n"),
            exit(1, "a: No such file or directory (os error 44)\n"),
            Verdict::Wording,
        );
        check(
            exit(0, "lock: locked\nrest\n"),
            exit(0, "lock: Unsupported: operation not supported on this platform\nrest\n"),
            Verdict::Error(change(
                "lock: locked",
                "lock: Unsupported: operation not supported on this platform",
            )),
        );
        check(
            exit(0, "a: AlreadyExists\nb\n"),
            exit(0, "a: NotADirectory\nb\n"),
            Verdict::Output { differing: 1, of: 2, first: change("a: AlreadyExists", "a: NotADirectory") },
        );
        check(
            exit(0, "one\ntwo\nthree\n"),
            exit(0, "one\n"),
            Verdict::Output { differing: 2, of: 3, first: change("two", "") },
        );
    }

    #[test]
    fn files_count_as_lines() {
        let of_file = |text: &str| FileChange {
            mode: None,
            kind: ChangeKind::Changed,
            path: "log".into(),
            what: FileKind::Text(text.into()),
        };
        let with = |text: &str| Outcome { files: vec![of_file(text)], ..exit(0, "") };
        check(with("ab\n"), with("ba\n"), Verdict::Output { differing: 1, of: 2, first: change("ab", "ba") });
    }
}
