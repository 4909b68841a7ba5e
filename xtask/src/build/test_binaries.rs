//! Compiles the tests of a package that is not an example, as `cargo test --no-run` does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::build::accident;
use crate::build::artifacts;
use crate::build::foreign::{self, Choice};
use crate::build::message::{CargoTarget, Failure, Message};
use crate::exit;
use crate::model::column::{Column, Toolchain};
use crate::model::target::Target;
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::Toolchains;
use crate::support::hash::fnv_1a;
use crate::support::text_file;
use crate::tools::cargo as tools;

/// Which test binaries the user wants; all if none is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The unit tests of the library.
    pub lib: bool,
    /// The unit tests of this program.
    pub bin: Option<String>,
    /// Files in `tests/`, by name.
    pub tests: Vec<String>,
}

/// The package whose tests are run.
#[derive(Clone, Debug)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// The directory of its `Cargo.toml`, in which cargo runs tests.
    pub directory: PathBuf,
    pub workspace_root: PathBuf,
    id: String,
    features: Vec<String>,
    /// The names of the binaries that are declared with `harness = false`.
    own_harness: BTreeSet<String>,
    /// The variables that cargo sets for every package, by name.
    variables: BTreeMap<String, String>,
}

/// A binary with tests. Its name is `lib`, that of a file in `tests/`, or such as `bin NAME`.
#[derive(Clone, Debug)]
pub struct Binary {
    pub name: String,
    pub file: PathBuf,
    /// Whether it is declared with `harness = false`, so that nothing is known of its arguments and its output.
    pub has_own_harness: bool,
}

/// The result of compiling the tests for a target.
#[derive(Debug, Default)]
pub struct TestBinaries {
    pub built: Vec<Binary>,
    /// Why binaries do not compile, by name.
    failures: BTreeMap<String, Failure>,
    /// Why something does not compile that others may need: the library, or another package.
    shared_failure: Option<Failure>,
    /// The variables that cargo sets when it runs tests.
    pub variables: BTreeMap<String, String>,
}

impl TestBinaries {
    /// Returns why the binary `name` was not built, or `None` if it was.
    pub fn failure(&self, name: &str) -> Option<Failure> {
        if self.built.iter().any(|binary| binary.name == name) {
            return None;
        }
        let failure = self.failures.get(name).or(self.shared_failure.as_ref()).cloned();
        Some(failure.unwrap_or_else(|| {
            let headline = "error: cargo did not compile it for this target".to_string();
            Failure::of_cargo(&headline, &headline)
        }))
    }

    /// Returns the binaries that do not compile for a reason of their own, each with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&String, &Failure)> {
        self.failures.iter()
    }

    /// Returns the first failure of any binary.
    pub fn first_failure(&self) -> Option<&Failure> {
        self.failures.values().next().or(self.shared_failure.as_ref())
    }
}

/// Finds the package that the user means.
///
/// # Errors
/// If there is no package, or several to choose from.
pub fn find(context: ToolContext<'_>, toolchains: &Toolchains, choice: &Choice) -> Result<Package> {
    let (manifest, metadata) = foreign::metadata(context, toolchains, &choice.path)?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let package = foreign::package(packages, &manifest, choice.package.as_deref())?;
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_string();
    let manifest = PathBuf::from(text("manifest_path"));
    let bytes = text_file::read(&manifest).unwrap_or_default();
    Ok(Package {
        name: text("name"),
        version: text("version"),
        directory: manifest.parent().map(Into::into).unwrap_or_default(),
        workspace_root: metadata["workspace_root"].as_str().unwrap_or_default().into(),
        id: text("id"),
        features: choice.features.clone(),
        own_harness: own_harness(&String::from_utf8_lossy(&bytes)),
        variables: variables(package, &manifest),
    })
}

/// Returns the names of the binaries that a `Cargo.toml` declares with `harness = false` (The Cargo Book, "Cargo
/// Targets").
fn own_harness(manifest: &str) -> BTreeSet<String> {
    let Ok(manifest) = manifest.parse::<toml::Table>() else { return BTreeSet::new() };
    let has_own = |table: &toml::Value| table.get("harness").and_then(toml::Value::as_bool) == Some(false);
    let mut names: BTreeSet<String> =
        manifest.get("lib").filter(|lib| has_own(lib)).map(|_| "lib".into()).into_iter().collect();
    for kind in ["test", "bin", "example", "bench"] {
        let tables = manifest.get(kind).and_then(toml::Value::as_array).into_iter().flatten();
        let named = tables.filter(|table| has_own(table)).filter_map(|table| table.get("name")?.as_str());
        names.extend(named.map(|name| binary_name(kind, name)));
    }
    names
}

/// Returns the variables that cargo sets when it runs tests (The Cargo Book, "Environment Variables").
fn variables(package: &Value, manifest: &Path) -> BTreeMap<String, String> {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_string();
    let version = text("version");
    let (numbers, pre) =
        version.split('+').next().unwrap_or_default().split_once('-').unwrap_or((&version, ""));
    let mut numbers = numbers.split('.');
    let mut number = || numbers.next().unwrap_or_default().to_string();
    let authors = package["authors"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let directory = manifest.parent().unwrap_or(manifest).to_string_lossy().into_owned();
    [
        ("CARGO_MANIFEST_DIR", directory),
        ("CARGO_MANIFEST_PATH", manifest.to_string_lossy().into_owned()),
        ("CARGO_PKG_NAME", text("name")),
        ("CARGO_PKG_VERSION_MAJOR", number()),
        ("CARGO_PKG_VERSION_MINOR", number()),
        ("CARGO_PKG_VERSION_PATCH", number()),
        ("CARGO_PKG_VERSION_PRE", pre.into()),
        ("CARGO_PKG_VERSION", version.clone()),
        ("CARGO_PKG_AUTHORS", authors.collect::<Vec<_>>().join(":")),
        ("CARGO_PKG_DESCRIPTION", text("description")),
        ("CARGO_PKG_HOMEPAGE", text("homepage")),
        ("CARGO_PKG_REPOSITORY", text("repository")),
        ("CARGO_PKG_LICENSE", text("license")),
        ("CARGO_PKG_LICENSE_FILE", text("license_file")),
        ("CARGO_PKG_RUST_VERSION", text("rust_version")),
        ("CARGO_PKG_README", text("readme")),
    ]
    .map(|(name, value)| (name.to_string(), value))
    .into()
}

/// Compiles the tests of a package for a target.
///
/// Nothing is left in the user's directories: cargo builds into a directory of the harness, and a `Cargo.lock` that
/// it creates is removed.
///
/// # Errors
/// If cargo cannot be run, or fails before it compiles anything.
pub fn build(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    package: &Package,
    selection: &Selection,
    target: Target,
) -> Result<TestBinaries> {
    let lock = package.workspace_root.join("Cargo.lock");
    let had_lock = lock.exists();
    let mut binaries = TestBinaries { variables: package.variables.clone(), ..TestBinaries::default() };
    let calls = calls(selection, target);
    let results: Result<Vec<()>> = calls
        .iter()
        .map(|call| run(context, toolchains, package, call, target, had_lock, &mut binaries))
        .collect();
    if !had_lock {
        let _ = fs::remove_file(&lock);
    }
    results?;
    binaries.built.sort_by_key(|binary| (binary.name != "lib", binary.name.clone()));
    Ok(binaries)
}

/// Returns the arguments of cargo for each call. `cargo test` compiles the same as this `cargo build`, but it does
/// not keep going after a failure. `cargo build --lib` would compile the library without its tests. Tests may start
/// the examples, but only natively.
fn calls(selection: &Selection, target: Target) -> Vec<Vec<&str>> {
    let Selection { lib, bin, tests } = selection;
    let mut calls = Vec::new();
    calls.extend(lib.then(|| vec!["test", "--no-run", "--lib"]));
    calls.extend(bin.as_ref().map(|bin| vec!["test", "--no-run", "--bin", bin]));
    calls.extend(tests.iter().map(|test| vec!["test", "--no-run", "--test", test]));
    match calls.is_empty() {
        true => {
            let examples = (!target.is_wasm()).then_some("--examples");
            vec![
                ["build", "--tests", "--profile", "test", "--keep-going"]
                    .into_iter()
                    .chain(examples)
                    .collect(),
            ]
        }
        false => calls,
    }
}

/// Calls cargo, and adds what it has built to `binaries`.
fn run(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    package: &Package,
    call: &[&str],
    target: Target,
    had_lock: bool,
    binaries: &mut TestBinaries,
) -> Result<()> {
    let builder = toolchains.of(Toolchain::Pinned);
    let triple = artifacts::triple(&Column::pinned(target).unit(&package.name));
    let key = fnv_1a(package.workspace_root.as_os_str().as_encoded_bytes());
    let target_dir = context.workspace.own_dir().join("check").join(format!("{key:016x}"));
    let mut command = tools::command(&builder.cargo);
    command.envs(builder.variables(&context.env.path));
    command.args(call).args(["--message-format", "json", "--target", triple]);
    command.arg("--manifest-path").arg(package.directory.join("Cargo.toml"));
    // A dependency may have the same name, in another version.
    command.args(["--package", &package.id]);
    command.arg("--target-dir").arg(&target_dir).args(&package.features);
    if target.is_wasm() {
        // Nothing reads debug information there, and wasmtime has less to compile without it.
        for profile in ["dev", "test"] {
            command.args(["--config", &format!("profile.{profile}.debug=false")]);
        }
    }
    command.args(had_lock.then_some("--locked")).args(context.offline.then_some("--offline"));
    let (called, messages) = accident::call_twice(&mut command, context)?;
    if !messages.iter().any(|message| matches!(message, Message::BuildFinished)) {
        let message = format!("cargo cannot build the tests:\n{}", called.stderr.trim_end());
        return Err(exit::error(exit::HARNESS, message));
    }
    let mut errors = 0;
    for message in &messages {
        match message {
            Message::CompilerArtifact(artifact) => binaries.built.extend(artifact.tests().map(|file| {
                let name = name_of(&artifact.target);
                Binary { has_own_harness: package.own_harness.contains(&name), name, file }
            })),
            Message::CompilerMessage(message) if message.message.is_error() => {
                errors += 1;
                let mut failure = message.failure();
                match message.is_of_id(&package.id) {
                    // The library is compiled with and without its tests, which this does not tell apart.
                    true => {
                        let name = name_of(&message.target);
                        if name == "lib" {
                            binaries.shared_failure.get_or_insert_with(|| failure.clone());
                        }
                        binaries.failures.entry(name).or_insert(failure);
                    }
                    false => {
                        failure.headline = format!("{}: {}", message.package(), failure.headline);
                        binaries.shared_failure.get_or_insert(failure);
                    }
                }
            }
            Message::BuildScript(script) if script.is_of_id(&package.id) => {
                let out_dir = script.out_dir.to_string_lossy().into_owned();
                binaries.variables.insert("OUT_DIR".into(), out_dir);
                binaries.variables.extend(script.env.iter().cloned());
            }
            Message::CompilerMessage(_)
            | Message::BuildScript(_)
            | Message::BuildFinished
            | Message::Other => {}
        }
    }
    if !called.success && errors == 0 {
        // A build script failed, for which there is no message of the compiler.
        let headline = called.stderr.lines().find(|line| line.starts_with("error"));
        let headline = headline.unwrap_or("error: it does not build").to_string();
        binaries.shared_failure.get_or_insert(Failure::of_cargo(&headline, &called.stderr));
    }
    Ok(())
}

/// Returns the name of the test binary of a cargo target.
fn name_of(target: &CargoTarget) -> String {
    binary_name(target.kind.first().map_or("lib", String::as_str), &target.name)
}

fn binary_name(kind: &str, name: &str) -> String {
    match kind {
        "test" => name.into(),
        "bin" | "example" | "bench" => format!("{kind} {name}"),
        // `lib`, `rlib`, `cdylib` and the like.
        _ => "lib".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_with_a_harness_of_their_own_are_found() {
        let manifest = "[package]\nname = 'a'\n[lib]\nharness = false\n[[test]]\nname = 'own'\nharness = false\n\
                        [[test]]\nname = 'usual'\n[[bin]]\nname = 'a'\nharness = false\n";
        assert_eq!(own_harness(manifest), ["bin a", "lib", "own"].map(String::from).into());
        assert_eq!(own_harness("not toml ["), BTreeSet::new());
    }

    #[test]
    fn variables_are_those_of_cargo() {
        let package = serde_json::json!({"name": "a", "version": "1.2.3-rc.1+b", "authors": ["x", "y"], "license": null});
        let variables = variables(&package, Path::new("/a/Cargo.toml"));
        for (name, value) in [
            ("CARGO_MANIFEST_DIR", "/a"),
            ("CARGO_PKG_VERSION_MAJOR", "1"),
            ("CARGO_PKG_VERSION_PATCH", "3"),
            ("CARGO_PKG_VERSION_PRE", "rc.1"),
            ("CARGO_PKG_VERSION", "1.2.3-rc.1+b"),
            ("CARGO_PKG_AUTHORS", "x:y"),
            ("CARGO_PKG_LICENSE", ""),
        ] {
            assert_eq!(variables[name], value, "{name}");
        }
    }

    #[test]
    fn a_selection_needs_a_call_for_each_binary() {
        assert!(calls(&Selection::default(), Target::Native)[0].contains(&"--examples"));
        assert!(!calls(&Selection::default(), Target::Wasip1)[0].contains(&"--examples"));
        let selection = Selection { lib: true, bin: None, tests: vec!["a".into()] };
        assert_eq!(
            calls(&selection, Target::Native),
            [vec!["test", "--no-run", "--lib"], vec!["test", "--no-run", "--test", "a"]]
        );
    }

    #[test]
    fn a_failure_of_the_library_counts_for_what_needs_it() {
        let failure = |text: &str| Failure::of_cargo(text, text);
        let binary = Binary { name: "good".into(), file: "good".into(), has_own_harness: false };
        let binaries = TestBinaries {
            built: vec![binary],
            failures: [("bad".into(), failure("own"))].into(),
            shared_failure: Some(failure("shared")),
            variables: BTreeMap::new(),
        };
        let headline = |name: &str| binaries.failure(name).map(|failure| failure.headline);
        assert_eq!(headline("good"), None);
        assert_eq!(headline("bad").as_deref(), Some("own"));
        assert_eq!(headline("other").as_deref(), Some("shared"));
    }
}
