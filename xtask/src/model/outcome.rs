//! The outcome of a cell: the normalized results of a run.
//!
//! `snapshot/format.rs` writes outcomes as text and reads them back. Two outcomes are equal if and only if
//! their texts are equal.

use std::fmt;

pub use crate::model::tree::ChangeKind;

/// The results of a run. All text in it is escaped (see `support/escape.rs`) and normalized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub end: End,
    /// Whether processes that the program had started were still running when it ended.
    pub left_running: bool,
    pub stdout: Stream,
    pub stderr: Stream,
    /// What changed in the working directory, by path.
    pub files: Vec<FileChange>,
    /// If very many files have changed, a line that summarizes those that are not in `files`.
    pub more_files: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The program or its host exited with this code.
    Exit(i32),
    /// A signal of the operating system ended the program, such as `SIGABRT`.
    Signal(String),
    /// A trap ended the guest, with this message of the host.
    Trap(String),
    /// The host ended before the guest started, for this reason.
    Refused(String),
    /// It ran longer than its timeout, and was killed.
    TimedOut,
    /// It printed more than the limit, and was killed.
    TooMuchOutput,
    /// The program, or a module that it needs, does not build, with this error of the compiler.
    DoesNotBuild(String),
    /// The components of the program do not fit together, for this reason.
    DoesNotCompose(String),
}

/// What a program printed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Stream {
    pub text: String,
    /// Whether `text` is only the beginning of what was printed.
    pub cut: bool,
}

/// A change in the working directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    pub kind: ChangeKind,
    /// Relative to the working directory. It begins with `../` if it is outside of it.
    pub path: String,
    /// The permission bits of a file that was created or changed, if they are not 0644.
    pub mode: Option<u32>,
    pub what: FileKind,
}

/// The entry that was created or changed, or that a removal is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileKind {
    Directory,
    /// A symbolic link to this target.
    Link(String),
    /// A file with these contents.
    Text(String),
    /// A file without contents.
    Empty,
    /// An entry without its contents, and why they are not shown: `4097 bytes, FNV-1a …`.
    Summary(String),
    /// A directory without its contents, and why they were not read.
    Unread(String),
    /// A file that was removed.
    Removed,
}

impl Outcome {
    /// Creates an outcome without output or changed files.
    pub fn of_end(end: End) -> Outcome {
        Outcome {
            end,
            left_running: false,
            stdout: Stream::default(),
            stderr: Stream::default(),
            files: Vec::new(),
            more_files: None,
        }
    }
}

impl End {
    /// Returns the end without its details: `trap`, `SIGABRT`, `exit 3`.
    pub fn label(&self) -> String {
        match self {
            End::Signal(name) => name.clone(),
            End::Trap(_) => "trap".into(),
            End::Refused(_) => "refused".into(),
            End::DoesNotBuild(_) => "does not build".into(),
            End::DoesNotCompose(_) => "does not compose".into(),
            End::Exit(_) | End::TimedOut | End::TooMuchOutput => self.to_string(),
        }
    }
}

impl fmt::Display for End {
    /// Writes the end as in the first line of an outcome's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Exit(code) => write!(f, "exit {code}"),
            End::Signal(name) => write!(f, "signal {name}"),
            End::Trap(what) => write!(f, "trap: {what}"),
            End::Refused(reason) => write!(f, "refused: {reason}"),
            End::TimedOut => f.write_str("timed out"),
            End::TooMuchOutput => f.write_str("too much output"),
            End::DoesNotBuild(error) => write!(f, "does not build: {error}"),
            End::DoesNotCompose(reason) => write!(f, "does not compose: {reason}"),
        }
    }
}
