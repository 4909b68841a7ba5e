//! An example: a program with its cases, modules and fixture.

use crate::model::case::Case;

/// A package in `examples/`: one program, with outcomes that are compared across columns.
#[derive(Clone, Debug)]
pub struct Example {
    /// The name of its directory, package, program and snapshot directory.
    pub name: String,
    /// What it shows, in one phrase: the `description` in its `Cargo.toml`.
    pub summary: Option<String>,
    /// The section of DIVERGENCES.md to which it belongs.
    pub area: Option<String>,
    pub cases: Vec<Case>,
    /// The other packages of the example, in `modules/`.
    pub modules: Vec<Module>,
}

/// A package in the `modules/` of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    pub name: String,
    /// Whether it is a program (`src/main.rs`) and not a library. Cargo names their files differently.
    pub is_program: bool,
}

#[cfg(test)]
impl Example {
    /// Creates an example that has these cases and nothing else.
    pub fn with_cases(name: &str, cases: Vec<Case>) -> Example {
        Example { name: name.into(), summary: None, area: None, cases, modules: Vec::new() }
    }
}
