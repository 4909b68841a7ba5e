//! `cargo xtask upstream`: whether the bugs that docs/upstream.md reports are still there.

mod page;
mod run;
mod verdict;

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::cli::{UpstreamArgs, WasmtimeChoice};
use crate::commands::upstream::page::{Draft, Page};
use crate::commands::upstream::run::{Printed, Runner};
use crate::commands::upstream::verdict::Verdict;
use crate::environment::Environment;
use crate::exit;
use crate::host::wasmtime::Wasmtime;
use crate::model::column::{Column, Toolchain};
use crate::model::target::Target;
use crate::process::Interrupt;
use crate::provision::query;
use crate::provision::toolchain::{self, Installed};
use crate::provision::wasmtime;
use crate::report::human::Format;
use crate::report::json::print_line;
use crate::run::scratch;
use crate::session::Session;
use crate::session::cells::guarded;
use crate::support::escape::{bars, count, indent, visible};
use crate::support::terminal::{print, say};
use crate::support::text_file;
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// The page with the drafts.
const PAGE: &str = "docs/upstream.md";

/// Runs the command, and returns the exit code.
///
/// # Errors
/// If the page is malformed or has no such draft, if something is missing, or if the harness fails.
pub fn upstream(workspace: &Workspace, env: &Environment, args: &UpstreamArgs) -> Result<u8> {
    let page = text_file::read(&workspace.root.join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
    let page = Page::read(&String::from_utf8_lossy(&page))
        .map_err(|what| exit::error(exit::USAGE, format!("{PAGE}: {what}")))?;
    let drafts = chosen(&page, &args.numbers)?;
    if args.list {
        drafts.iter().try_for_each(|draft| list(draft, args.format))?;
        return Ok(exit::OK);
    }
    let mut workspace = workspace.clone();
    let mut env = env.clone();
    if let Some(WasmtimeChoice::Version(version)) = args.wasmtime {
        // The variable and the checksums are about the pinned version.
        if version != workspace.wasmtime {
            env.wasmtime = None;
            workspace.checksums.clear();
        }
        workspace.wasmtime = version;
    }
    answer(&workspace, &env, args, &page, &drafts)
}

/// The drafts with these numbers, or all.
fn chosen<'a>(page: &'a Page, numbers: &[usize]) -> Result<Vec<&'a Draft>> {
    if let Some(number) =
        numbers.iter().find(|number| page.drafts.iter().all(|draft| draft.number != **number))
    {
        let message = format!("no draft {number}\nhelp: {PAGE} has {}", count(page.drafts.len(), "draft"));
        return Err(exit::error(exit::NOTHING_MATCHED, message));
    }
    let is_chosen = |draft: &&Draft| numbers.is_empty() || numbers.contains(&draft.number);
    Ok(page.drafts.iter().filter(is_chosen).collect())
}

/// Runs the drafts, and prints what became of them.
fn answer(
    workspace: &Workspace,
    env: &Environment,
    args: &UpstreamArgs,
    page: &Page,
    drafts: &[&Draft],
) -> Result<u8> {
    let bash = env.which("bash").ok_or_else(|| {
        exit::error(
            exit::SET_UP,
            "bash is not on PATH, and the drafts are written for it\nhelp: install bash",
        )
    })?;
    let session = Session::open(workspace, env, args.offline, Progress::of(env, false))?;
    let toolchain = rust(&session, args)?;
    let wasmtime = host(&session, args)?;
    let mut rustc = Command::new(toolchain.rustc());
    rustc.arg("--version").envs(toolchain.variables(&env.path));
    let rust = version(rustc, &session, "rustc")?;
    let mut program = Command::new(&wasmtime.program);
    program.arg("--version");
    let host = version(program, &session, "wasmtime")?;
    let scratch = scratch::prepare(&workspace.own_dir(), 0)?;
    let runner = Runner {
        session: &session,
        scratch: &scratch,
        toolchain: &toolchain,
        wasmtime: &wasmtime,
        bash,
        build: &page.build,
    };
    let mut all = Vec::new();
    guarded(&session, &scratch, false, || {
        for draft in drafts {
            let Some(verdicts) = verdicts(&runner, draft)? else { break };
            report(draft, &verdicts, args.format)?;
            all.extend(verdicts);
        }
        Ok(())
    })?;
    if let Some(signal) = session.interrupt.signal() {
        say("Interrupted: the drafts that are not shown above were not run to their end");
        Interrupt::end_by(signal);
    }
    summarize(&rust, &host, &all, args.format)?;
    let is_recorded = all.iter().all(|(_, verdict)| *verdict == Verdict::StillThere);
    Ok(if is_recorded { exit::OK } else { exit::DIFFERS })
}

/// The Rust that compiles the programs.
fn rust(session: &Session<'_>, args: &UpstreamArgs) -> Result<Installed> {
    let columns = Column::all_pinned();
    let Some(name) = &args.rust else {
        return Ok(session.provision_toolchains(&columns)?.of(Toolchain::Pinned).clone());
    };
    let triples: BTreeSet<_> = columns.iter().filter_map(|column| column.target.wasm_triple()).collect();
    toolchain::named(&session.sh, session.env, name, &triples, args.offline, &session.interrupt)
}

/// The wasmtime that runs the programs.
fn host(session: &Session<'_>, args: &UpstreamArgs) -> Result<Wasmtime> {
    let Some(WasmtimeChoice::Path(path)) = &args.wasmtime else {
        let provided = wasmtime::provision(session.tool_context());
        session.end_if_interrupted();
        return provided;
    };
    let program = std::path::absolute(path)?;
    Ok(Wasmtime { program, ..wasmtime::expected(session.env, session.workspace, &session.interrupt) })
}

/// What a tool prints for `--version`.
fn version(command: Command, session: &Session<'_>, name: &str) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let printed = query::ask_successfully(command, &session.interrupt).map_err(|why| {
        exit::error(exit::SET_UP, format!("{program} was asked for its version, but {why}"))
    })?;
    match printed.starts_with(&format!("{name} ")) {
        true => Ok(printed),
        false => {
            Err(exit::error(exit::SET_UP, format!("{program} is not {name}: its version is {printed:?}")))
        }
    }
}

/// Runs a draft, and once more if not all is as on the page: a verdict has to hold twice. Returns `None` after an
/// interrupt.
fn verdicts(runner: &Runner<'_>, draft: &Draft) -> Result<Option<Vec<(Target, Verdict)>>> {
    let once = || {
        let printed = runner.run(draft)?;
        Ok::<_, anyhow::Error>(printed.map(|printed| match printed {
            Printed::Outputs(outputs) => verdict::of(&draft.steps, &outputs),
            Printed::DoesNotCompile(line, output) => {
                let targets: BTreeSet<_> = draft.steps.iter().map(|step| step.target).collect();
                let verdict = Verdict::Different(vec![(line, output)]);
                targets.into_iter().map(|target| (target, verdict.clone())).collect()
            }
        }))
    };
    let Some(first) = once()? else { return Ok(None) };
    if first.iter().all(|(_, verdict)| *verdict == Verdict::StillThere) {
        return Ok(Some(first));
    }
    let kinds = |verdicts: &[(Target, Verdict)]| -> Vec<_> {
        verdicts.iter().map(|(target, verdict)| (*target, verdict.name())).collect()
    };
    let Some(second) = once()? else { return Ok(None) };
    if kinds(&first) == kinds(&second) {
        return Ok(Some(second));
    }
    // Nothing is known of a bug that shows in one of two runs.
    let first = kinds(&first);
    let unsteady = |(target, verdict): (Target, Verdict)| match first.contains(&(target, verdict.name())) {
        true => (target, verdict),
        false => (target, Verdict::Unsteady(verdict.outputs().to_vec())),
    };
    Ok(Some(second.into_iter().map(unsteady).collect()))
}

/// Prints a draft without running it.
fn list(draft: &Draft, format: Format) -> Result<()> {
    let Draft { number, title, filed, .. } = draft;
    if format == Format::Json {
        return print_line([
            ("kind", "draft".into()),
            ("number", (*number).into()),
            ("title", title.as_str().into()),
            ("filed", filed.as_deref().into()),
        ]);
    }
    let state = filed.as_deref().unwrap_or("not filed");
    Ok(print(&format!("{number:2}. {title} ({state})\n"))?)
}

/// Prints what became of a draft.
fn report(draft: &Draft, verdicts: &[(Target, Verdict)], format: Format) -> Result<()> {
    let Draft { number, title, filed, .. } = draft;
    if format == Format::Json {
        let targets = verdicts.iter().map(|(target, verdict)| {
            let outputs =
                verdict.outputs().iter().map(|(line, output)| json!({"line": line, "output": output}));
            json!({"target": target.name(), "verdict": verdict.name(), "outputs": Value::from_iter(outputs)})
        });
        return print_line([
            ("kind", "draft".into()),
            ("number", (*number).into()),
            ("title", title.as_str().into()),
            ("filed", filed.as_deref().into()),
            ("targets", Value::from_iter(targets)),
        ]);
    }
    let mut text = format!("{number:2}. {title}\n");
    for (target, verdict) in verdicts {
        text.push_str(&format!("    {:6}  {}\n", target.name(), verdict.name()));
        for (line, output) in verdict.outputs() {
            let output = bars(&visible(output.as_bytes()));
            text.push_str(&indent(&format!("$ {line}\n{output}"), "            "));
        }
    }
    Ok(print(&text)?)
}

/// Prints how many verdicts there are of each kind.
fn summarize(rust: &str, wasmtime: &str, all: &[(Target, Verdict)], format: Format) -> Result<()> {
    let kinds = ["still there", "fixed", "different", "unsteady"];
    let counts = kinds.map(|kind| (kind, all.iter().filter(|(_, verdict)| verdict.name() == kind).count()));
    if format == Format::Json {
        let [still_there, fixed, different, unsteady] = counts.map(|(_, count)| Value::from(count));
        return print_line([
            ("kind", "summary".into()),
            ("rust", rust.into()),
            ("wasmtime", wasmtime.into()),
            ("still_there", still_there),
            ("fixed", fixed),
            ("different", different),
            ("unsteady", unsteady),
        ]);
    }
    let counts = counts.iter().filter(|(_, count)| *count > 0).map(|(kind, count)| format!("{count} {kind}"));
    print(&format!("With {rust} and {wasmtime}: {}\n", counts.collect::<Vec<_>>().join(", ")))?;
    Ok(())
}
