//! Calls cargo for a package that is not an example, wherever it is.
//!
//! The package is compiled as its user compiles it: cargo runs in the directory that the user names, with the
//! configuration files there, the user's environment, and the Rust that the package names. Nothing is written there,
//! though: cargo builds into a directory of the harness, where it also has its `Cargo.lock`, a copy of the user's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build::accident;
use crate::build::message::{CompilerMessage, Failure, Message};
use crate::build::settings;
use crate::exit;
use crate::model::target::{NATIVE_TRIPLE, Target};
use crate::provision::package_rust::{self, PackageRust};
use crate::provision::tool_context::ToolContext;
use crate::provision::toolchain::Toolchains;
use crate::support::escape::shell_word;
use crate::support::hash::fnv_1a;
use crate::support::suggest::suggest;
use crate::support::text_file;
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
    /// The profile of cargo, if it is not the usual one.
    pub profile: Option<String>,
}

/// A package that cargo can compile, and how.
#[derive(Clone, Debug)]
pub struct Project {
    /// The name of the package and its version, as in `sd 1.0.0`.
    pub package: String,
    /// The `Cargo.toml` of the package.
    pub manifest: PathBuf,
    pub workspace_root: PathBuf,
    /// What `cargo metadata` says about the package.
    pub metadata: Value,
    /// What it is compiled with, beyond the defaults, each in a phrase.
    pub used: Vec<String>,
    /// The flags of cargo that choose features.
    pub features: Vec<String>,
    pub profile: Option<String>,
    id: String,
    place: Place,
    /// Whether there is a `Cargo.lock` of the user, which is then used as it is.
    has_lock: bool,
}

/// Where cargo is called, with which Rust, and where it writes.
#[derive(Clone, Debug)]
struct Place {
    /// The directory that the user names.
    directory: PathBuf,
    rust: PackageRust,
    /// The directory of the harness for what belongs to the workspace of the package.
    own: PathBuf,
}

/// How a call of cargo ended.
pub struct Ran {
    pub success: bool,
    pub messages: Vec<Message>,
    stderr: String,
}

impl Project {
    /// Finds the package that the user means, and the Rust that compiles it for these targets.
    ///
    /// # Errors
    /// If there is no package, or several to choose from, or if cargo or the file system fails.
    pub fn find(
        context: ToolContext<'_>,
        toolchains: &Toolchains,
        choice: &Choice,
        targets: &[Target],
    ) -> Result<Project> {
        let named = manifest(&choice.path)?;
        let directory = named.parent().unwrap_or(Path::new("/")).to_path_buf();
        let rust = package_rust::find(context.env, toolchains, &directory, targets, context.interrupt);
        let mut used: Vec<_> = rust.note.iter().cloned().collect();
        used.extend(settings::of(&directory, context.env.cargo_home.as_deref()));
        let own = context.workspace.own_dir().join("check");
        let mut place = Place { directory, rust, own: own.join("unknown") };
        let metadata = place.metadata(context, &named)?;
        let packages = array(&metadata["packages"]);
        let package = package(packages, &named, choice.package.as_deref())?;
        can_be_compiled(package)?;
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let workspace_root = PathBuf::from(metadata["workspace_root"].as_str().unwrap_or_default());
        let key = fnv_1a(workspace_root.as_os_str().as_encoded_bytes());
        place.own = own.join(format!("{key:016x}"));
        Ok(Project {
            package: format!("{} {}", text("name"), text("version")),
            // With -p, this is not the file that the user named.
            manifest: text("manifest_path").into(),
            has_lock: place.copy_lock(&workspace_root)?,
            workspace_root,
            metadata: package.clone(),
            used,
            features: choice.features.clone(),
            profile: choice.profile.clone(),
            id: text("id").into(),
            place,
        })
    }

    /// Returns the directory of its package.
    pub fn directory(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new("."))
    }

    /// Returns what cargo knows about the targets of the package: its library, programs, tests and examples.
    pub fn targets(&self) -> &[Value] {
        array(&self.metadata["targets"])
    }

    /// Whether this is the id of the package.
    pub fn is_id(&self, id: &str) -> bool {
        self.id == id
    }

    /// A call of cargo for the package.
    fn cargo(&self, context: ToolContext<'_>, command: &str) -> Command {
        let mut cargo = self.place.cargo(context, command);
        cargo.arg("--manifest-path").arg(&self.manifest);
        cargo.args(self.has_lock.then_some("--locked")).args(context.offline.then_some("--offline"));
        cargo.args(&self.features);
        cargo
    }

    /// Compiles what `call` says, a command of cargo with its flags, for a target.
    ///
    /// # Errors
    /// If cargo cannot be run, or fails before it compiles anything.
    pub fn compile(&self, context: ToolContext<'_>, call: &[&str], target: Target) -> Result<Ran> {
        self.compile_into(context, call, target, &self.place.own)
    }

    /// As [`Project::compile`], but the artifacts of that stay as they are.
    ///
    /// # Errors
    /// As [`Project::compile`].
    pub fn compile_apart(&self, context: ToolContext<'_>, call: &[&str], target: Target) -> Result<Ran> {
        self.compile_into(context, call, target, &self.place.own.join("relinked"))
    }

    fn compile_into(
        &self,
        context: ToolContext<'_>,
        call: &[&str],
        target: Target,
        directory: &Path,
    ) -> Result<Ran> {
        let (command, flags) = call.split_first().context("a call has a command")?;
        let triple = target.wasm_triple().unwrap_or(NATIVE_TRIPLE);
        let mut cargo = self.cargo(context, command);
        // A dependency may have the same name, in another version.
        cargo.args(["--package", &self.id, "--message-format", "json", "--target", triple]);
        // The user's configuration may name another directory for what is not a result.
        cargo.args(["--config", &setting("build.build-dir", directory)]);
        cargo.arg("--target-dir").arg(directory).args(flags);
        let (called, messages) = accident::call_twice(&mut cargo, context)?;
        let ran = Ran { success: called.success, messages, stderr: called.stderr };
        if !ran.messages.iter().any(|message| matches!(message, Message::BuildFinished)) {
            return Err(self.refused(&ran.stderr));
        }
        Ok(ran)
    }

    /// Reads what cargo knows about the package and its dependencies for a target. `None` if cargo fails.
    ///
    /// # Errors
    /// If cargo cannot be run.
    pub fn resolved(&self, context: ToolContext<'_>, target: Target) -> Result<Option<Value>> {
        let mut cargo = self.cargo(context, "metadata");
        let triple = target.wasm_triple().unwrap_or(NATIVE_TRIPLE);
        cargo.args(["--format-version", "1", "--filter-platform", triple]);
        let mut text = String::new();
        let called =
            tools::call(&mut cargo, context.progress, context.interrupt, |line| text.push_str(line))?;
        match called.success {
            true => {
                Ok(Some(serde_json::from_str(&text).context("cannot read the output of cargo metadata")?))
            }
            false => Ok(None),
        }
    }

    /// Creates the error for a call of cargo that compiled nothing.
    fn refused(&self, stderr: &str) -> anyhow::Error {
        let lock = self.workspace_root.join("Cargo.lock");
        if self.has_lock && stderr.contains("because --locked was passed") {
            let message = format!("{} is out of date: it does not fit Cargo.toml", lock.display());
            let manifest = shell_word(&self.workspace_root.join("Cargo.toml").to_string_lossy());
            let help = format!("cargo update --workspace --manifest-path {manifest}");
            return exit::error(exit::USAGE, format!("{message}\nhelp: {help}"));
        }
        // The user knows nothing of the copy.
        let stderr = stderr.replace(&*self.place.lock().to_string_lossy(), &lock.to_string_lossy());
        exit::error(exit::HARNESS, format!("cargo cannot build {}:\n{}", self.package, stderr.trim_end()))
    }
}

impl Place {
    fn lock(&self) -> PathBuf {
        self.own.join("lock/Cargo.lock")
    }

    /// Copies the `Cargo.lock` of a workspace, and returns whether there is one. Without one, cargo chooses the versions
    /// once for all that follows. A link to nothing is none.
    fn copy_lock(&self, workspace_root: &Path) -> Result<bool> {
        let (users, ours) = (workspace_root.join("Cargo.lock"), self.lock());
        let directory = ours.parent().unwrap_or(&self.own);
        let cannot = || format!("cannot write to {}", directory.display());
        fs::create_dir_all(directory).with_context(cannot)?;
        if !users.exists() {
            match fs::remove_file(&ours) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(cannot);
                }
                _ => return Ok(false),
            }
        }
        let bytes = text_file::read(&users)
            .map_err(|error| exit::error(exit::USAGE, format!("cannot read {}: {error}", users.display())))?;
        fs::write(&ours, bytes).with_context(cannot)?;
        Ok(true)
    }

    /// A call of cargo that writes nothing outside of the directories of the harness.
    fn cargo(&self, context: ToolContext<'_>, command: &str) -> Command {
        let harness = &context.workspace.root;
        let mut cargo =
            tools::command_for_package(&self.rust.cargo, harness, context.env.rustup_home.as_deref());
        cargo.envs(self.rust.variables.iter().map(|(name, value)| (name, value)));
        cargo.current_dir(&self.directory).arg(command).args(self.rust.flags);
        cargo.args(["--config", &setting("resolver.lockfile-path", &self.lock())]);
        cargo
    }

    /// Reads what cargo knows about the workspace of a package.
    fn metadata(&self, context: ToolContext<'_>, manifest: &Path) -> Result<Value> {
        let mut cargo = self.cargo(context, "metadata");
        cargo.args(["--no-deps", "--format-version", "1", "--manifest-path"]).arg(manifest);
        let mut text = String::new();
        let called =
            tools::call(&mut cargo, Progress::Hidden, context.interrupt, |line| text.push_str(line))?;
        if !called.success {
            let message = format!("cargo cannot read the package:\n{}", called.stderr.trim_end());
            return Err(exit::error(exit::USAGE, message));
        }
        serde_json::from_str(&text).context("cannot read the output of cargo metadata")
    }
}

impl Ran {
    fn errors(&self) -> impl Iterator<Item = &CompilerMessage> {
        self.messages.iter().filter_map(|message| match message {
            Message::CompilerMessage(message) if message.message.is_error() => Some(message),
            _ => None,
        })
    }

    /// Returns why packages do not compile, one failure for each, by name. The headline of a failure names its package,
    /// unless that is the package of the project itself.
    pub fn failures(&self, project: &Project) -> Vec<Failure> {
        let mut failures: Vec<Failure> = Vec::new();
        let mut add = |mut failure: Failure, is_own: bool| {
            if failures.iter().any(|known| known.package == failure.package) {
                return;
            }
            if let (Some(package), false) = (&failure.package, is_own) {
                failure.headline = format!("{package}: {}", failure.headline);
            }
            failures.push(failure);
        };
        self.errors().for_each(|error| add(error.failure(), project.is_id(error.id())));
        for failure in Failure::of_build_scripts(&self.stderr) {
            let is_own = failure.package.as_ref() == Some(&project.package);
            add(failure, is_own);
        }
        if failures.is_empty() && !self.success {
            let headline = self.stderr.lines().find(|line| line.starts_with("error"));
            failures.push(Failure::of_cargo(headline.unwrap_or("error: it does not build"), &self.stderr));
        }
        failures.sort_by(|one, other| one.package.cmp(&other.package));
        failures
    }
}

/// A setting of cargo for `--config`. Strings of JSON are strings of TOML.
fn setting(key: &str, path: &Path) -> String {
    format!("{key}={}", Value::from(path.to_string_lossy().into_owned()))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Finds the `Cargo.toml` at `path`, which is itself or its directory.
fn manifest(path: &Path) -> Result<PathBuf> {
    let usage = |message: String, help: &str| exit::error(exit::USAGE, format!("{message}\nhelp: {help}"));
    if path.to_str().is_none() {
        let message = format!("{}: cargo needs a path that is valid UTF-8", path.display());
        return Err(usage(message, "rename the directory, or copy the package"));
    }
    let manifest = if path.is_dir() { path.join("Cargo.toml") } else { path.to_path_buf() };
    if manifest.file_name().is_none_or(|name| name != "Cargo.toml") {
        let message = format!("{} is neither a directory nor a Cargo.toml", manifest.display());
        return Err(usage(message, "name the directory of a package"));
    }
    text_file::check(&manifest).and_then(|_| fs::canonicalize(&manifest)).map_err(|error| {
        usage(format!("cannot read {}: {error}", manifest.display()), "name the directory of a package")
    })
}

/// Checks that the sources of a package, as far as they exist, are files. A compiler would wait for ever for what comes
/// out of a FIFO.
fn can_be_compiled(package: &Value) -> Result<()> {
    let sources = array(&package["targets"]).iter().filter_map(|target| target["src_path"].as_str());
    for source in sources {
        match text_file::check(Path::new(source)) {
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
                return Err(exit::error(exit::USAGE, format!("cannot compile {source}: {error}")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the package that the user names, or that of the manifest.
fn package<'a>(packages: &'a [Value], manifest: &Path, named: Option<&str>) -> Result<&'a Value> {
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
