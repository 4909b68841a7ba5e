//! Compiles a package that is not an example, wherever it is, into a directory of the harness's own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build::accident;
use crate::build::artifacts;
use crate::build::message::{Crate, Failure, Message};
use crate::exit;
use crate::model::column::{Column, Toolchain};
use crate::model::target::Target;
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::{Installed, Toolchains};
use crate::support::hash::fnv_1a;
use crate::support::suggest::suggest;
use crate::tools::cargo as tools;
use crate::tools::progress::Progress;

/// What the user said about the program.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The directory of the package, or its `Cargo.toml`.
    pub path: PathBuf,
    pub package: Option<String>,
    pub bin: Option<String>,
    pub example: Option<String>,
    /// Flags of cargo that choose features.
    pub features: Vec<String>,
}

/// A program that cargo can build.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    /// The name of its package and its version, as in `sd 1.0.0`.
    pub package: String,
    /// The `Cargo.toml` of its package.
    pub manifest: PathBuf,
    workspace_root: PathBuf,
    /// The flags of cargo that select it, without features.
    flags: Vec<String>,
    /// The flags of cargo that choose features.
    pub features: Vec<String>,
    /// What `cargo metadata` says about its package.
    pub metadata: Value,
    /// Whether the package has a `Cargo.lock`, which is then used as it is.
    has_lock: bool,
}

impl Program {
    /// Returns the directory of its package.
    pub fn directory(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new("."))
    }

    /// Whether the source of the program is this file of its package.
    pub fn is_in(&self, path: &str) -> bool {
        let source = self.directory().join(path);
        let targets = self.metadata["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_source = |target: &Value| target["src_path"].as_str().map(Path::new) == Some(source.as_path());
        targets.iter().any(|target| target["name"] == self.name.as_str() && is_source(target))
    }
}

/// Finds the program that the user means.
///
/// # Errors
/// If there is no package, or several programs to choose from.
pub fn find(context: ToolContext<'_>, toolchains: &Toolchains, choice: &Choice) -> Result<Program> {
    let (manifest, metadata) = metadata(context, toolchains, &choice.path)?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let package = package(packages, &manifest, choice.package.as_deref())?;
    let name = package["name"].as_str().unwrap_or_default();
    let (program, selection) = program(package, choice)?;
    // A dependency may have the same name, in another version.
    let id = package["id"].as_str().unwrap_or(name);
    let flags = ["--package".into(), id.into(), selection, program.clone()];
    // With -p, this is not the file that the user named.
    let manifest = package["manifest_path"].as_str().map_or(manifest.clone(), PathBuf::from);
    let workspace_root = PathBuf::from(metadata["workspace_root"].as_str().unwrap_or_default());
    Ok(Program {
        name: program,
        package: format!("{name} {}", package["version"].as_str().unwrap_or_default()),
        manifest,
        // A link counts, also one to nothing: only what cargo makes is removed.
        has_lock: fs::symlink_metadata(workspace_root.join("Cargo.lock")).is_ok(),
        workspace_root,
        flags: flags.into(),
        features: choice.features.clone(),
        metadata: package.clone(),
    })
}

/// Reads what cargo knows about the package or workspace at `path`: its `Cargo.toml` or the directory of that.
/// Returns the path of the `Cargo.toml`, and the output of `cargo metadata`.
///
/// # Errors
/// If there is no package.
pub fn metadata(context: ToolContext<'_>, toolchains: &Toolchains, path: &Path) -> Result<(PathBuf, Value)> {
    if path.to_str().is_none() {
        let message = format!("{}: cargo needs a path that is valid UTF-8", path.display());
        return Err(exit::error(
            exit::USAGE,
            format!("{message}\nhelp: rename the directory, or copy the package"),
        ));
    }
    let manifest = match path.is_dir() {
        true => path.join("Cargo.toml"),
        false => path.to_path_buf(),
    };
    if manifest.file_name().is_none_or(|name| name != "Cargo.toml") {
        let message = format!("{} is neither a directory nor a Cargo.toml", manifest.display());
        return Err(exit::error(exit::USAGE, format!("{message}\nhelp: name the directory of a package")));
    }
    let manifest = fs::canonicalize(&manifest).map_err(|error| {
        let message = format!("cannot read {}: {error}", manifest.display());
        exit::error(exit::USAGE, format!("{message}\nhelp: name the directory of a package"))
    })?;
    let builder = toolchains.of(Toolchain::Pinned);
    let mut command = tools::command(&builder.cargo);
    command.envs(builder.variables(&context.env.path));
    command.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(&manifest);
    let mut text = String::new();
    let called = tools::call(&mut command, Progress::Hidden, context.interrupt, |line| text.push_str(line))?;
    if !called.success {
        return Err(exit::error(
            exit::USAGE,
            format!("cargo cannot read the package:\n{}", called.stderr.trim_end()),
        ));
    }
    let metadata = serde_json::from_str(&text).context("cannot read the output of cargo metadata")?;
    Ok((manifest, metadata))
}

/// Returns the package that the user names, or that of the manifest.
///
/// # Errors
/// If there is none, or several to choose from.
pub fn package<'a>(packages: &'a [Value], manifest: &Path, named: Option<&str>) -> Result<&'a Value> {
    let names: Vec<_> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let found = match named {
        Some(named) => packages.iter().find(|package| package["name"].as_str() == Some(named)),
        None => packages
            .iter()
            .find(|package| package["manifest_path"].as_str().map(Path::new) == Some(manifest))
            .or(if packages.len() == 1 { packages.first() } else { None }),
    };
    found.ok_or_else(|| {
        let message = match named {
            Some(named) => format!("no package `{named}` in this workspace"),
            None => "this is a workspace of several packages".into(),
        };
        let help = match named.and_then(|named| suggest(named, names.iter().copied())) {
            Some(meant) => format!("did you mean `-p {meant}`?"),
            None => format!("choose one with -p: {}", names.join(", ")),
        };
        exit::error(exit::USAGE, format!("{message}\nhelp: {help}"))
    })
}

/// The name of the program to build, and the flag that selects it.
fn program(package: &Value, choice: &Choice) -> Result<(String, String)> {
    let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_kind = |kind: &str| -> Vec<&str> {
        let is_of_kind =
            |target: &&Value| target["kind"].as_array().is_some_and(|kinds| kinds.contains(&kind.into()));
        targets.iter().filter(is_of_kind).filter_map(|target| target["name"].as_str()).collect()
    };
    let usage =
        |message: String, help: String| Err(exit::error(exit::USAGE, format!("{message}\nhelp: {help}")));
    let (programs, examples) = (of_kind("bin"), of_kind("example"));
    if let Some(example) = choice.example.as_deref() {
        return match examples.contains(&example) {
            true => Ok((example.into(), "--example".into())),
            false => usage(
                format!("no example `{example}` in this package"),
                format!("its examples are: {}", examples.join(", ")),
            ),
        };
    }
    match (choice.bin.as_deref().or(package["default_run"].as_str()), &programs[..]) {
        (Some(chosen), _) if programs.contains(&chosen) => Ok((chosen.into(), "--bin".into())),
        (None, [only]) => Ok(((*only).into(), "--bin".into())),
        (Some(chosen), _) => usage(
            format!("no program `{chosen}` in this package"),
            format!("its programs are: {}", programs.join(", ")),
        ),
        (None, []) if examples.is_empty() => usage(
            "this package is a library and has no program or example".into(),
            "name a package with a program".into(),
        ),
        (None, []) => usage(
            "this package has no program".into(),
            format!("choose an example of it with --example: {}", examples.join(", ")),
        ),
        (None, several) => usage(
            "this package has several programs".into(),
            format!("choose one with --bin: {}", several.join(", ")),
        ),
    }
}

/// A program that was compiled.
pub struct Compiled {
    pub file: PathBuf,
    /// The crates of registries that it contains.
    pub crates: BTreeSet<Crate>,
}

/// Builds a program for a target in the release profile. Returns its file, or why it does not build; the headline
/// then names the package that does not compile, if it is another one.
///
/// Nothing is left in the user's directories: cargo builds into a directory of the harness, and a `Cargo.lock` that
/// it creates is removed.
///
/// # Errors
/// If cargo cannot be run, or fails before it compiles anything.
pub fn build(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    program: &Program,
    target: Target,
) -> Result<Result<Compiled, Failure>> {
    let triple = artifacts::triple(&Column::pinned(target).unit(&program.name));
    let key = fnv_1a(program.workspace_root.as_os_str().as_encoded_bytes());
    let target_dir = context.workspace.own_dir().join("check").join(format!("{key:016x}"));
    let mut command = cargo(context, toolchains.of(Toolchain::Pinned), program, "build");
    command.args(["--release", "--message-format", "json", "--target", triple]);
    command.arg("--target-dir").arg(&target_dir).args(&program.flags).args(&program.features);
    let (called, messages) = without_new_lock_file(program, || accident::call_twice(&mut command, context))?;
    let executable = messages.iter().find_map(|message| match message {
        Message::CompilerArtifact(artifact) => artifact
            .program()
            .filter(|file| file.file_stem().is_some_and(|stem| stem.to_string_lossy() == program.name)),
        _ => None,
    });
    if let (true, Some(file)) = (called.success, executable) {
        let crates = messages.iter().filter_map(|message| match message {
            Message::CompilerArtifact(artifact) => artifact.published_crate(),
            _ => None,
        });
        return Ok(Ok(Compiled { file, crates: crates.collect() }));
    }
    let error = messages.iter().find_map(|message| match message {
        Message::CompilerMessage(message) if message.message.is_error() => Some(message),
        _ => None,
    });
    let of_package = |mut failure: Failure| {
        if let Some(package) = failure.package.as_ref().filter(|package| **package != program.package) {
            failure.headline = format!("{package}: {}", failure.headline);
        }
        Ok(Err(failure))
    };
    if let Some(error) = error {
        return of_package(error.failure());
    }
    let headline = called.stderr.lines().find(|line| line.starts_with("error"));
    let failure = Failure::of_cargo(headline.unwrap_or("error: it does not build"), &called.stderr);
    if failure.package.is_some() {
        return of_package(Failure { headline: "error: its build script failed".into(), ..failure });
    }
    if !messages.iter().any(|message| matches!(message, Message::BuildFinished)) {
        let message = format!("cargo cannot build the program:\n{}", called.stderr.trim_end());
        return Err(exit::error(exit::HARNESS, message));
    }
    Ok(Err(failure))
}

/// A call of cargo for the package of a program.
pub fn cargo(context: ToolContext<'_>, builder: &Installed, program: &Program, command: &str) -> Command {
    let mut cargo = tools::command(&builder.cargo);
    cargo.envs(builder.variables(&context.env.path)).arg(command);
    cargo.arg("--manifest-path").arg(&program.manifest);
    cargo.args(program.has_lock.then_some("--locked")).args(context.offline.then_some("--offline"));
    cargo
}

/// Does something that may create a `Cargo.lock` in the user's directory, and removes that again.
pub fn without_new_lock_file<T>(program: &Program, work: impl FnOnce() -> T) -> T {
    let result = work();
    if !program.has_lock {
        let _ = fs::remove_file(program.workspace_root.join("Cargo.lock"));
    }
    result
}

/// What a file with WebAssembly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wasm {
    /// A core module, as `wasm32-wasip1` has them.
    Module,
    /// A component, as `wasm32-wasip2` has them.
    Component,
}

/// Recognizes WebAssembly by its first bytes: `\0asm`, the version, and the layer (the component model,
/// `Binary.md`).
///
/// # Errors
/// If the file cannot be read or is neither.
pub fn recognize(file: &Path) -> Result<Wasm> {
    let bytes = fs::read(file)
        .map_err(|error| exit::error(exit::USAGE, format!("cannot read {}: {error}", file.display())))?;
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Ok(Wasm::Module),
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(Wasm::Component),
        _ => Err(exit::error(
            exit::USAGE,
            format!("{} is neither a core module nor a component\nhelp: name a .wasm file", file.display()),
        )),
    }
}
