//! Reporting to people, on stderr.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use anyhow::Result;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::build::Built;
use crate::cell::Cell;
use crate::cli::{Color, Format, TestArgs};
use crate::compare::{Differing, Status, Verdict, Wish};
use crate::divergences::{self, Renewal};
use crate::environment::Environment;
use crate::json;
use crate::snapshot::Keeping;
use crate::stop::exit;
use crate::target::Target;
use crate::terminal::Lines;
use crate::text::{count, indent, shell_word};
use crate::workspace::Workspace;

/// What a case did, and what is to be said of it.
pub struct CaseResult<'a> {
    /// The cells of this run; there is at least one.
    pub cells: Vec<CellResult<'a>>,
    pub verdict: Verdict,
}

/// What a cell did.
pub struct CellResult<'a> {
    pub cell: Cell<'a>,
    pub outcome: String,
    /// Another outcome, from a later repetition.
    pub unsteady: Option<String>,
    pub took: Duration,
    /// What people type in the scratch folder for the same run, if there was one.
    pub plain: Option<String>,
}

impl CaseResult<'_> {
    pub fn id(&self) -> String {
        self.cells[0].cell.case_id()
    }

    /// The names of the example and the case.
    pub fn names(&self) -> (&str, &str) {
        let cell = &self.cells[0].cell;
        (&cell.example.name, &cell.case.name)
    }

    pub fn is_steady(&self) -> bool {
        self.cells.iter().all(|cell| cell.unsteady.is_none())
    }

    /// Whether the run fails because of this case.
    pub fn failed(&self) -> bool {
        !self.is_steady() || self.verdict.status != Status::Agrees && !self.verdict.is_accepted
    }

    /// Whether all cells of the case were run.
    fn is_whole(&self) -> bool {
        let case = self.cells[0].cell.case;
        let runs = |set| Target::ALL.into_iter().filter(|target| case.runs(set, *target)).count();
        case.flag_sets.iter().map(runs).sum::<usize>() == self.cells.len()
    }

    /// How long its cells took, one after the other.
    pub fn took(&self) -> Duration {
        self.cells.iter().map(|cell| cell.took).sum()
    }

    /// One word for what became of it.
    pub fn word(&self) -> Word {
        match self.verdict.status {
            _ if !self.is_steady() => Word::Unsteady,
            Status::Agrees => Word::Pass,
            _ if self.verdict.is_accepted => Word::Accepted,
            Status::Differs => Word::Fail,
            Status::New => Word::New,
        }
    }

    /// The ids of the cells that are not as recorded.
    fn differing_ids(&self) -> Vec<String> {
        let differs = |result: &&CellResult<'_>| {
            result.unsteady.is_some()
                || self.verdict.differing.iter().any(|differing| differing.place == result.cell.place())
        };
        self.cells.iter().filter(differs).map(|result| result.cell.id()).collect()
    }
}

/// What became of a case, in a word.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    Pass,
    Fail,
    New,
    Accepted,
    Unsteady,
}

impl Word {
    fn label(self) -> (&'static str, AnsiColor) {
        match self {
            Word::Pass => ("PASS", AnsiColor::Green),
            Word::Fail => ("FAIL", AnsiColor::Red),
            Word::New => ("NEW", AnsiColor::Yellow),
            Word::Accepted => ("ACCEPTED", AnsiColor::Green),
            Word::Unsteady => ("UNSTEADY", AnsiColor::Red),
        }
    }
}

/// The figures of a run.
#[derive(Default)]
pub struct Summary {
    /// Numbers of cases; an accepted one has passed.
    pub passed: usize,
    pub failed: usize,
    pub accepted: usize,
    pub cells: usize,
    /// Cases that were not compared because the run was ended early.
    pub not_run: usize,
    /// What no case stands behind any more.
    pub strays: Vec<String>,
    /// What became of the page of divergences because of what was accepted.
    pub page: Renewal,
}

impl Summary {
    pub fn add(&mut self, result: &CaseResult<'_>) {
        self.cells += result.cells.len();
        match (result.failed(), result.word()) {
            (true, _) => self.failed += 1,
            (false, word) => {
                self.passed += 1;
                self.accepted += usize::from(word == Word::Accepted);
            }
        }
    }

    /// Whether what no case stands behind fails the run.
    fn strays_fail(&self, wish: Wish) -> bool {
        wish.keeping == Keeping::Check && !self.strays.is_empty()
    }

    pub fn exit_code(&self, wish: Wish) -> u8 {
        match self.failed > 0 || self.strays_fail(wish) {
            true => exit::DIFFERS,
            false => exit::OK,
        }
    }
}

/// Where the report goes, and how much of it.
pub struct Report {
    err: Lines<AutoStream<std::io::Stderr>>,
    json: bool,
    verbose: bool,
    quiet: bool,
    /// Whether a line of progress is drawn, and over.
    progress: bool,
    started: Instant,
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

fn colored(color: AnsiColor) -> Style {
    color.on_default()
}

impl Report {
    pub fn new(args: &TestArgs, env: &Environment) -> Report {
        let asked = match (args.color, env.cargo_term_color.as_deref()) {
            (Some(Color::Always), _) | (None, Some("always")) => ColorChoice::Always,
            (Some(Color::Never), _) | (None, Some("never")) => ColorChoice::Never,
            // This honours NO_COLOR and CLICOLOR_FORCE.
            _ => AutoStream::choice(&std::io::stderr()),
        };
        let json = args.format == Format::Json;
        Report {
            err: Lines::new(AutoStream::new(std::io::stderr(), asked)),
            json,
            verbose: args.verbose,
            quiet: args.quiet,
            progress: std::io::stderr().is_terminal() && !json && !args.no_capture && !env.ci,
            started: Instant::now(),
        }
    }

    /// Draws how far the run is, where people watch.
    pub fn progress(&self, done: usize, all: usize) {
        if self.progress {
            let seconds = self.started.elapsed().as_secs_f32();
            eprint!("\r\x1b[K     Running [{seconds:>8.3}s] {done}/{all} cells");
        }
    }

    fn clear_progress(&self) {
        if self.progress {
            eprint!("\r\x1b[K");
        }
    }

    /// Says what became of a case, as soon as it is known.
    pub fn case(&mut self, result: &CaseResult<'_>) -> Result<()> {
        if self.json {
            return json::case(result);
        }
        if self.quiet && !result.failed() {
            return Ok(());
        }
        self.clear_progress();
        self.line(result)?;
        if self.verbose {
            for cell in &result.cells {
                let letter = result.verdict.table.letter(&cell.cell.place());
                let end = cell.outcome.lines().next().unwrap_or_default();
                let seconds = cell.took.as_secs_f32();
                writeln!(
                    self.err,
                    "{DIM}       {letter:>5} [{seconds:>8.3}s] {}  {end}{DIM:#}",
                    cell.cell.id()
                )?;
                if let Some(plain) = &cell.plain {
                    writeln!(self.err, "{DIM}                           $ {plain}{DIM:#}")?;
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, result: &CaseResult<'_>) -> Result<()> {
        let (word, color) = result.word().label();
        let style = colored(color).bold();
        let letters = result.verdict.table.row_of_letters();
        let seconds = result.took().as_secs_f32();
        let (example, case) = result.names();
        writeln!(
            self.err,
            "{style}{word:>12}{style:#} [{seconds:>8.3}s] {BOLD}{example}{BOLD:#}/{case}  {letters}"
        )?;
        Ok(())
    }

    /// Repeats what failed, each with its difference and the commands that help on.
    pub fn failures(
        &mut self,
        results: &[CaseResult<'_>],
        built: &Built,
        workspace: &Workspace,
    ) -> Result<()> {
        if self.json {
            return Ok(());
        }
        self.clear_progress();
        for result in results.iter().filter(|result| result.failed()) {
            writeln!(self.err)?;
            self.line(result)?;
            if let Some(about) = &result.cells[0].cell.case.about {
                writeln!(self.err, "             {about}")?;
            }
            self.unsteady(result)?;
            self.difference(result, workspace)?;
            self.build_errors(result, built)?;
            self.commands(result)?;
        }
        Ok(())
    }

    fn unsteady(&mut self, result: &CaseResult<'_>) -> Result<()> {
        for cell in &result.cells {
            let Some(other) = &cell.unsteady else { continue };
            writeln!(self.err, "\n  {} is not the same in every repetition:", cell.cell.id())?;
            self.diff(&cell.outcome, other)?;
        }
        Ok(())
    }

    fn difference(&mut self, result: &CaseResult<'_>, workspace: &Workspace) -> Result<()> {
        let verdict = &result.verdict;
        let file = workspace.show(&verdict.snapshot);
        match verdict.status {
            Status::Agrees => {}
            Status::New => {
                writeln!(self.err, "\n  there is no {file} yet; it would be:\n")?;
                write!(self.err, "{}", indent(&verdict.now, "    "))?;
            }
            Status::Differs => {
                let changed: Vec<_> = verdict.differing.iter().map(Differing::to_string).collect();
                let differ = if changed.len() == 1 { "differs" } else { "differ" };
                match changed.is_empty() {
                    true => writeln!(self.err, "\n  the case was edited; {file} shows it as it was:\n")?,
                    false => writeln!(
                        self.err,
                        "\n  {} {differ} from {file}: {}\n",
                        count(changed.len(), "cell"),
                        changed.join(", ")
                    )?,
                }
                if verdict.before == verdict.now {
                    writeln!(self.err, "    only the description (`about`) differs")?;
                }
                self.diff(&verdict.before, &verdict.now)?;
            }
        }
        Ok(())
    }

    /// The lines that differ, with three around them.
    fn diff(&mut self, before: &str, now: &str) -> Result<()> {
        let diff = TextDiff::from_lines(before, now);
        for (index, group) in diff.grouped_ops(3).iter().enumerate() {
            if index > 0 {
                writeln!(self.err, "    ⋮")?;
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let (sign, style) = match change.tag() {
                    ChangeTag::Equal => (' ', Style::new()),
                    ChangeTag::Delete => ('-', colored(AnsiColor::Red)),
                    ChangeTag::Insert => ('+', colored(AnsiColor::Green)),
                };
                let line = format!("  {sign} {}", change.value());
                writeln!(self.err, "{style}{}{style:#}", line.trim_end())?;
            }
        }
        Ok(())
    }

    /// The compiler's whole words, where a cell is news because it does not build.
    fn build_errors(&mut self, result: &CaseResult<'_>, built: &Built) -> Result<()> {
        let ids = result.differing_ids();
        let unbuilt = result
            .cells
            .iter()
            .filter(|cell| cell.outcome.starts_with("does not build: ") && ids.contains(&cell.cell.id()));
        let packages = unbuilt
            .flat_map(|cell| crate::call::needs(&cell.cell))
            .map(|(package, _)| package)
            .collect::<BTreeSet<_>>();
        let errors: BTreeSet<_> =
            packages.iter().filter_map(|package| built.errors.get(package)).flatten().collect();
        for error in errors {
            writeln!(self.err, "\n{}", indent(error.trim_end(), "    ").trim_end())?;
        }
        Ok(())
    }

    fn commands(&mut self, result: &CaseResult<'_>) -> Result<()> {
        let ids = result.differing_ids();
        // The whole case by its own id, unless that would also run or accept what this run left out.
        let whole = result.is_whole() && (ids.len() > 4 || ids.len() == result.cells.len());
        let whole = whole || ids.is_empty();
        let ids = if whole { vec![result.id()] } else { ids };
        writeln!(self.err)?;
        for id in &ids {
            writeln!(self.err, "  run it alone:  cargo xtask test --exact {}", shell_word(id))?;
        }
        if result.is_steady() {
            writeln!(self.err, "  accept it:     cargo xtask test --accept --exact {}", ids.join(" "))?;
        }
        Ok(())
    }

    /// The last lines of a run that came to its end.
    pub fn summary(&mut self, summary: &Summary, wish: Wish) -> Result<()> {
        if self.json {
            return json::summary(summary, self.started.elapsed());
        }
        self.clear_progress();
        for stray in &summary.strays {
            let (word, color) = match wish.prune {
                true => ("PRUNED", AnsiColor::Green),
                false if summary.strays_fail(wish) => ("ORPHAN", AnsiColor::Red),
                false => ("ORPHAN", AnsiColor::Yellow),
            };
            let style = colored(color).bold();
            writeln!(self.err, "{style}{word:>12}{style:#} {stray}")?;
        }
        if !summary.strays.is_empty() && !wish.prune {
            writeln!(
                self.err,
                "             no case stands behind these; remove them: cargo xtask test --prune"
            )?;
        }
        match summary.page {
            Renewal::Needless => {}
            Renewal::Renewed => {
                let style = colored(AnsiColor::Green).bold();
                writeln!(self.err, "{style}{:>12}{style:#} {}", "RENEWED", divergences::FILE)?;
            }
            Renewal::Impossible => writeln!(
                self.err,
                "             {} is as it was; what keeps it from being renewed: cargo xtask divergences",
                divergences::FILE
            )?,
        }
        self.figures(summary)?;
        if summary.failed > 0 && wish.keeping == Keeping::Pending {
            writeln!(
                self.err,
                "     Pending review one by one: cargo insta review; accept all: cargo xtask test --accept"
            )?;
        }
        Ok(())
    }

    fn figures(&mut self, summary: &Summary) -> Result<()> {
        let color = if summary.failed == 0 { AnsiColor::Green } else { AnsiColor::Red };
        let style = colored(color).bold();
        let seconds = self.started.elapsed().as_secs_f32();
        let Summary { passed, failed, accepted, cells, not_run, .. } = summary;
        let accepted = if *accepted > 0 { format!(" ({accepted} newly accepted)") } else { String::new() };
        let not_run = if *not_run > 0 { format!(", {not_run} not run") } else { String::new() };
        writeln!(
            self.err,
            "{style}{:>12}{style:#} [{seconds:>8.3}s] {} ({}): {passed} passed{accepted}, {failed} failed{not_run}",
            "Summary",
            count(passed + failed, "case"),
            count(*cells, "cell"),
        )?;
        Ok(())
    }

    /// The last lines of a run that was interrupted: nothing of it is kept.
    pub fn interrupted(&mut self, summary: &Summary) {
        self.clear_progress();
        // The process is about to end; there is nobody to tell about a closed stderr.
        let _ = writeln!(self.err, " Interrupted no snapshot was written");
        let _ = self.figures(summary);
    }
}
