//! The trait that all hosts implement.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::model::case::Row;
use crate::model::trace::Trace;

/// What runs a program: the operating system, or a runtime such as wasmtime.
pub trait Host: Sync {
    /// Returns the flags of a row: those for its grant, then its own. Placeholders are kept.
    fn flags(&self, row: &Row) -> Vec<String>;

    /// Returns the command line that the harness runs for `call`, with the program to run as its first word.
    fn argv(&self, call: &Call<'_>) -> Vec<OsString>;

    /// Returns the command line that a user types for the same call.
    fn typed(&self, call: &Call<'_>) -> Vec<String>;

    /// Returns the command line of [`argv`](Host::argv) with flags that keep the guest from running, or `None`
    /// if the host never ends a run itself. `stderr` is what the call has printed. If the second run ends with
    /// the same exit code and output, the host ended the first one.
    fn argv_without_guest(&self, call: &Call<'_>, stderr: &[u8]) -> Option<Vec<OsString>>;

    /// Returns what the host compiles before it runs `call`, and keeps for the next call: the modules, in the order in
    /// which they are needed.
    fn compilations(&self, call: &Call<'_>) -> Vec<Compilation>;

    /// Returns how a run ended that exited with `code` and printed `stdout` and `stderr`.
    fn ending(&self, code: i32, stdout: &[u8], stderr: &[u8]) -> Ending;

    /// Returns how to run `call` so that the host writes a trace to stderr, and the program writes nothing there.
    /// Returns `None` if the host cannot do that.
    fn traced(&self, call: &Call<'_>) -> Option<Traced>;

    /// Reads the trace from the stderr of such a run.
    fn trace(&self, stderr: &str) -> Trace;

    /// Returns `text`, the output of a run, without the parts of the host's reports that change with every
    /// build.
    fn stable_report(&self, text: &str) -> String;
}

/// A program with its flags and arguments. All placeholders are replaced.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub flags: &'a [String],
    pub program: &'a Path,
    pub args: &'a [String],
}

/// A module that a host compiles, and how it does only that.
#[derive(Clone, Debug)]
pub struct Compilation {
    /// The file of the module, as the call names it.
    pub module: PathBuf,
    /// The program of the host.
    pub by: PathBuf,
    /// The flags of the call on which the result depends.
    pub flags: Vec<String>,
    /// The command line that compiles the module with these flags and keeps the result, and runs no guest.
    pub argv: Vec<OsString>,
}

/// How a call is run so that the host traces it.
#[derive(Clone, Debug)]
pub struct Traced {
    pub argv: Vec<OsString>,
    /// A variable of the host's environment, with its value.
    pub variable: (String, String),
}

/// How a run ended that exited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The program exited, or the host reports an error in the same way as an exit of the program.
    Exit,
    /// A trap. `what` is the host's message, and `report_at` the offset in bytes at which the host's report
    /// starts in stderr.
    Trap { what: String, report_at: usize },
    /// Perhaps the host refused to start the guest, for this reason. But a guest can print the same, so a
    /// second run without the guest has to decide.
    PerhapsRefused(String),
}
