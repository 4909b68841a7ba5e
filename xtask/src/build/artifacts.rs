//! The paths at which cargo puts the artifacts of units.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::column::{Toolchain, Unit};
use crate::model::example::{Example, Module};
use crate::model::target::NATIVE_TRIPLE;
use crate::workspace::Workspace;

/// The cargo profile of all examples, which the workspace's `Cargo.toml` defines.
pub const PROFILE: &str = "example";

/// The artifact of each unit.
pub type Files = BTreeMap<Unit, PathBuf>;

/// Returns the target triple for which a unit is built, as `cargo build --target` takes it.
pub fn triple(unit: &Unit) -> &'static str {
    unit.target.wasm_triple().unwrap_or(NATIVE_TRIPLE)
}

/// Returns the directory that cargo builds into. Each release of Rust has its own, so that no artifact of one
/// overwrites another's.
pub fn target_dir(workspace: &Workspace, toolchain: Toolchain) -> PathBuf {
    match workspace.release(toolchain) {
        None => workspace.target_dir.clone(),
        Some(version) => workspace.own_dir().join(format!("rust-{version}")),
    }
}

/// Returns the directory in which cargo puts the artifacts of a unit.
pub fn directory(workspace: &Workspace, unit: &Unit) -> PathBuf {
    target_dir(workspace, unit.toolchain).join(triple(unit)).join(PROFILE)
}

/// Returns the paths at which cargo will put the artifacts of `units`, which must be packages of
/// `example`. The files may not exist yet.
pub fn expected(workspace: &Workspace, example: &Example, units: impl IntoIterator<Item = Unit>) -> Files {
    let file = |unit: &Unit| {
        let module = example.modules.iter().find(|module| module.name == unit.package);
        let suffix = if unit.target.is_wasm() { ".wasm" } else { std::env::consts::EXE_SUFFIX };
        let name = match module {
            // Cargo replaces hyphens in the names of libraries (The Cargo Book, "Cargo Targets").
            Some(Module { name, is_program: false }) => format!("{}.wasm", name.replace('-', "_")),
            _ => format!("{}{suffix}", unit.package),
        };
        directory(workspace, unit).join(name)
    };
    units.into_iter().map(|unit| (unit.clone(), file(&unit))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::case::Case;
    use crate::model::column::Column;

    #[test]
    fn units_of_different_toolchains_have_different_files() {
        let workspace = Workspace {
            root: "/w".into(),
            target_dir: "/w/target".into(),
            wasmtime: "48.0.8".parse().unwrap(),
            rust: None,
            columns: Column::all_pinned(),
            members: Vec::new(),
            areas: Vec::new(),
            checksums: BTreeMap::new(),
            profile: toml::Table::new(),
        };
        let mut example = Example::with_cases("cat", vec![Case::plain("default")]);
        example.modules.push(Module { name: "two-words".into(), is_program: false });
        let file = |column: &str, package: &str| {
            let unit = column.parse::<Column>().unwrap().unit(package);
            let file = expected(&workspace, &example, [unit.clone()]).remove(&unit).unwrap();
            file.to_string_lossy().into_owned()
        };
        assert_eq!(file("wasip1", "cat"), "/w/target/wasm32-wasip1/example/cat.wasm");
        assert_eq!(file("wasip2", "two-words"), "/w/target/wasm32-wasip2/example/two_words.wasm");
        let other = "/w/target/parallax/rust-1.93.0/wasm32-wasip1/example/cat.wasm";
        assert_eq!(file("wasip1+rust-1.93.0", "cat"), other);
    }
}
