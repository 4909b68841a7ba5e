//! The tests of a package: what they do natively and on WASI, and how that is shown.

pub mod cause;
pub mod draw;
pub mod json;
pub mod junit;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::target::Target;
use crate::report::package_tests::cause::Cause;

/// The results of all tests of a package.
#[derive(Debug)]
pub struct TestResults {
    /// The name and the version of the package.
    pub package: String,
    /// The profile of cargo, if it is not the usual one.
    pub profile: Option<String>,
    /// What they were compiled with, beyond the defaults, each in a phrase.
    pub built_with: Vec<String>,
    /// The program that ran them on wasm targets.
    pub host: String,
    /// The wasm targets.
    pub targets: Vec<Target>,
    /// How many test binaries were run natively.
    pub binaries: usize,
    /// The binaries that are declared with `harness = false`, each of which counts as one test.
    pub own_harness: Vec<String>,
    pub tests: Vec<Test>,
    /// How long the native tests took together, as they were run.
    pub native_took: Duration,
    /// How many runs there were.
    pub runs: usize,
    /// Why test binaries do not compile for a target: the name of the binary, and the compiler's first error.
    pub not_built: BTreeMap<Target, Vec<(String, String)>>,
    /// For each target, the flags that some tests need, and how many of the compared tests pass with all of them.
    pub together: BTreeMap<Target, Together>,
    /// What the harness could not find out.
    pub without_result: Vec<WithoutResult>,
}

/// A binary whose tests are not known, or a test whose result on a target is not known.
#[derive(Clone, Debug)]
pub struct WithoutResult {
    pub binary: String,
    /// `None` if the binary does not list its tests.
    pub test: Option<String>,
    pub target: Target,
    /// What happened, with help if there is some.
    pub why: String,
}

/// The flags that tests need, given together.
#[derive(Clone, Debug, Default)]
pub struct Together {
    pub flags: Vec<String>,
    pub passed: usize,
}

/// A test and its results.
#[derive(Debug)]
pub struct Test {
    /// The name of its binary.
    pub binary: String,
    /// Its name in the binary.
    pub name: String,
    pub native: Native,
    pub took: Duration,
    /// What it does on each wasm target, if it passes natively.
    pub here: BTreeMap<Target, Here>,
}

/// What a test does natively.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Native {
    Passed,
    Ignored,
    /// With this in its output.
    Failed(String),
    /// The harness could not run it to its end.
    Unknown,
}

/// What a test that passes natively does on a wasm target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Here {
    Same,
    /// It passes with these flags, each of which it needs.
    Needs(Vec<String>),
    Differs(Difference),
    /// The harness could not run it to its end.
    Unknown,
}

/// How a test differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub cause: Cause,
    /// What it prints, abridged to a line.
    pub headline: String,
    /// What it prints, abridged.
    pub text: String,
}

impl Test {
    /// Returns the name of the test with that of its binary, such as `lib tests::parse`.
    pub fn id(&self) -> String {
        id(&self.binary, &self.name)
    }
}

impl WithoutResult {
    /// Returns the name of the binary, or of the test with that of its binary, and the target.
    pub fn id(&self) -> String {
        format!(
            "{}@{}",
            self.test.as_ref().map_or(self.binary.clone(), |test| id(&self.binary, test)),
            self.target
        )
    }
}

fn id(binary: &str, test: &str) -> String {
    if test == binary { test.into() } else { format!("{binary} {test}") }
}

impl TestResults {
    /// Returns the tests that pass natively, which are those that are compared.
    pub fn compared(&self) -> impl Iterator<Item = &Test> {
        self.tests.iter().filter(|test| test.native == Native::Passed)
    }

    /// Returns why the result of a test on a target is not known.
    pub fn why_unknown(&self, test: &Test, target: Target) -> Option<&str> {
        let is_it = |one: &&WithoutResult| {
            one.target == target && one.binary == test.binary && one.test.as_ref() == Some(&test.name)
        };
        self.without_result.iter().find(is_it).map(|one| &*one.why)
    }

    /// Returns whether every test that passes natively passes on every target, perhaps with flags, or is left out
    /// there.
    pub fn agree(&self) -> bool {
        let agrees = |here: &Here| match here {
            Here::Same | Here::Needs(_) => true,
            Here::Differs(difference) => difference.cause.is_left_out(),
            Here::Unknown => false,
        };
        self.compared().all(|test| test.here.values().all(agrees))
    }
}
