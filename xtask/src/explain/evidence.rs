//! What explains a cell: what is known about it, and what follows.

use crate::build::message::{Crate, Failure};
use crate::explain::rules::Rule;
use crate::model::outcome::{Outcome, Stream};
use crate::model::target::Target;
use crate::model::trace::Trace;
use crate::snapshot::format::Drawn;

/// What is known about a cell that differs from native.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub target: Target,
    /// The flags of the host.
    pub flags: &'a [String],
    /// The environment of the host, of which a guest sees only what the flags pass on.
    pub variables: &'a [(String, String)],
    /// The arguments of the program, with `{cwd}` for the scratch directory.
    pub args: &'a [String],
    pub native: &'a Outcome,
    pub here: &'a Outcome,
    /// The package of the program, and the error of the compiler if it does not compile here.
    pub package: &'a str,
    pub failure: Option<&'a Failure>,
    /// The crates of registries that the program contains.
    pub crates: &'a [Crate],
    /// What the host told about a second run, if it was traced and ended in the same way.
    pub trace: Option<&'a Trace>,
}

/// Why a program does something else.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub rule: &'static Rule,
    /// What was observed, in whole sentences.
    pub facts: Vec<String>,
    /// The index of the call of WASI that decides, if there is one.
    pub call: Option<usize>,
}

impl Explanation {
    /// Creates an explanation of what was observed.
    pub fn new(rule: &'static Rule, fact: impl Into<String>) -> Explanation {
        Explanation { rule, facts: vec![fact.into()], call: None }
    }

    /// Adds the call that decides.
    pub fn at(self, call: usize) -> Explanation {
        Explanation { call: Some(call), ..self }
    }
}

/// A run of which the host wrote a trace.
#[derive(Clone, Debug)]
pub struct Traced {
    pub trace: Trace,
    /// How it ended. What the program wrote to stderr is lost.
    pub outcome: Drawn,
}

/// A cell that differs from native, and why.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The id of the cell, such as `cat/sample/default@wasip1`.
    pub id: String,
    pub target: Target,
    pub native: Drawn,
    pub here: Drawn,
    pub traced: Option<Traced>,
    /// `None` if nothing proves a rule.
    pub explanation: Option<Explanation>,
}

impl Explained {
    /// Whether the traced run ended as the other one, with the same output and files.
    pub fn is_trace_valid(&self) -> bool {
        self.traced.as_ref().is_some_and(|traced| agree(&self.here.outcome, &traced.outcome.outcome))
    }
}

/// Whether a traced run did the same. What it wrote to stderr is not known.
pub fn agree(here: &Outcome, traced: &Outcome) -> bool {
    Drawn::new(Outcome { stderr: Stream::default(), ..here.clone() }) == Drawn::new(traced.clone())
}
