//! The report for users, on stderr.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use similar::{ChangeTag, TextDiff};

use crate::build::cargo::{Artifact, Built};
use crate::environment::Environment;
use crate::explain::recorded;
use crate::model::column::Column;
use crate::model::needs;
use crate::model::outcome::End;
use crate::report::json;
use crate::report::page::file::{self, Update};
use crate::report::results::{CaseResult, CaseStatus, CellResult, Summary};
use crate::snapshot::compare::{self, SnapshotPolicy, Status};
use crate::snapshot::store::UpdateMode;
use crate::support::escape::{count, indent, shell_words, visible, without_controls};
use crate::support::terminal::{self, Stderr};
use crate::workspace::Workspace;

/// The options of the report.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub format: Format,
    /// If it is `None`, environment variables and the terminal decide.
    pub color: Option<Color>,
    /// Whether to show each cell with its command line.
    pub verbose: bool,
    /// Whether to show only failures and the summary.
    pub quiet: bool,
    /// Whether the programs print to the same terminal.
    pub no_capture: bool,
    /// If set, it replaces the timeouts of all cases.
    pub timeout: Option<Duration>,
}

/// The format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Human,
    Json,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Format] {
        &[Format::Human, Format::Json]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Format::Human => PossibleValue::new("human").help("Text on stderr"),
            Format::Json => PossibleValue::new("json").help("One JSON object per line on stdout"),
        })
    }
}

/// When to use colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Auto,
    Always,
    Never,
}

impl ValueEnum for Color {
    fn value_variants<'a>() -> &'a [Color] {
        &[Color::Auto, Color::Always, Color::Never]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Color::Auto => "auto",
            Color::Always => "always",
            Color::Never => "never",
        }))
    }
}

/// Prints a report while cells run.
pub struct Report {
    err: Stderr,
    json: bool,
    verbose: bool,
    quiet: bool,
    /// Whether to draw a line with the progress. The lines of cases that pass are not printed then.
    progress: bool,
    /// The width of the terminal, if there is one.
    width: Option<usize>,
    /// Whether `cargo insta` can be run.
    has_insta: bool,
    timeout: Option<Duration>,
    started: Instant,
}

/// How many examples are named that a filter matched.
const MOST_EXAMPLES: usize = 12;

/// How many examples are named that are to be checked next.
const MOST_TO_CHECK: usize = 3;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

fn colored(color: AnsiColor) -> Style {
    color.on_default()
}

impl Report {
    /// Starts a report, and its clock.
    pub fn new(options: Options, env: &Environment) -> Report {
        let colors = match (options.color, env.cargo_term_color.as_deref()) {
            (Some(Color::Always), _) | (None, Some("always")) => Some(true),
            (Some(Color::Never), _) | (None, Some("never")) => Some(false),
            _ => None,
        };
        let json = options.format == Format::Json;
        Report {
            err: terminal::stderr(colors),
            json,
            verbose: options.verbose,
            quiet: options.quiet,
            progress: terminal::is_watched() && !json && !options.no_capture && !env.ci,
            width: terminal::width(),
            has_insta: env.which("cargo-insta").is_some(),
            timeout: options.timeout,
            started: Instant::now(),
        }
    }

    /// Draws the progress if stderr is a terminal. `done` and `all` are numbers of cells.
    pub fn progress(&self, done: usize, all: usize) {
        if self.progress {
            let seconds = self.started.elapsed().as_secs_f32();
            terminal::replace_line(&format!("     Running [{seconds:>8.3}s] {done}/{all} cells"));
        }
    }

    /// Draws the progress of the second run of what is about to be recorded.
    pub fn confirming(&self, done: usize, all: usize) {
        if self.progress {
            let seconds = self.started.elapsed().as_secs_f32();
            terminal::replace_line(&format!("  Confirming [{seconds:>8.3}s] {done}/{all} cells"));
        }
    }

    /// Draws that the rules of so many cells are looked for.
    pub fn explaining(&self, cells: usize) {
        if self.progress {
            let seconds = self.started.elapsed().as_secs_f32();
            terminal::replace_line(&format!("  Explaining [{seconds:>8.3}s] {}", count(cells, "cell")));
        }
    }

    fn clear_progress(&self) {
        if self.progress {
            terminal::replace_line("");
        }
    }

    /// Reports the result of a case.
    ///
    /// # Errors
    /// If stderr or stdout cannot be written to.
    pub fn case(&mut self, result: &CaseResult<'_>) -> Result<()> {
        if self.json {
            return json::case(result);
        }
        let passed = result.status() == CaseStatus::Pass;
        if self.quiet && !result.failed() || self.progress && !self.verbose && passed {
            return Ok(());
        }
        self.clear_progress();
        self.line(result)?;
        self.refusals(result)?;
        if self.verbose {
            for cell in &result.cells {
                let letter = result.comparison.table.letter(&cell.cell.position());
                let end = cell.outcome.text().lines().next().unwrap_or_default();
                let seconds = cell.took.as_secs_f32();
                let line = format!("       {letter:>5} [{seconds:>8.3}s] {}  {end}", cell.cell.id());
                self.styled_line(DIM, &line)?;
                if let Some(typed) = &cell.typed {
                    self.styled_line(DIM, &format!("                           $ {typed}"))?;
                }
            }
        }
        Ok(())
    }

    /// Warns of rows that the host has refused on every target and that were not recorded before. That may be
    /// what the case is about, but more often a flag is misspelled.
    fn refusals(&mut self, result: &CaseResult<'_>) -> Result<()> {
        let mut rows = BTreeSet::new();
        for cell in result.differing() {
            let End::Refused(reason) = &cell.outcome.outcome.end else { continue };
            let row = &cell.cell.row.name;
            let is_refused = |end: &End| matches!(end, End::Refused(_));
            let mut same_row = result.cells.iter().filter(|other| other.cell.row.name == *row);
            if same_row.all(|other| is_refused(&other.outcome.outcome.end)) && rows.insert(row) {
                self.word("warning", AnsiColor::Yellow)?;
                writeln!(self.err, " row `{row}` was refused before the program started: {reason}")?;
            }
        }
        Ok(())
    }

    /// Prints the line of a case: its status, time, name and letters.
    fn line(&mut self, result: &CaseResult<'_>) -> Result<()> {
        let (word, color) = label(result.status());
        let letters = match result.is_broken() {
            true => "does not compile".into(),
            false => result.comparison.table.row_of_letters(),
        };
        let seconds = result.took().as_secs_f32();
        let (example, case) = result.names();
        self.word(word, color)?;
        write!(self.err, " [{seconds:>8.3}s] ")?;
        self.err.styled(BOLD, example)?;
        writeln!(self.err, "/{case}  {letters}")?;
        Ok(())
    }

    /// Prints the word with which a line begins.
    fn word(&mut self, word: &str, color: AnsiColor) -> Result<()> {
        Ok(self.err.styled(colored(color).bold(), format_args!("{word:>12}"))?)
    }

    /// Prints a line in one style.
    fn styled_line(&mut self, style: Style, line: &str) -> Result<()> {
        self.err.styled(style, line)?;
        writeln!(self.err)?;
        Ok(())
    }

    /// Reports the failed cases in detail, each with its difference and the commands to rerun and accept it.
    ///
    /// # Errors
    /// If stderr cannot be written to.
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
        self.broken(results, built, workspace)?;
        for result in results.iter().filter(|result| result.failed() && !result.is_broken()) {
            let about = result.cells[0].cell.case.about.as_deref();
            let about = about.map(|about| format!(": {about}")).unwrap_or_default();
            writeln!(self.err)?;
            self.err.styled(BOLD, result.id())?;
            writeln!(self.err, "{about}")?;
            let table = &result.comparison.table;
            writeln!(self.err, "  {}   ({})", table.row_of_letters(), table.legend())?;
            self.unsteady(result)?;
            self.build_errors(result, built)?;
            self.difference(result, workspace)?;
            self.stopped(result)?;
            self.commands(result, &workspace.columns)?;
        }
        Ok(())
    }

    /// Prints the errors of the compiler about examples that do not compile natively, each example once. What
    /// its cases would show is not printed: all of it follows from these errors.
    fn broken(&mut self, results: &[CaseResult<'_>], built: &Built, workspace: &Workspace) -> Result<()> {
        let broken: Vec<_> = results.iter().filter(|result| result.is_broken()).collect();
        for cases in broken.chunk_by(|one, other| one.names().0 == other.names().0) {
            let example = &cases[0].cells[0].cell.example.name;
            let units: BTreeSet<_> = cases.iter().flat_map(|case| &case.unbuilt).collect();
            let errors: BTreeSet<_> = units.iter().filter_map(|unit| built.failure(unit)).collect();
            for failure in errors {
                writeln!(self.err, "\n{}", failure.rendered.trim_end())?;
            }
            let targets: BTreeSet<_> = units.iter().map(|unit| unit.target.name()).collect();
            let targets = targets.into_iter().collect::<Vec<_>>().join(" and ");
            writeln!(self.err)?;
            self.err.styled(colored(AnsiColor::Red).bold(), "error")?;
            writeln!(
                self.err,
                ": the example `{example}` does not compile for {targets}, so nothing of {} is recorded",
                count(cases.len(), "case"),
            )?;
            let file = workspace.show(&workspace.examples().join(example).join("cases.toml"));
            writeln!(
                self.err,
                "  help: correct the program; if a case is about this error, add to it in {file}: builds = false"
            )?;
        }
        Ok(())
    }

    /// Prints the cells whose outcomes differ between repetitions.
    fn unsteady(&mut self, result: &CaseResult<'_>) -> Result<()> {
        for cell in &result.cells {
            let Some(other) = &cell.unsteady else { continue };
            writeln!(self.err, "\n  {} differs between two runs, so it is not recorded:\n", cell.cell.id())?;
            self.diff(cell.outcome.text(), other.text())?;
        }
        if !result.is_steady() {
            let file = format!("examples/{}/cases.toml", result.names().0);
            writeln!(
                self.err,
                "\n  help: print no such values, or hide them in {file}: redact = [{{ pattern = \"…\", with = \"…\" }}]"
            )?;
        }
        Ok(())
    }

    /// Prints how a case differs from its snapshot.
    fn difference(&mut self, result: &CaseResult<'_>, workspace: &Workspace) -> Result<()> {
        let comparison = &result.comparison;
        let file = workspace.show(&comparison.snapshot);
        match comparison.status {
            Status::Agrees => {}
            Status::New => {
                writeln!(self.err, "\n  {file} does not exist yet; it would contain:\n")?;
                for line in indent(&comparison.now, "    ").lines() {
                    writeln!(self.err, "{}", self.cut(line))?;
                }
            }
            Status::Differs => {
                let changed = compare::changes(&comparison.differing);
                match changed.is_empty() {
                    true => writeln!(self.err, "\n  the case was edited after {file} was recorded:\n")?,
                    false => writeln!(self.err, "\n  differs from {file}: {}\n", changed.join(", "))?,
                }
                if comparison.before == comparison.now {
                    writeln!(self.err, "    only the description (`about`) or the marks of lines differ")?;
                }
                self.diff(&comparison.before, &comparison.now)?;
            }
        }
        Ok(())
    }

    /// Says what to do about cells that were killed at their deadline, and are not recorded so.
    fn stopped(&mut self, result: &CaseResult<'_>) -> Result<()> {
        let is_stopped = |cell: &&CellResult<'_>| cell.outcome.outcome.end == End::TimedOut;
        let Some(cell) = result.differing().find(is_stopped) else { return Ok(()) };
        let (example, timeout) = (result.names().0, self.timeout.unwrap_or(cell.cell.case.timeout));
        writeln!(
            self.err,
            "\n  help: it was ended after {timeout:?}; if it is slow, and does not hang, give it more with --timeout, \
             or always with `timeout` in examples/{example}/cases.toml"
        )?;
        Ok(())
    }

    /// Prints the lines that differ, with three lines of context.
    fn diff(&mut self, before: &str, now: &str) -> Result<()> {
        // A carriage return would end a line here.
        let (before, now) = (without_controls(before), without_controls(now));
        let diff = TextDiff::from_lines(&*before, &*now);
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
                // A line that has changed is never cut, as it may differ at its end.
                let line = match change.tag() {
                    ChangeTag::Equal => self.cut(line.trim_end()),
                    ChangeTag::Delete | ChangeTag::Insert => line.trim_end().to_string(),
                };
                self.styled_line(style, &line)?;
            }
        }
        Ok(())
    }

    /// Returns a line as wide as the terminal at most. The flags of a row would break the table if they were
    /// wrapped.
    fn cut(&self, line: &str) -> String {
        match self.width {
            Some(width) if line.chars().count() > width => {
                line.chars().take(width.saturating_sub(1)).chain(['…']).collect()
            }
            _ => line.to_string(),
        }
    }

    /// Prints the complete compiler errors of cells that differ because they do not build.
    fn build_errors(&mut self, result: &CaseResult<'_>, built: &Built) -> Result<()> {
        let ids = result.differing_ids();
        let is_unbuilt = |end: &End| matches!(end, End::DoesNotBuild(_));
        let unbuilt = result
            .cells
            .iter()
            .filter(|cell| is_unbuilt(&cell.outcome.outcome.end) && ids.contains(&cell.cell.id()));
        let errors: BTreeSet<_> = unbuilt
            .flat_map(|cell| needs::units(&cell.cell))
            .filter_map(|unit| match built.artifacts.get(&unit)? {
                Artifact::Failed(failure) => Some(failure.rendered.as_str()),
                Artifact::Built(_) | Artifact::Unknown(_) => None,
            })
            .collect();
        for error in errors {
            writeln!(self.err, "\n{}", indent(error.trim_end(), "    ").trim_end())?;
        }
        Ok(())
    }

    /// Prints the commands to rerun and to accept a case.
    fn commands(&mut self, result: &CaseResult<'_>, columns: &[Column]) -> Result<()> {
        let ids = result.differing_ids();
        // Use the id of the case if that selects no cells that this run left out.
        let whole = result.is_whole(columns) && (ids.len() > 4 || ids.len() == result.cells.len());
        let whole = whole || ids.is_empty();
        let ids = if whole { vec![result.id()] } else { ids };
        let ids = shell_words(ids.iter().map(String::as_str));
        writeln!(self.err, "\n  rerun:   cargo xtask test --exact {ids}")?;
        if result.is_steady() {
            writeln!(self.err, "  accept:  cargo xtask test --accept --exact {ids}")?;
        }
        Ok(())
    }

    /// Prints the last lines of a run that was not interrupted. `ambiguous` are the filters that matched several
    /// examples, with the names of these examples.
    ///
    /// # Errors
    /// If stderr or stdout cannot be written to.
    pub fn summary(
        &mut self,
        summary: &Summary,
        ambiguous: &[(String, Vec<&str>)],
        policy: SnapshotPolicy,
    ) -> Result<()> {
        if self.json {
            return json::summary(summary, self.started.elapsed());
        }
        self.clear_progress();
        for orphan in &summary.orphans {
            let (word, color) = match policy.prune {
                true => ("PRUNED", AnsiColor::Green),
                false if summary.orphans_fail(policy) => ("ORPHAN", AnsiColor::Red),
                false => ("ORPHAN", AnsiColor::Yellow),
            };
            self.word(word, color)?;
            writeln!(self.err, " {orphan}")?;
        }
        if !summary.orphans.is_empty() && !policy.prune {
            writeln!(
                self.err,
                "             these belong to no case any more; remove them: cargo xtask test --prune"
            )?;
        }
        if let Some(difference) = &summary.rules {
            self.word("UPDATED", AnsiColor::Green)?;
            writeln!(self.err, " snapshots/{}\n{difference}", recorded::NAME)?;
        }
        match &summary.page {
            Update::Unnecessary => {}
            Update::Updated(pages) => {
                for page in pages {
                    self.word("UPDATED", AnsiColor::Green)?;
                    writeln!(self.err, " {page}")?;
                }
            }
            Update::Impossible => writeln!(
                self.err,
                "             {} could not be updated; to see why: cargo xtask divergences",
                file::NAME
            )?,
        }
        self.figures(summary)?;
        for (filter, examples) in ambiguous {
            let (shown, more) = examples.split_at(examples.len().min(MOST_EXAMPLES));
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            let shown = shown.join(", ");
            writeln!(
                self.err,
                "             `{filter}` matched {}: {shown}{more}",
                count(examples.len(), "example")
            )?;
        }
        if summary.failed > summary.broken && policy.update == UpdateMode::Pending {
            let review = if self.has_insta { "; review one by one: cargo insta review" } else { "" };
            writeln!(
                self.err,
                "     Pending differences are kept beside the snapshots as .snap.new{review}"
            )?;
        }
        self.next(summary)
    }

    /// Prints what is next after something was accepted.
    fn next(&mut self, summary: &Summary) -> Result<()> {
        let examples: Vec<_> = summary.accepted_examples.iter().map(String::as_str).collect();
        let examples = match examples.len() {
            0 => return Ok(()),
            1..=MOST_TO_CHECK => format!(" {}", examples.join(" ")),
            _ => String::new(),
        };
        writeln!(self.err, "        next: cargo xtask ci{examples}, which runs what CI checks")?;
        Ok(())
    }

    /// Prints the line with the numbers of cases and cells.
    fn figures(&mut self, summary: &Summary) -> Result<()> {
        let color = if summary.failed == 0 && summary.without_outcome == 0 {
            AnsiColor::Green
        } else {
            AnsiColor::Red
        };
        let seconds = self.started.elapsed().as_secs_f32();
        let Summary { passed, failed, accepted, cells, without_outcome, not_run, .. } = summary;
        let accepted = if *accepted > 0 { format!(" ({accepted} newly accepted)") } else { String::new() };
        let not_run = if *not_run > 0 { format!(", {not_run} not run") } else { String::new() };
        let without_outcome = match without_outcome {
            0 => String::new(),
            _ => format!(", {} without an outcome", count(*without_outcome, "cell")),
        };
        self.word("Summary", color)?;
        writeln!(
            self.err,
            " [{seconds:>8.3}s] {} ({}): {passed} passed{accepted}, {failed} failed{without_outcome}{not_run}",
            count(passed + failed, "case"),
            count(*cells, "cell"),
        )?;
        Ok(())
    }

    /// Prints why a cell has no outcome.
    pub fn without_outcome(&mut self, cell: &str, why: &str) {
        self.clear_progress();
        // As in `interrupted`, an error is ignored: the exit code tells the same.
        let _ = writeln!(self.err, "error: {cell}: {}", visible(why.as_bytes()));
    }

    /// Prints the last lines of a run that was interrupted, which writes no snapshot.
    pub fn interrupted(&mut self, summary: &Summary) {
        self.clear_progress();
        // The process is about to end, so an error such as a closed stderr is ignored.
        let _ = writeln!(self.err, " Interrupted no snapshot was written");
        let _ = self.figures(summary);
    }
}

/// The word for a status, and its color.
fn label(status: CaseStatus) -> (&'static str, AnsiColor) {
    match status {
        CaseStatus::Pass => ("PASS", AnsiColor::Green),
        CaseStatus::Fail => ("FAIL", AnsiColor::Red),
        CaseStatus::New => ("NEW", AnsiColor::Yellow),
        CaseStatus::Accepted => ("ACCEPTED", AnsiColor::Green),
        CaseStatus::Unsteady => ("UNSTEADY", AnsiColor::Red),
        CaseStatus::Broken => ("BROKEN", AnsiColor::Red),
    }
}
