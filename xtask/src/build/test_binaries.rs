//! Compiles the tests of a package that is not an example, as `cargo test --no-run` does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::build::foreign::{Choice, Project};
use crate::build::message::{CargoTarget, Failure, Message};
use crate::model::target::Target;
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::Toolchains;
use crate::support::text_file;

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
    pub project: Project,
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
    /// Why the library does not compile, which the others may need.
    library: Option<Failure>,
    /// Why other packages do not compile.
    pub dependencies: Vec<Failure>,
    /// The variables that cargo sets when it runs tests.
    pub variables: BTreeMap<String, String>,
}

impl TestBinaries {
    /// Returns why the binary `name` was not built, or `None` if it was.
    pub fn failure(&self, name: &str) -> Option<Failure> {
        if self.built.iter().any(|binary| binary.name == name) {
            return None;
        }
        let failure = self.failures.get(name).or_else(|| self.shared_failure()).cloned();
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
        self.failures.values().next().or_else(|| self.shared_failure())
    }

    /// Returns why something does not compile that several binaries may need.
    fn shared_failure(&self) -> Option<&Failure> {
        self.dependencies.first().or(self.library.as_ref())
    }
}

/// Finds the package that the user means.
///
/// # Errors
/// If there is no package, or several to choose from.
pub fn find(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    choice: &Choice,
    targets: &[Target],
) -> Result<Package> {
    let project = Project::find(context, toolchains, choice, targets)?;
    let bytes = text_file::read(&project.manifest).unwrap_or_default();
    Ok(Package {
        name: project.metadata["name"].as_str().unwrap_or_default().into(),
        own_harness: own_harness(&String::from_utf8_lossy(&bytes)),
        variables: variables(&project.metadata, &project.manifest),
        project,
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
/// # Errors
/// If cargo cannot be run, or fails before it compiles anything.
pub fn build(
    context: ToolContext<'_>,
    package: &Package,
    selection: &Selection,
    target: Target,
) -> Result<TestBinaries> {
    let mut binaries = TestBinaries { variables: package.variables.clone(), ..TestBinaries::default() };
    for call in calls(selection, package.project.profile.as_deref(), target) {
        let call: Vec<&str> = call.iter().map(String::as_str).collect();
        run(context, package, &call, target, &mut binaries)?;
    }
    binaries.built.sort_by_key(|binary| (binary.name != "lib", binary.name.clone()));
    Ok(binaries)
}

/// Returns the arguments of cargo for each call. `cargo test` compiles the same as this `cargo build`, but it does
/// not keep going after a failure. `cargo build --lib` would compile the library without its tests. Tests may start
/// the examples, but only natively.
fn calls(selection: &Selection, profile: Option<&str>, target: Target) -> Vec<Vec<String>> {
    let Selection { lib, bin, tests } = selection;
    let mut selected: Vec<Vec<&str>> = Vec::new();
    selected.extend(lib.then(|| vec!["--lib"]));
    selected.extend(bin.as_ref().map(|bin| vec!["--bin", bin]));
    selected.extend(tests.iter().map(|test| vec!["--test", test]));
    let mut calls: Vec<Vec<&str>> =
        selected.into_iter().map(|flags| [vec!["test", "--no-run"], flags].concat()).collect();
    if calls.is_empty() {
        let examples = (!target.is_wasm()).then_some("--examples");
        calls.push(["build", "--tests", "--keep-going"].into_iter().chain(examples).collect());
    }
    for call in &mut calls {
        // `cargo build` has another profile by itself.
        let usual = if call[0] == "build" { Some("test") } else { None };
        call.extend(profile.or(usual).into_iter().flat_map(|profile| ["--profile", profile]));
        if target.is_wasm() {
            // Nothing reads debug information there, and wasmtime has less to compile without it.
            call.extend(["--config", "profile.dev.debug=false", "--config", "profile.test.debug=false"]);
        }
    }
    calls.into_iter().map(|call| call.into_iter().map(String::from).collect()).collect()
}

/// Calls cargo, and adds what it has built to `binaries`.
fn run(
    context: ToolContext<'_>,
    package: &Package,
    call: &[&str],
    target: Target,
    binaries: &mut TestBinaries,
) -> Result<()> {
    let ran = package.project.compile(context, call, target)?;
    for message in &ran.messages {
        match message {
            Message::CompilerArtifact(artifact) => binaries.built.extend(artifact.tests().map(|file| {
                let name = name_of(&artifact.target);
                Binary { has_own_harness: package.own_harness.contains(&name), name, file }
            })),
            Message::CompilerMessage(message)
                if message.message.is_error() && package.project.is_id(message.id()) =>
            {
                // The library is compiled with and without its tests, which this does not tell apart.
                let (name, failure) = (name_of(&message.target), message.failure());
                if name == "lib" {
                    binaries.library.get_or_insert_with(|| failure.clone());
                }
                binaries.failures.entry(name).or_insert(failure);
            }
            Message::BuildScript(script) if package.project.is_id(script.id()) => {
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
    // Its own errors are known by the binaries that have them.
    let is_own = |failure: &Failure| {
        failure.package.as_ref() == Some(&package.project.package) && !binaries.failures.is_empty()
    };
    let failures = ran.failures(&package.project).into_iter().filter(|failure| !is_own(failure));
    let new: Vec<_> = failures.filter(|failure| !binaries.dependencies.contains(failure)).collect();
    binaries.dependencies.extend(new);
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
        let lines = |selection: &Selection, profile, target| -> Vec<String> {
            calls(selection, profile, target).iter().map(|call| call.join(" ")).collect()
        };
        let all = Selection::default();
        let native = "build --tests --keep-going --examples --profile test";
        assert_eq!(lines(&all, None, Target::Native), [native]);
        let wasm = "build --tests --keep-going --profile release --config profile.dev.debug=false --config \
                    profile.test.debug=false";
        assert_eq!(lines(&all, Some("release"), Target::Wasip1), [wasm]);
        let selection = Selection { lib: true, bin: None, tests: vec!["a".into()] };
        assert_eq!(
            lines(&selection, None, Target::Native),
            ["test --no-run --lib", "test --no-run --test a"]
        );
    }

    #[test]
    fn a_failure_of_the_library_counts_for_what_needs_it() {
        let failure = |text: &str| Failure::of_cargo(text, text);
        let binary = Binary { name: "good".into(), file: "good".into(), has_own_harness: false };
        let binaries = TestBinaries {
            built: vec![binary],
            failures: [("bad".into(), failure("own"))].into(),
            library: None,
            dependencies: vec![failure("shared")],
            variables: BTreeMap::new(),
        };
        let headline = |name: &str| binaries.failure(name).map(|failure| failure.headline);
        assert_eq!(headline("good"), None);
        assert_eq!(headline("bad").as_deref(), Some("own"));
        assert_eq!(headline("other").as_deref(), Some("shared"));
    }
}
