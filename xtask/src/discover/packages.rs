//! The packages of an example.

use crate::model::example::Module;

/// The packages of an example, which its cases can name.
pub struct Packages<'a> {
    /// The name of the example's own package.
    pub own: &'a str,
    pub modules: &'a [Module],
}

impl<'a> Packages<'a> {
    /// Returns the names of the modules.
    pub fn module_names(&self) -> impl Iterator<Item = &'a str> {
        self.modules.iter().map(|module| module.name.as_str())
    }

    /// Returns the names of all packages.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.module_names().chain([self.own])
    }

    /// Returns whether a package has this name.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }
}
