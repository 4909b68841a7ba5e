//! `cargo xtask ci EXAMPLE`: what CI checks of an example, in seconds.

use anyhow::{Context, Result, anyhow, bail};
use xshell::{Cmd, Shell, cmd};

use crate::cli::{self, Cli};
use crate::commands::ci::apis;
use crate::commands::ci::common::{add_linters, grants_of_all};
use crate::commands::{divergences, grants, test, why};
use crate::discover::examples;
use crate::discover::template;
use crate::environment::Environment;
use crate::exit;
use crate::explain::recorded;
use crate::model::column::Toolchain;
use crate::model::example::Example;
use crate::model::needs;
use crate::provision::toolchain::Installed;
use crate::session::Session;
use crate::support::escape::{indent, without_controls};
use crate::support::suggest::suggest;
use crate::support::terminal;
use crate::support::text_file;
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// The first line of every `cases.toml`, by which editors find the schema.
const SCHEMA: &str = "#:schema ../../xtask/cases.schema.json\n";

/// The documents that show tables of snapshots.
const DOCUMENTS: [&str; 2] = ["README.md", "docs/shared-memory.md"];

/// A check: its name, what runs it, and how to correct what it finds.
type Check<'a> = (&'a str, &'a dyn Fn() -> Result<()>, String);

/// Runs all checks of these examples, even if one fails, says for each whether it passed and how to correct what did
/// not, and returns the exit code.
///
/// # Errors
/// If there is no such example, if a file in `examples/` is malformed, or if a tool is missing and cannot be installed.
pub fn examples(workspace: &Workspace, env: &Environment, names: &[String]) -> Result<u8> {
    let all = examples::discover(workspace)?;
    let examples: Vec<_> = names.iter().map(|name| named(&all, name)).collect::<Result<_>>()?;
    // This session ends here, because checks open sessions of their own.
    let session = Session::open(workspace, env, false, Progress::of(env, false))?;
    let tools = session.provision(&workspace.columns)?;
    drop(session);
    let rust = tools.toolchains.of(Toolchain::Pinned);
    let sh = Shell::new()?;
    sh.change_dir(&workspace.root);
    add_linters(&sh, workspace)?;
    let examples = Examples { workspace, env, all: &all, examples, rust, sh };

    let listed = names.join(" ");
    let filters = names.iter().map(|name| format!("{name}/")).collect::<Vec<_>>().join(" ");
    let accept = format!("once you can explain every difference: cargo xtask test {filters} --accept");
    let packages = examples.packages().map(|name| format!("--package {name}")).collect::<Vec<_>>().join(" ");
    let checks: [Check<'_>; 8] = [
        ("descriptions", &|| examples.descriptions(), format!("edit {}", examples.files())),
        ("formatting", &|| examples.formatting(), format!("cargo fmt {packages}")),
        ("items of std", &|| examples.items(), format!("correct `apis` in {}", examples.files())),
        ("clippy", &|| examples.clippy(), format!("cargo clippy {packages} --fix")),
        ("outcomes, twice", &|| examples.outcomes(&filters), accept.clone()),
        ("rules", &|| examples.rules(), accept),
        (
            "search for flags",
            &|| examples.grants(),
            format!("see `cargo xtask help grants`, and compare {listed}"),
        ),
        ("pages", &|| examples.pages(), "cargo xtask divergences".into()),
    ];
    let mut failed = 0;
    for (name, check, help) in &checks {
        match check() {
            Ok(()) => terminal::print(&format!("ok      {name}\n"))?,
            Err(error) => {
                failed += 1;
                let mut what = format!("{error:#}");
                if !what.contains("help: ") {
                    what = format!("{}\nhelp: {help}", what.trim_end());
                }
                terminal::print(&without_controls(&format!(
                    "FAILED  {name}\n{}",
                    indent(&what, "        ")
                )))?;
            }
        }
    }
    terminal::print(&format!("{} passed, {failed} failed\n", checks.len() - failed))?;
    Ok(if failed == 0 { exit::OK } else { exit::DIFFERS })
}

/// The example with this name, which may end with a slash, as in a filter.
fn named<'a>(examples: &'a [Example], name: &str) -> Result<&'a Example> {
    let wanted = name.trim_end_matches('/');
    examples.iter().find(|example| example.name == wanted).ok_or_else(|| {
        let help = match suggest(wanted, examples.iter().map(|example| example.name.as_str())) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`cargo xtask test --list` prints the ids of all cells".into(),
        };
        exit::error(exit::NOTHING_MATCHED, format!("no example `{wanted}`\nhelp: {help}"))
    })
}

/// The examples to check, and what checks them.
struct Examples<'a> {
    workspace: &'a Workspace,
    env: &'a Environment,
    all: &'a [Example],
    examples: Vec<&'a Example>,
    rust: &'a Installed,
    sh: Shell,
}

impl Examples<'_> {
    /// The packages of the programs and their modules.
    fn packages(&self) -> impl Iterator<Item = &str> {
        self.examples.iter().flat_map(|example| needs::packages(example))
    }

    /// Their `cases.toml`, for messages.
    fn files(&self) -> String {
        let files: Vec<_> =
            self.examples.iter().map(|example| format!("examples/{}/cases.toml", example.name)).collect();
        files.join(" and ")
    }

    /// Every case has a description, and no text of the template is left.
    fn descriptions(&self) -> Result<()> {
        template::replaced(self.workspace, self.examples.iter().copied())?;
        for example in &self.examples {
            let file = format!("examples/{}/cases.toml", example.name);
            if let Some(case) = example.cases.iter().find(|case| case.about.is_none()) {
                bail!("{file}: [{}] has no `about`, which says what the case shows", case.name);
            }
            let text = text_file::read_text(&self.workspace.root.join(&file)).unwrap_or_default();
            if !text.starts_with(SCHEMA) {
                bail!("{file} does not start with the line {}", SCHEMA.trim_end());
            }
        }
        Ok(())
    }

    fn formatting(&self) -> Result<()> {
        let (cargo, packages) = (&self.rust.cargo, self.options());
        self.tool(cmd!(self.sh, "{cargo} fmt {packages...} --check"))
    }

    fn clippy(&self) -> Result<()> {
        let (cargo, packages) = (&self.rust.cargo, self.options());
        self.tool(cmd!(
            self.sh,
            "{cargo} clippy {packages...} --all-targets --locked --quiet -- --deny warnings"
        ))
    }

    fn options(&self) -> Vec<&str> {
        self.packages().flat_map(|name| ["--package", name]).collect()
    }

    /// Runs a tool. What it prints is the error, if it fails.
    fn tool(&self, command: Cmd<'_>) -> Result<()> {
        let command = command.envs(self.rust.variables(&self.env.path)).env("CARGO_TERM_COLOR", "never");
        let ran = command.quiet().ignore_status().output().context("cannot run cargo")?;
        if ran.status.success() {
            return Ok(());
        }
        let printed = [ran.stdout, ran.stderr].concat();
        Err(anyhow!(String::from_utf8_lossy(&printed).trim_end().to_string()))
    }

    fn items(&self) -> Result<()> {
        let problems = apis::problems(self.workspace, self.rust, &self.env.path, &self.examples, self.all)?;
        if problems.is_empty() { Ok(()) } else { Err(anyhow!(problems.join("\n"))) }
    }

    /// All cells are as recorded, in two runs.
    fn outcomes(&self, filters: &str) -> Result<()> {
        let words =
            ["xtask", "test", "--check", "--quiet", "--repeat", "2"].into_iter().chain(filters.split(' '));
        let Cli { command: cli::Command::Test(args) } = Cli::parse_from(words) else {
            unreachable!("the command is `test`");
        };
        match test::test(self.workspace, self.env, &args)?.code {
            exit::OK => Ok(()),
            _ => Err(anyhow!("see above")),
        }
    }

    /// The recorded rules are those that are behind the differences now.
    fn rules(&self) -> Result<()> {
        let examples: Vec<_> = self.examples.iter().map(|example| (*example).clone()).collect();
        let now = recorded::of(&why::of_recorded(self.workspace, self.env, false, &examples)?);
        let mut before = recorded::read(&self.workspace.snapshots())?;
        before.retain(|cell, _| examples.iter().any(|example| cell.split('/').next() == Some(&example.name)));
        if now == before {
            return Ok(());
        }
        Err(anyhow!("snapshots/{} is out of date:\n{}", recorded::NAME, recorded::difference(&before, &now)))
    }

    /// The search finds flags as few as those of the recorded rows.
    fn grants(&self) -> Result<()> {
        let examples: Vec<_> = self.examples.iter().map(|example| (*example).clone()).collect();
        match grants::compare(self.workspace, self.env, &grants_of_all(), &examples)? {
            exit::OK => Ok(()),
            _ => Err(anyhow!("see above")),
        }
    }

    /// The generated pages are up to date, and the tables that other documents show.
    fn pages(&self) -> Result<()> {
        divergences::divergences(self.workspace, self.env, true)?;
        for document in DOCUMENTS {
            let Ok(text) = text_file::read_text(&self.workspace.root.join(document)) else { continue };
            for part in text.split("<!-- snapshot: ").skip(1) {
                let Some((id, shown)) = part.split_once(" -->\n```text\n") else { continue };
                let is_meant =
                    self.examples.iter().any(|example| id.split('/').next() == Some(&example.name));
                let snapshot = self.workspace.snapshots().join(format!("{id}.snap"));
                let recorded = text_file::read_text(&snapshot).unwrap_or_default();
                let table = recorded.split_once("\n---\n").map_or("", |(_, table)| table);
                if is_meant && shown.split("```").next() != Some(table) {
                    bail!(
                        "the table in {document} differs from snapshots/{id}.snap\nhelp: copy it from there"
                    );
                }
            }
        }
        Ok(())
    }
}
