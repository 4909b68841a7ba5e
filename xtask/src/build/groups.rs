//! Cuts the units of one target into groups that cargo can build together without any of them being different from
//! what it is when it is built alone.
//!
//! In one call, cargo gives a shared dependency all features that any of the packages asks for (The Cargo Book,
//! "Feature unification"). So what an example does would depend on all other examples. In a group, no two packages
//! have the same dependency with different features.
//!
//! `resolver.feature-unification = "package"`, an unstable setting of cargo, is meant to do this in one call. In Rust
//! 1.99 it does not: if two packages share a dependency with the same features, and that has another dependency with
//! different ones, then cargo builds the former once, with one of the latter.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::build::artifacts;
use crate::build::lock_file::LockFile;
use crate::model::column::Unit;
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::{Installed, Toolchains};
use crate::support::atomic_file;
use crate::support::escape::count;
use crate::support::hash::Fnv;
use crate::support::terminal::say;
use crate::support::text_file;
use crate::tools::cargo as tools;
use crate::tools::progress::Progress;

/// The features of all packages that a unit needs, and its own: `serde v1.0.0` has one set of features, or two, if a
/// build script or a macro needs it with others.
type Features = BTreeMap<String, BTreeSet<String>>;

/// How many packages cargo is asked about without a word.
const FEW: usize = 8;

/// Returns the groups of `units`, which have the same toolchain and target.
///
/// # Errors
/// If cargo cannot be run. If it cannot read the packages, they are one group, whose build shows why.
pub fn groups<'u>(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    units: &[&'u Unit],
) -> Result<Vec<Vec<&'u Unit>>> {
    let Some(first) = units.first() else { return Ok(Vec::new()) };
    let cargo = toolchains.of(first.toolchain);
    let manifests = manifests(&context.workspace.examples());
    let lock = LockFile::read(&context.workspace.root);
    let root = context.workspace.root.join("Cargo.toml");
    let directory = context.workspace.own_dir().join("features");
    let file = |unit: &Unit| {
        let manifest = manifests.get(&unit.package)?;
        // A package that names neither shares nothing with another one.
        let text = String::from_utf8(text_file::read(manifest).ok()?).ok()?;
        let can_share = text.contains("dependencies") || text.contains("[features]");
        let mut hash = Fnv::default();
        hash.add(cargo.cargo.as_os_str().as_encoded_bytes());
        hash.add(artifacts::triple(unit).as_bytes());
        hash.add(lock.text_of(&unit.package).as_bytes());
        let mut seen = BTreeSet::new();
        [&root, manifest].into_iter().for_each(|manifest| add_manifests(manifest, &mut seen, &mut hash));
        can_share.then(|| directory.join(format!("{}-{:016x}", unit.package, hash.value())))
    };
    let files: Vec<_> = units.iter().map(|unit| (*unit, file(unit))).collect();
    let sharing = files.iter().filter(|(_, file)| file.is_some()).count();
    if sharing < 2 {
        return Ok(vec![units.to_vec()]);
    }
    let unknown = files.iter().filter(|(_, file)| file.as_ref().is_some_and(|file| !file.exists())).count();
    if unknown > FEW {
        let packages = count(unknown, "package");
        say(&format!(
            "Asking cargo for the features of {packages} for {}, which takes some seconds",
            first.target
        ));
    }
    let mut known = Vec::new();
    for (unit, file) in files {
        let features = match file {
            Some(file) => match features(context, cargo, unit, &file)? {
                Some(features) => features,
                None => return Ok(vec![units.to_vec()]),
            },
            None => Features::new(),
        };
        known.push((unit, features));
    }
    Ok(cut(known))
}

/// Puts each unit into the first group in which it agrees with all others, those with most dependencies first.
fn cut(mut units: Vec<(&Unit, Features)>) -> Vec<Vec<&Unit>> {
    units.sort_by_key(|(_, features)| std::cmp::Reverse(features.len()));
    let mut groups: Vec<(Vec<&Unit>, Features)> = Vec::new();
    for (unit, features) in units {
        let agrees = |known: &Features| {
            features.iter().all(|(package, sets)| known.get(package).is_none_or(|known| known == sets))
        };
        match groups.iter_mut().find(|(_, known)| agrees(known)) {
            Some((group, known)) => {
                group.push(unit);
                known.extend(features);
            }
            None => groups.push((vec![unit], features)),
        }
    }
    groups.into_iter().map(|(group, _)| group).collect()
}

/// Returns the features that a unit needs, from `file` or else from cargo, which takes a tenth of a second. The name of
/// the file contains a hash of all that they depend on. Returns `None` if cargo cannot tell.
fn features(
    context: ToolContext<'_>,
    cargo: &Installed,
    unit: &Unit,
    file: &Path,
) -> Result<Option<Features>> {
    if let Ok(bytes) = text_file::read(file) {
        return Ok(Some(parse(&String::from_utf8_lossy(&bytes))));
    }
    let mut command = tools::command(&cargo.cargo);
    command.envs(cargo.variables(&context.env.path)).args(["tree", "--package", &unit.package]);
    command.args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}|{f}"]);
    command.args(["--target", artifacts::triple(unit)]).args(context.offline.then_some("--offline"));
    command.arg("--manifest-path").arg(context.workspace.root.join("Cargo.toml"));
    let mut lines = BTreeSet::new();
    let called = tools::call(&mut command, Progress::Hidden, context.interrupt, |line| {
        // A star marks a package whose own dependencies were listed before.
        lines.insert(line.strip_suffix(" (*)").unwrap_or(line).to_string());
    })?;
    if !called.success || context.interrupt.signal().is_some() {
        return Ok(None);
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let directory = file.parent().unwrap_or(Path::new(""));
    let written = fs::create_dir_all(directory).and_then(|()| atomic_file::write(file, text.as_bytes()));
    written.with_context(|| format!("cannot write {}", file.display()))?;
    Ok(Some(parse(&text)))
}

/// Reads lines such as `serde v1.0.0|default,std`.
fn parse(text: &str) -> Features {
    let mut all = Features::new();
    for (package, features) in text.lines().filter_map(|line| line.rsplit_once('|')) {
        let package = package.strip_suffix(" (proc-macro)").unwrap_or(package);
        all.entry(package.into()).or_default().insert(features.into());
    }
    all
}

/// Returns the `Cargo.toml` of each package in `examples/`, by its name.
fn manifests(examples: &Path) -> BTreeMap<String, PathBuf> {
    let packages = |directory: &Path| {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let of = |directory: &PathBuf| {
        let name = directory.file_name()?.to_string_lossy().into_owned();
        Some((name, directory.join("Cargo.toml")))
    };
    let examples = packages(examples);
    let modules = examples.iter().flat_map(|example| packages(&example.join("modules")));
    examples.iter().cloned().chain(modules).filter_map(|directory| of(&directory)).collect()
}

/// Adds a `Cargo.toml` to a hash, and those of the packages that it names by their paths.
fn add_manifests(manifest: &Path, seen: &mut BTreeSet<PathBuf>, hash: &mut Fnv) {
    if !seen.insert(manifest.to_path_buf()) {
        return;
    }
    let bytes = text_file::read(manifest).unwrap_or_default();
    hash.add(&bytes);
    if let Ok(table) = String::from_utf8_lossy(&bytes).parse::<toml::Table>() {
        let directory = manifest.parent().unwrap_or(Path::new(""));
        let mut paths = Vec::new();
        table.values().for_each(|value| add_paths(value, &mut paths));
        for path in paths {
            add_manifests(&directory.join(path).join("Cargo.toml"), seen, hash);
        }
    }
}

/// Adds what is called `path` in any table: a directory of a package, or something that has no `Cargo.toml`.
fn add_paths(value: &toml::Value, paths: &mut Vec<String>) {
    let Some(table) = value.as_table() else { return };
    for (key, value) in table {
        match value {
            toml::Value::String(path) if key == "path" => paths.push(path.clone()),
            other => add_paths(other, paths),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::column::Column;
    use crate::model::target::Target;

    #[test]
    fn units_that_disagree_are_in_different_groups() {
        let units = ["a", "b", "c", "d"].map(|package| Column::pinned(Target::Wasip1).unit(package));
        let texts = [
            "a v0.1.0 (/a)|\nserde v1.0.0|std\nsyn v2.0.0 (proc-macro)|full\n",
            "b v0.1.0 (/b)|\nserde v1.0.0|\n",
            "c v0.1.0 (/c)|\nserde v1.0.0|std\nlibc v0.2.0|\n",
            "",
        ];
        let known = units.iter().zip(texts).map(|(unit, text)| (unit, parse(text))).collect();
        let names = |group: &Vec<&Unit>| group.iter().map(|unit| unit.package.as_str()).collect::<String>();
        assert_eq!(cut(known).iter().map(names).collect::<Vec<_>>(), ["acd", "b"]);
    }

    #[test]
    fn a_dependency_can_have_two_sets_of_features() {
        let features = parse("own v0.1.0 (/o|x)|\nlog v0.4.0|std\nlog v0.4.0|\n");
        assert_eq!(features["log v0.4.0"], ["", "std"].map(String::from).into());
        assert_eq!(features["own v0.1.0 (/o|x)"].len(), 1);
    }

    #[test]
    fn packages_at_paths_count() {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("a/Cargo.toml", "[target.'cfg(unix)'.dependencies]\nb = { path = '../b' }\n");
        write("b/Cargo.toml", "[dependencies]\na = { path = '../a' }\n");
        let hash = || {
            let mut hash = Fnv::default();
            add_manifests(&directory.path().join("a/Cargo.toml"), &mut BTreeSet::new(), &mut hash);
            hash.value()
        };
        let before = hash();
        assert_eq!(hash(), before);
        write("b/Cargo.toml", "[features]\ndefault = []\n");
        assert_ne!(hash(), before);
    }
}
