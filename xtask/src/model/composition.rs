//! Which component is plugged into which in a row.
//!
//! A composition is a directed acyclic graph of packages. Its root is the program of the example.

use std::collections::{BTreeMap, BTreeSet};

/// For each socket, the packages with the exports that fill its imports. It is empty for a row that runs the
/// program without composing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composition(BTreeMap<String, Vec<String>>);

/// The separator between a package and what is plugged into it, in drawings.
pub const PLUGGED: &str = " ← ";

/// A package into which others are plugged, and these others.
pub type Socket<'a> = (&'a str, &'a [String]);

impl Composition {
    /// Plugs packages into `socket`, after those that are plugged into it already.
    pub fn plug(&mut self, socket: &str, plugs: impl IntoIterator<Item = String>) {
        self.0.entry(socket.into()).or_default().extend(plugs);
    }

    /// Returns whether nothing is plugged into anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the package occurs as a socket or a plug.
    pub fn has(&self, package: &str) -> bool {
        self.0.iter().any(|(socket, plugs)| socket == package || plugs.iter().any(|plug| plug == package))
    }

    /// Returns whether something is plugged into the package.
    pub fn is_socket(&self, package: &str) -> bool {
        !self.plugs(package).is_empty()
    }

    /// Returns the packages that are plugged into `package`.
    pub fn plugs(&self, package: &str) -> &[String] {
        self.0.get(package).map_or(&[], Vec::as_slice)
    }

    /// Returns the sockets among the parts of `package`, each after those that are plugged into it. So
    /// `package` is the last one.
    pub fn order<'a>(&'a self, package: &'a str) -> Vec<Socket<'a>> {
        let mut order = Vec::new();
        self.add_in_order(package, &mut order);
        order
    }

    fn add_in_order<'a>(&'a self, package: &'a str, order: &mut Vec<Socket<'a>>) {
        let plugs = self.plugs(package);
        if plugs.is_empty() || order.iter().any(|(socket, _)| *socket == package) {
            return;
        }
        plugs.iter().for_each(|plug| self.add_in_order(plug, order));
        order.push((package, plugs));
    }

    /// Returns the parts of `package`: the package itself, its plugs, their plugs and so on.
    pub fn parts<'a>(&'a self, package: &'a str) -> BTreeSet<&'a str> {
        let mut parts = BTreeSet::new();
        let mut left = vec![package];
        while let Some(package) = left.pop() {
            if parts.insert(package) {
                left.extend(self.plugs(package).iter().map(String::as_str));
            }
        }
        parts
    }

    /// Draws the parts of `package`: `cat ← dog ← fox`, or `cat ← (dog ← fox, eel)` if several packages are
    /// plugged into one.
    pub fn draw(&self, package: &str) -> String {
        let plugs: Vec<_> = self.plugs(package).iter().map(|plug| self.draw(plug)).collect();
        match plugs.as_slice() {
            [] => package.to_string(),
            [plug] => format!("{package}{PLUGGED}{plug}"),
            plugs => format!("{package}{PLUGGED}({})", plugs.join(", ")),
        }
    }
}
