//! A case: one way to call an example, and the rows of its table.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use regex_lite::Regex;

use crate::model::claims::Claims;
use crate::model::column::Column;
use crate::model::composition::Composition;
use crate::model::grant::Grant;
use crate::model::target::Target;
use crate::model::tree::Tree;

/// The row that every case has, without a grant or flags. It is the only one that runs natively.
pub const DEFAULT_ROW: &str = "default";

/// The timeout of cells, if their case does not set one.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The placeholder for the port of a cell's peer, in `cases.toml` and in outcomes.
pub const PORT: &str = "{port}";

/// The placeholder for a directory on another mount than the scratch directory.
pub const MOUNT: &str = "{mount}";

/// One way to call an example: one snapshot file, one table.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    /// One line that says what this case shows.
    pub about: Option<String>,
    pub args: Vec<String>,
    pub stdin: String,
    /// Whether the input is a file with that text, as with `<` in a shell, and not a pipe.
    pub stdin_file: bool,
    /// What standard output is, if it is not recorded.
    pub stdout: Option<Stdout>,
    /// Whether the standard streams are a terminal. What the program writes to any of them is then recorded as
    /// standard output.
    pub terminal: bool,
    /// The initial contents of each cell's working directory: the example's fixture and the case's FIFOs.
    pub fixture: Arc<Tree>,
    /// The paths of these FIFOs, as they are written in `cases.toml`.
    pub fifos: Vec<PathBuf>,
    /// Environment variables of the host process, in addition to the fixed ones.
    pub env: BTreeMap<String, String>,
    /// The name of the module that is the peer: it is started before the program of each cell, which can
    /// connect to it.
    pub peer: Option<String>,
    /// `default` first, then in the order of the file.
    pub rows: Vec<Row>,
    /// The targets that the case runs on, in the order of [`Target::ALL`].
    pub targets: Vec<Target>,
    pub timeout: Duration,
    pub redact: Vec<Redaction>,
    /// Whether the program is meant to compile natively. If not, that it does not compile is an outcome.
    pub builds: bool,
    /// Whether modules are meant to overlap in a shared memory; otherwise a run warns about that.
    pub overlap_expected: bool,
    /// What the case claims about WASI.
    pub claims: Claims,
}

/// A row of the table: what the host is given in addition to the program and its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    /// What the user allows the guest, independent of the host.
    pub grant: Grant,
    /// Flags of wasmtime as they are written in `cases.toml`, with placeholders. A row with flags runs under
    /// wasmtime only.
    pub flags: Vec<String>,
    /// The components that are plugged into the program before it runs.
    pub compose: Composition,
}

/// What standard output is, if it is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdout {
    /// A pipe with a closed reader.
    Broken,
    /// A device that is full.
    Full,
}

/// Text that differs from run to run, and its replacement.
#[derive(Clone, Debug)]
pub struct Redaction {
    pub pattern: Regex,
    pub with: String,
}

impl Case {
    /// Creates a case without arguments that has only the row `default`, on every target. An example without
    /// a `cases.toml` has one such case, named `default`.
    pub fn plain(name: &str) -> Case {
        Case {
            name: name.into(),
            about: None,
            args: Vec::new(),
            stdin: String::new(),
            stdin_file: false,
            stdout: None,
            terminal: false,
            fixture: Arc::default(),
            fifos: Vec::new(),
            env: BTreeMap::new(),
            peer: None,
            rows: vec![Row::default_row()],
            targets: Target::ALL.into(),
            timeout: DEFAULT_TIMEOUT,
            redact: Vec::new(),
            builds: true,
            overlap_expected: false,
            claims: Claims::default(),
        }
    }

    /// Returns the name of the row that a sensible user of the program would give.
    pub fn baseline(&self) -> &str {
        self.claims.baseline.as_deref().unwrap_or(DEFAULT_ROW)
    }

    /// Returns whether `row` has a cell in `column`. Only the row `default` runs natively, and only
    /// components can be composed.
    pub fn runs(&self, row: &Row, column: &Column) -> bool {
        self.targets.contains(&column.target)
            && (column.target.is_wasm() || row.name == DEFAULT_ROW)
            && (column.target.has_components() || row.compose.is_empty())
    }
}

impl Row {
    /// Creates the row `default`.
    pub fn default_row() -> Row {
        Row { name: DEFAULT_ROW.into(), ..Row::default() }
    }
}
