//! Compiles a package that is not an example, wherever it is, into a directory of the harness's own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build::artifacts;
use crate::build::message::{Failure, Message};
use crate::exit;
use crate::model::column::{Column, Toolchain};
use crate::model::target::Target;
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::Toolchains;
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
    manifest: PathBuf,
    workspace_root: PathBuf,
    /// The flags of cargo that select it.
    flags: Vec<String>,
}

impl Program {
    /// Returns the directory of its package.
    pub fn directory(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new("."))
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
    Ok(Program {
        name: program,
        package: format!("{name} {}", package["version"].as_str().unwrap_or_default()),
        manifest,
        workspace_root: metadata["workspace_root"].as_str().unwrap_or_default().into(),
        flags: flags.into_iter().chain(choice.features.iter().cloned()).collect(),
    })
}

/// Reads what cargo knows about the package or workspace at `path`: its `Cargo.toml` or the directory of that.
/// Returns the path of the `Cargo.toml`, and the output of `cargo metadata`.
///
/// # Errors
/// If there is no package.
pub fn metadata(context: ToolContext<'_>, toolchains: &Toolchains, path: &Path) -> Result<(PathBuf, Value)> {
    let manifest = match path.is_dir() {
        true => path.join("Cargo.toml"),
        false => path.to_path_buf(),
    };
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
    if let Some(example) = &choice.example {
        return Ok((example.clone(), "--example".into()));
    }
    let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_program =
        |target: &&Value| target["kind"].as_array().is_some_and(|kind| kind.contains(&"bin".into()));
    let names: Vec<_> =
        targets.iter().filter(is_program).filter_map(|target| target["name"].as_str()).collect();
    let chosen = choice.bin.as_deref().or(package["default_run"].as_str());
    match (chosen, &names[..]) {
        (Some(chosen), _) if names.contains(&chosen) => Ok((chosen.into(), "--bin".into())),
        (None, [only]) => Ok(((*only).into(), "--bin".into())),
        (Some(chosen), _) => {
            let message = format!("no program `{chosen}` in this package");
            Err(exit::error(exit::USAGE, format!("{message}\nhelp: its programs are: {}", names.join(", "))))
        }
        (None, []) => Err(exit::error(
            exit::USAGE,
            "this package has no program\nhelp: choose an example of it with --example, or name another package",
        )),
        (None, several) => Err(exit::error(
            exit::USAGE,
            format!("this package has several programs\nhelp: choose one with --bin: {}", several.join(", ")),
        )),
    }
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
) -> Result<Result<PathBuf, Failure>> {
    let lock = program.workspace_root.join("Cargo.lock");
    let had_lock = lock.exists();
    let built = run(context, toolchains, program, target, had_lock);
    if !had_lock {
        let _ = fs::remove_file(&lock);
    }
    built
}

fn run(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    program: &Program,
    target: Target,
    had_lock: bool,
) -> Result<Result<PathBuf, Failure>> {
    let builder = toolchains.of(Toolchain::Pinned);
    let triple = artifacts::triple(&Column::pinned(target).unit(&program.name));
    let key = fnv_1a(program.workspace_root.as_os_str().as_encoded_bytes());
    let target_dir = context.workspace.own_dir().join("check").join(format!("{key:016x}"));
    let mut command = tools::command(&builder.cargo);
    command.envs(builder.variables(&context.env.path));
    command.args(["build", "--release", "--message-format", "json", "--target", triple]);
    command.arg("--manifest-path").arg(&program.manifest).arg("--target-dir").arg(&target_dir);
    command.args(&program.flags);
    command.args(had_lock.then_some("--locked")).args(context.offline.then_some("--offline"));
    let mut messages = Vec::new();
    let called = tools::call(&mut command, context.progress, context.interrupt, |line| {
        messages.extend(Message::parse(line));
    })?;
    let executable = messages.iter().find_map(|message| match message {
        Message::CompilerArtifact(artifact) => artifact
            .program()
            .filter(|file| file.file_stem().is_some_and(|stem| stem.to_string_lossy() == program.name)),
        _ => None,
    });
    if let (true, Some(file)) = (called.success, executable) {
        return Ok(Ok(file));
    }
    let error = messages.iter().find_map(|message| match message {
        Message::CompilerMessage(message) if message.message.is_error() => Some(message),
        _ => None,
    });
    if let Some(error) = error {
        let mut failure = error.failure();
        let (package, own) = (error.package(), program.package.split(' ').next().unwrap_or_default());
        if package.split(' ').next() != Some(own) {
            failure.headline = format!("{package}: {}", failure.headline);
        }
        return Ok(Err(failure));
    }
    if !messages.iter().any(|message| matches!(message, Message::BuildFinished)) {
        let message = format!("cargo cannot build the program:\n{}", called.stderr.trim_end());
        return Err(exit::error(exit::HARNESS, message));
    }
    let headline =
        called.stderr.lines().find(|line| line.starts_with("error")).unwrap_or("error: it does not build");
    Ok(Err(Failure::of_cargo(headline, &called.stderr)))
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
