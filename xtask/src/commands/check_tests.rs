//! `cargo xtask check --tests`: the tests of a package that is not in the catalogue, natively and on WASI.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::RwLock;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::build::test_binaries::{self, Package, Selection, TestBinaries};
use crate::cli::{CheckArgs, TestsArgs};
use crate::commands::check::{self, cause};
use crate::commands::grants::wasm_targets;
use crate::discover::user_directory::{self, What};
use crate::environment::Environment;
use crate::exit;
use crate::host::hosts::Hosts;
use crate::host::seam::{Call, Host};
use crate::model::column::Column;
use crate::model::target::Target;
use crate::report::human::Format;
use crate::report::package_tests::{draw, json, junit};
use crate::report::xml;
use crate::run::concurrency::cores;
use crate::run::package_tests::Runner;
use crate::run::scratch;
use crate::session::package_tests::Suite;
use crate::session::{self, Session, Tools};
use crate::support::escape::without_controls;
use crate::support::terminal::{self, say};
use crate::tools::progress::Progress;
use crate::tools::run::run;
use crate::workspace::Workspace;

/// How long a test may run, unless the user says so. Tests may do more than one call of a program does.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs the command, and returns the exit code.
///
/// # Errors
/// If the arguments do not fit, if the tests do not compile natively, or if the harness fails.
pub fn check(workspace: &Workspace, env: &Environment, args: &CheckArgs, tests: &TestsArgs) -> Result<u8> {
    if let Some(flag) = args.args.iter().find(|word| word.starts_with('-')) {
        let message = format!("`{flag}` is not a part of the name of a test");
        return Err(exit::error(exit::USAGE, format!("{message}\nhelp: name parts of names behind --")));
    }
    tests.junit.as_deref().map_or(Ok(()), xml::check)?;
    let wasm: Vec<_> = wasm_targets(args.target).collect();
    let targets: Vec<_> = [Target::Native].into_iter().chain(wasm.iter().copied()).collect();
    let columns: Vec<_> = targets.iter().copied().map(Column::pinned).collect();
    let session = Session::open(workspace, env, args.offline, Progress::of(env, false))?;
    let Tools { toolchains, hosts } = session.provision(&columns)?;
    let package = test_binaries::find(session.tool_context(), &toolchains, &args.choice, &targets)?;
    can_be_granted(package.project.directory())?;
    let selection = Selection { lib: tests.lib, bin: args.choice.bin.clone(), tests: tests.tests.clone() };
    let root = &package.project.workspace_root;
    let help = "move what the tests do not need out of it";
    let copied = user_directory::read(root, What::Sources, help, &|| session.end_if_interrupted())?;
    copied.tell();
    let names: Vec<_> = targets.iter().map(|target| target.name()).collect();
    say(&format!("Building the tests of {} for {}", package.name, names.join(", ")));
    let mut binaries = BTreeMap::new();
    for target in &targets {
        let built = test_binaries::build(session.tool_context(), &package, &selection, *target);
        session.end_if_interrupted();
        let built = built?;
        if let (Target::Native, true, Some(failure)) = (target, built.built.is_empty(), built.first_failure())
        {
            let message = format!("the tests do not compile natively:\n{}", failure.rendered.trim_end());
            return Err(exit::error(exit::HARNESS, message));
        }
        for (name, failure) in built.failures().filter(|_| *target == Target::Native) {
            say(&format!("warning: {name} does not compile natively, and is left out: {}", failure.headline));
        }
        binaries.insert(*target, built);
    }
    let failures = binaries
        .iter()
        .filter(|(target, _)| target.is_wasm())
        .flat_map(|(target, built)| built.dependencies.iter().map(|failure| (*target, failure.clone())));
    let causes = cause::causes(&session, &package.project, failures.collect(), true)?;
    let compiled = compile(&session, &hosts, workspace, &binaries)?;
    let bytes = copied.tree.copied_bytes() * cores() as u64;
    let scratch = scratch::prepare(&workspace.own_dir(), bytes)?;
    let below =
        package.project.directory().strip_prefix(&package.project.workspace_root).unwrap_or(Path::new(""));
    let runner = Runner {
        original: &copied.tree,
        package: below,
        scratch: &scratch,
        hosts: &hosts,
        interrupt: &session.interrupt,
        timeout: args.timeout.unwrap_or(DEFAULT_TIMEOUT),
        path: &env.path,
        runs: AtomicUsize::new(0),
        given_up: AtomicUsize::new(0),
        alone: RwLock::default(),
    };
    let suite = Suite {
        runner: &runner,
        package: &package,
        targets: &wasm,
        binaries: &binaries,
        compiled: &compiled,
        filters: &args.args,
        allowed: &args.allowed,
    };
    let result = session::cells::guarded(&session, &scratch, false, || suite.run(say));
    session.end_if_interrupted();
    let results = result?.context("the run was interrupted")?;
    if results.tests.is_empty() && results.without_result.is_empty() {
        return Err(nothing_to_run(&package, &args.args));
    }
    match args.format {
        Format::Human => {
            terminal::print(&without_controls(&draw::draw(&results)))?;
            for cause in &causes {
                terminal::print(&without_controls(&cause::draw(cause)))?;
            }
        }
        Format::Json => {
            terminal::print_json(&json::draw(&results))?;
            check::json::causes(&causes)?;
        }
    }
    results.without_result.iter().for_each(|one| say(&format!("error: {}: {}", one.id(), one.why)));
    if let Some(path) = &tests.junit {
        xml::write(path, &junit::draw(&results))?;
    }
    Ok(match results.agree() {
        _ if !results.without_result.is_empty() => exit::HARNESS,
        true => exit::OK,
        false => exit::DIFFERS,
    })
}

/// Checks that wasmtime can grant the path of a package to its tests, which may contain it as it is.
fn can_be_granted(path: &Path) -> Result<()> {
    if !path.to_string_lossy().contains("::") {
        return Ok(());
    }
    let message = format!(
        "wasmtime cannot grant a directory with `::` in its path, which it takes for HOST::GUEST: {}\n\
         help: move the package to a path without `::`",
        path.display()
    );
    Err(exit::error(exit::USAGE, message))
}

/// Creates the error for a package without tests of these names.
fn nothing_to_run(package: &Package, filters: &[String]) -> anyhow::Error {
    let message = match filters.is_empty() {
        true => format!("{} has no tests\nhelp: tests of documentation are not run", package.name),
        false => format!("no test of {} has `{}` in its name", package.name, filters.join("` or `")),
    };
    exit::error(exit::NOTHING_MATCHED, message)
}

/// Compiles the wasm binaries once for all runs, unless that is done. One that wasmtime cannot compile is left to
/// its runs.
fn compile(
    session: &Session<'_>,
    hosts: &Hosts,
    workspace: &Workspace,
    binaries: &BTreeMap<Target, TestBinaries>,
) -> Result<BTreeMap<PathBuf, PathBuf>> {
    let mut compiled = BTreeMap::new();
    let Some(wasmtime) = &hosts.wasmtime else { return Ok(compiled) };
    let of_wasm = binaries.iter().filter(|(target, _)| target.is_wasm());
    for binary in of_wasm.flat_map(|(_, binaries)| &binaries.built) {
        let file = binary.file.with_extension(format!("{}.cwasm", workspace.wasmtime));
        let written = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
        let is_done = written(&file).is_some_and(|done| Some(done) > written(&binary.file));
        // If wasmtime is killed, or the disk is full, it may leave a part.
        let unfinished = file.with_extension("unfinished");
        let compile = || {
            let is_whole = call(session, &wasmtime.compile(&binary.file, &unfinished))?;
            Ok::<_, anyhow::Error>(is_whole && fs::rename(&unfinished, &file).is_ok())
        };
        if !is_done && !compile()? {
            let _ = fs::remove_file(&unfinished);
            // A wasmtime that was built without this command can still put the binary into its cache.
            let run = Call { flags: &[], program: &binary.file, args: &[] };
            for compilation in wasmtime.compilations(&run) {
                call(session, &compilation.argv)?;
            }
            continue;
        }
        compiled.insert(binary.file.clone(), file);
    }
    Ok(compiled)
}

/// Calls wasmtime, and returns whether it succeeds. Ends the process if it is interrupted meanwhile.
fn call(session: &Session<'_>, line: &[OsString]) -> Result<bool> {
    let mut command = std::process::Command::new(&line[0]);
    command.args(&line[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let ended = run(&mut command, &session.interrupt, || ());
    session.end_if_interrupted();
    Ok(ended.with_context(|| format!("cannot run {}", line[0].display()))?.success())
}
