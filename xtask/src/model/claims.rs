//! What a case claims about WASI, beside what its runs show: the page and `cargo xtask find` say it.

use crate::model::case::DEFAULT_ROW;
use crate::model::target::Target;

/// What a case claims about WASI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The name of the row that a sensible user of the program would give. The verdicts of the case are those
    /// of this row.
    pub baseline: String,
    /// The targets on which the program goes on with wrong data and ends successfully.
    pub silent: Vec<Target>,
    /// What a program can do instead, on one line.
    pub remedy: Option<String>,
    /// The items of std that the case is about, as paths: `std::fs::File::try_clone`.
    pub apis: Vec<String>,
    /// Addresses of the issues, pull requests and commits of std, wasi-libc or a host about this.
    pub upstream: Vec<String>,
}

impl Default for Claims {
    fn default() -> Claims {
        Claims {
            baseline: DEFAULT_ROW.into(),
            silent: Vec::new(),
            remedy: None,
            apis: Vec::new(),
            upstream: Vec::new(),
        }
    }
}
