//! What a case claims about WASI, beside what its runs show: the page and `cargo xtask find` say it.

use crate::model::target::Target;

/// What a case claims about WASI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The name of the row that a sensible user of the program would give. The verdicts of the case are those
    /// of this row. If it is not given, it is the row without a grant or flags.
    pub baseline: Option<String>,
    /// The targets on which the program goes on with wrong data and ends successfully.
    pub silent: Vec<Target>,
    /// What a program can do instead, on one line.
    pub remedy: Option<String>,
    /// The items of std that the case is about, as paths: `std::fs::File::try_clone`.
    pub apis: Vec<String>,
    /// Addresses of the issues, pull requests and commits of std, wasi-libc or a host about this.
    pub upstream: Vec<String>,
}
