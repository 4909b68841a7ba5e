//! The catalogue: what each case says about each wasm target. The page and `cargo xtask find` show it.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::exit;
use crate::explain::recorded::{self, Recorded};
use crate::explain::rules::Rule;
use crate::model::case::{Case, DEFAULT_ROW};
use crate::model::cell::Position;
use crate::model::example::Example;
use crate::model::harm::Harm;
use crate::model::outcome::{End, Outcome};
use crate::model::target::Target;
use crate::model::verdict::Verdict;
use crate::snapshot::store::{self, Location};
use crate::snapshot::table::Table;
use crate::snapshot::verdicts;
use crate::support::escape::count;
use crate::workspace::Workspace;

/// The targets that are compared with native, in the order of [`Entry::findings`].
pub const WASM: [Target; 2] = [Target::Wasip1, Target::Wasip2];

/// The area of an example that does not name one.
pub const OTHER: &str = "Other";

/// A case with its accepted table, and what they say.
pub struct Entry<'a> {
    pub example: &'a Example,
    pub case: &'a Case,
    pub table: Table,
    /// What the case says about each of [`WASM`].
    pub findings: [Finding; 2],
}

/// What a case says about a target.
pub struct Finding {
    pub harm: Harm,
    /// The recorded rule that explains the difference.
    pub rule: Option<&'static Rule>,
    /// The one that explains what the target does without a grant, if the baseline has one.
    pub rule_without_grant: Option<&'static Rule>,
    /// The native line and the line that stands for it here, or what the target does instead. `None` if there is
    /// no difference that a line can show.
    pub difference: Option<Difference>,
    /// The flags of the rows other than the baseline in which the target does what native does. Empty if it does
    /// so in the baseline.
    pub same_with: Vec<String>,
    /// If the target does what native does in the baseline: flags with which it does not, and what it does then.
    pub differs_with: Vec<(String, Difference)>,
}

/// What differs, in two short texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What native does; empty if it does nothing there.
    pub native: String,
    /// What this target does; empty if it does nothing there.
    pub here: String,
}

/// What is recorded, and what is not yet.
pub struct Catalogue<'a> {
    /// All cases with a snapshot, by area: those of `Workspace::areas` first, and [`OTHER`] last.
    pub entries: Vec<Entry<'a>>,
    /// The ids of the cases without one.
    pub unrecorded: Vec<String>,
}

impl<'a> Catalogue<'a> {
    /// The examples of which a case is recorded.
    pub fn examples(&self) -> impl Iterator<Item = &'a Example> {
        let mut examples: Vec<_> = self.entries.iter().map(|entry| entry.example).collect();
        examples.dedup_by_key(|example| &example.name);
        examples.into_iter()
    }

    /// Says which cases are left out because they are not recorded yet, if there are any.
    pub fn note(&self) -> Option<String> {
        let (first, more) = self.unrecorded.split_first()?;
        let more =
            if more.is_empty() { String::new() } else { format!(" and {}", count(more.len(), "more case")) };
        Some(format!("note: without {first}{more}: not recorded yet"))
    }
}

/// Reads the catalogue from the accepted snapshots.
///
/// # Errors
/// If a snapshot cannot be read or is malformed, or if a case declares that it is silent on a target where that
/// cannot be true.
pub fn read<'a>(workspace: &Workspace, examples: &'a [Example]) -> Result<Catalogue<'a>> {
    let recorded = recorded::read(&workspace.snapshots())?;
    let mut catalogue = Catalogue { entries: Vec::new(), unrecorded: Vec::new() };
    for example in examples {
        for case in &example.cases {
            let location = Location::new(&workspace.snapshots(), &example.name, &case.name);
            match store::accepted(&location)? {
                Some(accepted) => {
                    catalogue.entries.push(entry(example, case, accepted.table)?.with_rules(&recorded));
                }
                None => catalogue.unrecorded.push(format!("{}/{}", example.name, case.name)),
            }
        }
    }
    sort(&mut catalogue.entries, &workspace.areas);
    Ok(catalogue)
}

/// Sorts entries by area: in the order of `areas`, then by name, and [`OTHER`] last.
pub fn sort(entries: &mut [Entry<'_>], areas: &[String]) {
    let rank = |area: &str| match area {
        OTHER => usize::MAX,
        _ => areas.iter().position(|known| known == area).unwrap_or(areas.len()),
    };
    entries.sort_by(|one, other| (rank(one.area()), one.area()).cmp(&(rank(other.area()), other.area())));
}

/// Returns what a case says with this accepted table.
///
/// # Errors
/// If the case declares that it is silent on a target where that cannot be true.
pub fn entry<'a>(example: &'a Example, case: &'a Case, table: Table) -> Result<Entry<'a>> {
    let findings = WASM.map(|target| finding(case, &table, target));
    let entry = Entry { example, case, table, findings };
    for target in &case.claims.silent {
        let position = entry.baseline(*target);
        let end = |position: &Position| entry.table.outcome(position).map(|drawn| drawn.outcome.end.clone());
        let succeeds = end(&position) == Some(End::Exit(0)) && end(&native()) == Some(End::Exit(0));
        let finding = &entry.findings[index(*target)];
        if !succeeds || finding.harm != Harm::Silent {
            let (file, id) = (format!("examples/{}/cases.toml", example.name), entry.id());
            let message = format!(
                "{file}: `{}` cannot be silent on {target}: in the row `{}` it does not end with exit code 0 as \
                 natively, or has the same data\n\
                 help: see the snapshot of {id}; remove the target from `silent`, or choose another `baseline`",
                case.name, position.row
            );
            return Err(exit::error(exit::USAGE, message));
        }
    }
    Ok(entry)
}

impl Entry<'_> {
    /// Returns the id of the case: `cat/sample`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.example.name, self.case.name)
    }

    pub fn area(&self) -> &str {
        self.example.area.as_deref().unwrap_or(OTHER)
    }

    /// Returns the worst that the case says about any target.
    pub fn harm(&self) -> Harm {
        self.findings.iter().map(|finding| finding.harm).min().unwrap_or(Harm::NotRun)
    }

    /// Returns the flags of the baseline, as the snapshot shows them; empty without flags.
    pub fn grant(&self) -> &str {
        let is_baseline = |(name, _): &(&str, &str)| *name == self.case.baseline();
        self.table.rows().find(is_baseline).map_or("", |(_, flags)| flags)
    }

    /// Adds the recorded rules.
    fn with_rules(mut self, recorded: &Recorded) -> Self {
        let id = self.id();
        for target in WASM {
            let of_row = |row: &str| recorded.get(&format!("{id}/{row}@{target}")).copied().flatten();
            let (baseline, finding) = (self.baseline(target).row, &mut self.findings[index(target)]);
            finding.rule = of_row(&baseline);
            finding.rule_without_grant = of_row(DEFAULT_ROW).filter(|_| baseline != DEFAULT_ROW);
        }
        self
    }

    /// Returns the position of the cell that says what the case says about a target.
    pub fn baseline(&self, target: Target) -> Position {
        baseline(self.case, &self.table, target)
    }
}

/// The index in [`WASM`] of a target.
fn index(target: Target) -> usize {
    usize::from(target == WASM[1])
}

fn native() -> Position {
    Position { row: DEFAULT_ROW.into(), column: Target::Native.to_string() }
}

/// The baseline of a case; a target without a cell there has the row `default`.
fn baseline(case: &Case, table: &Table, target: Target) -> Position {
    let position = |row: &str| Position { row: row.into(), column: target.to_string() };
    let baseline = position(case.baseline());
    if table.outcome(&baseline).is_some() { baseline } else { position(DEFAULT_ROW) }
}

fn finding(case: &Case, table: &Table, target: Target) -> Finding {
    let baseline = baseline(case, table, target);
    let at = |position: &Position| table.outcome(position).map(|drawn| &drawn.outcome);
    let verdict = verdicts::of_cell(table, &baseline);
    let harm = Harm::of(verdict.as_ref(), case.claims.silent.contains(&target));
    let mut finding = Finding {
        harm,
        rule: None,
        rule_without_grant: None,
        difference: None,
        same_with: Vec::new(),
        differs_with: Vec::new(),
    };
    let Some(here) = at(&baseline) else { return finding };
    finding.difference = verdict.and_then(|verdict| difference(at(&native()), here, &verdict));
    let flags: BTreeMap<&str, &str> = table.rows().collect();
    for row in case.rows.iter().filter(|row| row.name != baseline.row) {
        let position = Position { row: row.name.clone(), column: target.to_string() };
        let (Some(verdict), Some(outcome)) = (verdicts::of_cell(table, &position), at(&position)) else {
            continue;
        };
        let flags = flags.get(row.name.as_str()).copied().unwrap_or_default().to_string();
        match verdict {
            Verdict::Same if harm.is_harmful() && !flags.is_empty() => finding.same_with.push(flags),
            Verdict::NoBaseline | Verdict::Same => {}
            // That a program does less without a grant is no news.
            _ if harm == Harm::Same && !row.flags.is_empty() => {
                if let Some(difference) = difference(at(&native()), outcome, &verdict) {
                    finding.differs_with.push((flags, difference));
                }
            }
            _ => {}
        }
    }
    finding
}

/// Returns what differs in short, if there is something that a line can show.
pub fn difference(native: Option<&Outcome>, here: &Outcome, verdict: &Verdict) -> Option<Difference> {
    let end = |outcome: &Outcome| match first_line(outcome) {
        Some(line) => format!("{}: {line}", outcome.end.label()),
        None => outcome.end.label(),
    };
    match verdict {
        Verdict::Same | Verdict::Wording => None,
        Verdict::Build(what) => Some(Difference { native: String::new(), here: what.clone() }),
        Verdict::Abort(what) => {
            let native = native.map(|native| native.end.label()).filter(|label| label != "exit 0");
            let here = panic_message(here).map(|message| format!("panic, {}: {message}", here.end.label()));
            Some(Difference {
                native: native.unwrap_or_default(),
                here: here.unwrap_or_else(|| what.clone()),
            })
        }
        Verdict::Error(change) if native.is_some_and(|native| native.end != here.end) => {
            Some(Difference { native: change.native.clone(), here: end(here) })
        }
        Verdict::Error(change) | Verdict::Output { first: change, .. } => {
            Some(Difference { native: change.native.clone(), here: change.here.clone() })
        }
        Verdict::NoBaseline => Some(Difference { native: String::new(), here: end(here) }),
    }
}

/// The first line that an outcome shows: of an error, if there is one, or of its output.
fn first_line(outcome: &Outcome) -> Option<&str> {
    let lines = outcome.stderr.text.lines().chain(outcome.stdout.text.lines());
    let is_shown = |line: &&str| !line.trim().is_empty() && !line.starts_with("thread '");
    lines.filter(is_shown).map(str::trim).next()
}

/// The message of the last panic that an outcome shows: it is below the line that says where the panic was.
fn panic_message(outcome: &Outcome) -> Option<&str> {
    let lines: Vec<_> = outcome.stderr.text.lines().collect();
    let at =
        lines.iter().rposition(|line| line.starts_with("thread '") && line.contains("' panicked at "))?;
    lines.get(at + 1).copied().filter(|message| !message.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTCOMES: &str = "\n\nA  exit 0\n   stdout\n   │x\n\nB  exit 1\n   stderr\n   │no\n\nC  exit 0\n   stdout\n   │y\n\n\
         D  trap: wasm `unreachable` instruction executed\n   stderr\n   │\n   │thread 'main' panicked at src/main.rs:1:2:\n   │boom\n";

    /// A case with a row that grants and one with flags, and these letters.
    fn example(baseline: &str, silent: &[Target]) -> Example {
        let row = |name: &str, flags: &[&str]| crate::model::case::Row {
            name: name.into(),
            flags: flags.iter().map(ToString::to_string).collect(),
            ..Default::default()
        };
        let mut case = Case::plain("one");
        case.rows.extend([row("here", &[]), row("fuel", &["-W", "fuel=1"])]);
        case.claims.baseline = Some(baseline.into());
        case.claims.silent = silent.into();
        Example::with_cases("x", vec![case])
    }

    fn table(letters: [&str; 3]) -> Table {
        let [default, here, fuel] = letters.map(|row| row.split("").collect::<Vec<_>>().join(" "));
        let text = format!(
            "$ x\n native wasip1 wasip2 wasmtime flags\ndefault{default}\nhere ·{here} --dir=.\nfuel ·{fuel} -W fuel=1"
        );
        let used = |letter: &str| letters.concat().contains(letter);
        let blocks = OUTCOMES.trim_start().split("\n\n").filter(|block| used(&block[..1]));
        Table::parse(&(text + "\n\n" + &blocks.collect::<Vec<_>>().join("\n\n"))).unwrap()
    }

    #[track_caller]
    fn check(baseline: &str, letters: [&str; 3], harms: [Harm; 2]) -> [Finding; 2] {
        let example = example(baseline, &[]);
        let entry = entry(&example, &example.cases[0], table(letters)).unwrap();
        assert_eq!(entry.findings.each_ref().map(|finding| finding.harm), harms);
        entry.findings
    }

    fn difference(native: &str, here: &str) -> Option<Difference> {
        Some(Difference { native: native.into(), here: here.into() })
    }

    #[test]
    fn findings_are_those_of_the_baseline() {
        check("default", ["ABB", "AC", "AA"], [Harm::Error, Harm::Error]);
        let findings = check("here", ["ABB", "AC", "BB"], [Harm::Same, Harm::Output]);
        assert_eq!(findings[1].difference, difference("x", "y"));
        // That it fails without the grant is no news, but that it fails with the flag is.
        assert_eq!(
            findings[0].differs_with,
            [("-W fuel=1".into(), difference("exit 0", "exit 1: no").unwrap())]
        );
    }

    #[test]
    fn flags_that_help_and_messages_of_panics() {
        let findings = check("default", ["ADB", "AC", "AA"], [Harm::Abort, Harm::Error]);
        assert_eq!(findings[0].difference, difference("", "panic, trap: boom"));
        assert_eq!(findings[1].difference, difference("exit 0", "exit 1: no"));
        assert_eq!(findings[0].same_with, ["--dir=.", "-W fuel=1"]);
        assert_eq!(findings[1].same_with, ["-W fuel=1"]);
    }

    #[test]
    fn silence_must_be_possible() {
        let silent = |target| {
            let example = example("here", &[target]);
            entry(&example, &example.cases[0], table(["ABB", "AC", "AA"])).map(|entry| entry.harm())
        };
        assert_eq!(silent(Target::Wasip2).unwrap(), Harm::Silent);
        let error = silent(Target::Wasip1).unwrap_err().to_string();
        assert!(
            error.starts_with("examples/x/cases.toml: `one` cannot be silent on wasip1: in the row `here`"),
            "{error}"
        );
    }
}
