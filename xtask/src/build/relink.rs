//! Compiles programs once more with another argument for the linker, to see what that changes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;

use crate::build::artifacts::{self, Files, PROFILE};
use crate::build::cargo::profile_settings;
use crate::build::message::Message;
use crate::model::column::Unit;
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::Toolchains;
use crate::tools::cargo as tools;
use crate::tools::progress::Progress;

/// How a program is linked otherwise than usually.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// With a stack of this many bytes in its memory.
    Stack(u64),
    /// With this many bytes more of memory, all of them after its data.
    Heap(u64),
}

impl Variant {
    /// Returns the option for rustc's `--codegen`, with an argument for wasm-ld.
    pub fn codegen(self) -> String {
        match self {
            Variant::Stack(bytes) => format!("link-arg=-zstack-size={bytes}"),
            Variant::Heap(bytes) => format!("link-arg=--initial-heap={bytes}"),
        }
    }

    /// Returns the name of the directory of the artifacts.
    fn directory(self) -> &'static str {
        match self {
            Variant::Stack(_) => "stack",
            Variant::Heap(_) => "heap",
        }
    }
}

/// Links programs in another way, and returns their files. One that does not link is missing.
pub type Relink<'a> = dyn Fn(&BTreeSet<Unit>, Variant) -> Result<Files> + 'a;

/// Links the programs of examples in another way. The artifacts of the examples stay as they are: these are in a
/// directory of their own.
///
/// # Errors
/// If cargo cannot be run.
pub fn examples(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    units: &BTreeSet<Unit>,
    variant: Variant,
) -> Result<Files> {
    let mut files = Files::new();
    for unit in units {
        files.extend(program(context, toolchains, unit, variant)?.map(|file| (unit.clone(), file)));
    }
    Ok(files)
}

fn program(
    context: ToolContext<'_>,
    toolchains: &Toolchains,
    unit: &Unit,
    variant: Variant,
) -> Result<Option<PathBuf>> {
    let builder = toolchains.of(unit.toolchain);
    let mut command = tools::command(&builder.cargo);
    command.envs(builder.variables(&context.env.path));
    // Only the program itself gets the argument, so that all its dependencies are compiled as always.
    command.args(["rustc", "--message-format", "json", "--profile", PROFILE]);
    command.arg("--manifest-path").arg(context.workspace.root.join("Cargo.toml"));
    command.arg("--target-dir").arg(context.workspace.own_dir().join("relinked").join(variant.directory()));
    command.args(["--target", artifacts::triple(unit), "--package", &unit.package, "--bin", &unit.package]);
    command
        .args(profile_settings(&context.workspace.profile).iter().flat_map(|setting| ["--config", setting]));
    command.args(context.offline.then_some("--offline"));
    command.args(["--", "--codegen", &variant.codegen()]);
    let mut messages = Vec::new();
    let called = tools::call(&mut command, Progress::Hidden, context.interrupt, |line| {
        messages.extend(Message::parse(line));
    })?;
    let program = messages.iter().find_map(|message| match message {
        Message::CompilerArtifact(artifact) => artifact.program_of(&unit.package),
        _ => None,
    });
    Ok(program.filter(|_| called.success))
}
