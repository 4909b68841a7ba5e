//! How much a difference harms a user: the order in which the catalogue shows its cases.

use crate::model::verdict::Verdict;

/// What a case says about a wasm target, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// The program ends successfully, and its data is wrong.
    Silent,
    /// It traps, hangs, is killed or is refused.
    Abort,
    /// It ends with another exit code, or shows an error that native does not show.
    Error,
    /// It ends as natively, and something else that it shows differs.
    Output,
    /// It does not compile for the target.
    Build,
    /// Only numbers and messages of operating system errors differ.
    Wording,
    /// There is no difference.
    Same,
    /// There is nothing to compare with: native did not build, aborted, or is not run.
    NoBaseline,
    /// The case does not run on this target.
    NotRun,
}

impl Harm {
    /// Returns the harm of a verdict, if there is one. `is_silent` says whether the case declares that nothing
    /// tells the user about the difference.
    pub fn of(verdict: Option<&Verdict>, is_silent: bool) -> Harm {
        match verdict {
            None => Harm::NotRun,
            Some(Verdict::NoBaseline) => Harm::NoBaseline,
            Some(Verdict::Same) => Harm::Same,
            Some(Verdict::Wording) => Harm::Wording,
            Some(_) if is_silent => Harm::Silent,
            Some(Verdict::Abort(_)) => Harm::Abort,
            Some(Verdict::Error(_)) => Harm::Error,
            Some(Verdict::Output { .. }) => Harm::Output,
            Some(Verdict::Build(_)) => Harm::Build,
        }
    }

    /// Whether a program has to be changed, or needs a grant or flag, to do what native does.
    pub fn is_harmful(self) -> bool {
        self <= Harm::Build
    }

    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Harm::Silent => "silent",
            Harm::Abort => "abort",
            Harm::Error => "error",
            Harm::Output => "output",
            Harm::Build => "build",
            Harm::Wording => "wording",
            Harm::Same => "same",
            Harm::NoBaseline => "no baseline",
            Harm::NotRun => "—",
        }
    }
}
