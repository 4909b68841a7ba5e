//! Programs outside of the catalogue: those that cargo can build, and files that are already compiled.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::build::foreign::{Choice, Project, Ran};
use crate::build::message::{Crate, Failure, Message};
use crate::build::relink::Variant;
use crate::exit;
use crate::model::target::Target;
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::Toolchains;
use crate::support::text_file;

/// The profile in which programs are built unless the user names another one: users ship them so.
const PROFILE: &str = "release";

/// A program that cargo can build.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    pub project: Project,
    /// The flag of cargo that selects it, before its name.
    selection: &'static str,
}

impl Program {
    /// Returns the profile of cargo in which it is built.
    pub fn profile(&self) -> &str {
        self.project.profile.as_deref().unwrap_or(PROFILE)
    }

    /// Whether the source of the program is this file of its package.
    pub fn is_in(&self, path: &str) -> bool {
        let source = self.project.directory().join(path);
        let is_source = |target: &Value| target["src_path"].as_str().map(Path::new) == Some(source.as_path());
        self.project.targets().iter().any(|target| target["name"] == self.name.as_str() && is_source(target))
    }
}

/// A program that was compiled.
pub struct Compiled {
    pub file: PathBuf,
    /// The crates of registries that it contains.
    pub crates: BTreeSet<Crate>,
}

/// Finds the program that the user means.
///
/// # Errors
/// If there is no package, or several programs to choose from.
pub fn find(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    choice: &Choice,
    targets: &[Target],
) -> Result<Program> {
    let project = Project::find(context, toolchains, choice, targets)?;
    let (name, selection) = program(&project, choice)?;
    Ok(Program { name, project, selection })
}

/// The name of the program to build, and the flag that selects it.
fn program(project: &Project, choice: &Choice) -> Result<(String, &'static str)> {
    let of_kind = |kind: &str| -> Vec<&str> {
        let is_of_kind =
            |target: &&Value| target["kind"].as_array().is_some_and(|kinds| kinds.contains(&kind.into()));
        project.targets().iter().filter(is_of_kind).filter_map(|target| target["name"].as_str()).collect()
    };
    let usage =
        |message: String, help: String| Err(exit::error(exit::USAGE, format!("{message}\nhelp: {help}")));
    let (programs, examples) = (of_kind("bin"), of_kind("example"));
    if let Some(example) = choice.example.as_deref() {
        return match examples.contains(&example) {
            true => Ok((example.into(), "--example")),
            false => usage(
                format!("no example `{example}` in this package"),
                format!("its examples are: {}", examples.join(", ")),
            ),
        };
    }
    match (choice.bin.as_deref().or(project.metadata["default_run"].as_str()), &programs[..]) {
        (Some(chosen), _) if programs.contains(&chosen) => Ok((chosen.into(), "--bin")),
        (None, [only]) => Ok(((*only).into(), "--bin")),
        (Some(chosen), _) => usage(
            format!("no program `{chosen}` in this package"),
            format!("its programs are: {}", programs.join(", ")),
        ),
        (None, []) if examples.is_empty() => usage(
            "this package is a library and has no program or example".into(),
            "check its tests with --tests, or add a program that calls it to its directory `examples`".into(),
        ),
        (None, []) => usage(
            "this package has no program".into(),
            format!(
                "choose an example of it with --example: {}; or check its tests with --tests",
                examples.join(", ")
            ),
        ),
        (None, several) => usage(
            "this package has several programs".into(),
            format!("choose one with --bin: {}", several.join(", ")),
        ),
    }
}

/// Builds a program for a target. Returns its file, or why packages do not compile.
///
/// # Errors
/// If cargo cannot be run, or fails before it compiles anything.
pub fn build(
    context: ToolContext<'_>,
    program: &Program,
    target: Target,
) -> Result<Result<Compiled, Vec<Failure>>> {
    let call = ["build", "--keep-going", "--profile", program.profile(), program.selection, &program.name];
    let ran = program.project.compile(context, &call, target)?;
    if let Some(file) = executable(&ran, program) {
        let crates = ran.messages.iter().filter_map(|message| match message {
            Message::CompilerArtifact(artifact) => artifact.published_crate(),
            _ => None,
        });
        return Ok(Ok(Compiled { file, crates: crates.collect() }));
    }
    let failures = ran.failures(&program.project);
    if failures.is_empty() {
        let message = format!("cargo has built {}, but does not say where it is", program.name);
        return Err(exit::error(exit::HARNESS, message));
    }
    Ok(Err(failures))
}

/// Compiles a program that compiles for a target once more, and links it in another way, apart from what [`build`] has
/// made. Returns its file, unless it cannot be linked so.
///
/// # Errors
/// As [`build`].
pub fn relink(
    context: ToolContext<'_>,
    program: &Program,
    target: Target,
    variant: Variant,
) -> Result<Option<PathBuf>> {
    let codegen = variant.codegen();
    let call = ["rustc", "--profile", program.profile(), program.selection, &program.name];
    let call = [&call[..], &["--", "--codegen", &codegen]].concat();
    Ok(executable(&program.project.compile_apart(context, &call, target)?, program))
}

/// The file of a program that a call of cargo has compiled, if it has.
fn executable(ran: &Ran, program: &Program) -> Option<PathBuf> {
    let is_meant =
        |file: &PathBuf| file.file_stem().is_some_and(|stem| stem.to_string_lossy() == program.name);
    let mut programs = ran.messages.iter().filter_map(|message| match message {
        Message::CompilerArtifact(artifact) => artifact.program().filter(is_meant),
        _ => None,
    });
    programs.next().filter(|_| ran.success)
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
    let bytes = text_file::beginning(file, 8)
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
