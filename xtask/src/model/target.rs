//! The targets for which programs are compiled.

use std::fmt;

/// The triple of this machine, which is also that of native programs.
pub const NATIVE_TRIPLE: &str = env!("PARALLAX_HOST");

/// A target for which programs are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    Native,
    Wasip1,
    Wasip2,
}

impl Target {
    /// All targets, in the order of the columns.
    pub const ALL: [Target; 3] = [Target::Native, Target::Wasip1, Target::Wasip2];

    /// Returns the name in tables, cell ids and `cases.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Target::Native => "native",
            Target::Wasip1 => "wasip1",
            Target::Wasip2 => "wasip2",
        }
    }

    /// Returns the target with this name or this target triple of Rust: `wasip1` or `wasm32-wasip1`.
    pub fn named(name: &str) -> Option<Target> {
        Target::ALL.into_iter().find(|target| target.name() == name || target.wasm_triple() == Some(name))
    }

    /// Returns the target triple of Rust, or `None` for native: that triple depends on the machine.
    pub fn wasm_triple(self) -> Option<&'static str> {
        match self {
            Target::Native => None,
            Target::Wasip1 => Some("wasm32-wasip1"),
            Target::Wasip2 => Some("wasm32-wasip2"),
        }
    }

    /// Returns whether programs for this target are WebAssembly, which needs a host such as wasmtime.
    pub fn is_wasm(self) -> bool {
        self.wasm_triple().is_some()
    }

    /// Returns whether programs for this target are components, which can be composed.
    pub fn has_components(self) -> bool {
        self == Target::Wasip2
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
