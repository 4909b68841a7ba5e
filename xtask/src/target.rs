//! The columns of every table: where a program can be built for and run.

use std::fmt;

/// A column of the table.
///
/// Its fields are private so that a column can later carry a Rust and a wasmtime version, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    world: World,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum World {
    Native,
    Wasip1,
    Wasip2,
}

impl Target {
    pub const NATIVE: Target = Target { world: World::Native };
    pub const WASIP1: Target = Target { world: World::Wasip1 };
    pub const WASIP2: Target = Target { world: World::Wasip2 };

    /// All columns, in the order of the table.
    pub const ALL: [Target; 3] = [Target::NATIVE, Target::WASIP1, Target::WASIP2];

    /// The name in tables, cell ids and `cases.toml`.
    pub fn name(self) -> &'static str {
        match self.world {
            World::Native => "native",
            World::Wasip1 => "wasip1",
            World::Wasip2 => "wasip2",
        }
    }

    /// The target of that name, if there is one.
    pub fn named(name: &str) -> Option<Target> {
        Target::ALL.into_iter().find(|target| target.name() == name)
    }

    /// What `cargo build --target` is told; `None` for native, whose triple is the host's.
    pub fn wasm_triple(self) -> Option<&'static str> {
        match self.world {
            World::Native => None,
            World::Wasip1 => Some("wasm32-wasip1"),
            World::Wasip2 => Some("wasm32-wasip2"),
        }
    }

    /// Whether what is built for this target is a component.
    pub fn has_components(self) -> bool {
        self.world == World::Wasip2
    }

    /// Whether programs for this target run under wasmtime.
    pub fn is_wasm(self) -> bool {
        self.wasm_triple().is_some()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
