//! Draws the results of the tests of a package: the sums first, then the table, then what differs.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::target::Target;
use crate::report::package_tests::cause::{self, Cause};
use crate::report::package_tests::{Difference, Here, Native, Test, TestResults, Together, WithoutResult};
use crate::snapshot::table::letter;
use crate::support::escape::{count, indent, shell_word, shell_words};

/// How many tests with the same letters have a row each.
const MOST_ROWS: usize = 12;

/// How many tests show what they print, of those with the same letter.
const MOST_EXAMPLES: usize = 3;

/// How many tests are named that fail natively.
const MOST_NATIVE_FAILURES: usize = 5;

/// The most characters of a line with sums.
const LONGEST: usize = 100;

/// The most characters of a name in the table.
const WIDEST: usize = 60;

/// An outcome with a letter of its own. Tests with the same proven cause share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Passes,
    Needs(Vec<String>),
    Differs(Cause, String),
    Unknown,
}

impl Outcome {
    fn of(here: &Here) -> Outcome {
        match here {
            Here::Same => Outcome::Passes,
            Here::Needs(flags) => Outcome::Needs(flags.clone()),
            Here::Unknown => Outcome::Unknown,
            Here::Differs(Difference { cause, headline, .. }) => {
                let is_alone = *cause == cause::CANNOT_TELL || cause.is_of_build();
                Outcome::Differs(*cause, if is_alone { headline.clone() } else { String::new() })
            }
        }
    }
}

/// Draws everything.
pub fn draw(results: &TestResults) -> String {
    let targets: Vec<_> = results.targets.iter().map(|target| target.name()).collect();
    let profile = results.profile.as_ref().map(|profile| format!(" ({profile})")).unwrap_or_default();
    let mut text = format!("{}{profile}, the tests for native, {}\n", results.package, targets.join(", "));
    text.extend(results.built_with.iter().map(|one| format!("  Built with: {one}\n")));
    text.push('\n');
    text.push_str(&sums(results));
    text.push('\n');
    text.push_str(&native(results));
    text.push_str(&without_result(results));
    let letters = letters(results);
    text.push_str(&table(results, &letters));
    text.push_str(&legend(results, &letters));
    text.push_str(&lines_to_paste(results));
    text
}

/// A line for each target, such as `wasip1   142 tests: 121 the same; 9 need --dir=.`
fn sums(results: &TestResults) -> String {
    let mut text = String::new();
    let mut before: Option<(Target, String)> = None;
    for target in &results.targets {
        let sum = sum(results, *target);
        match &before {
            Some((same, shown)) if *shown == sum => {
                text.push_str(&format!("  {target}   the same as {same}\n"))
            }
            _ => {
                let start = format!("  {target}   ");
                text.push_str(&format!("{start}{}\n", wrapped(&sum, start.len())));
                before = Some((*target, sum));
            }
        }
    }
    text
}

/// What the compared tests do on a target, in a line.
pub fn sum(results: &TestResults, target: Target) -> String {
    let mut same = 0;
    let mut needs: BTreeMap<&[String], usize> = BTreeMap::new();
    let mut differ: BTreeMap<Cause, usize> = BTreeMap::new();
    let (mut all, mut unknown) = (0, 0);
    for here in results.compared().filter_map(|test| test.here.get(&target)) {
        all += 1;
        match here {
            Here::Same => same += 1,
            Here::Needs(flags) => *needs.entry(flags).or_default() += 1,
            Here::Differs(difference) => *differ.entry(difference.cause).or_default() += 1,
            Here::Unknown => unknown += 1,
        }
    }
    let mut parts = vec![format!("{same} the same")];
    let mut needs: Vec<_> = needs.into_iter().collect();
    needs.sort_by_key(|(flags, number)| (std::cmp::Reverse(*number), flags.len()));
    parts.extend(needs.iter().map(|(flags, number)| {
        format!(
            "{number} {} {}",
            if *number == 1 { "needs" } else { "need" },
            shell_words(flags.iter().map(String::as_str))
        )
    }));
    let mut differ: Vec<_> = differ.into_iter().collect();
    differ.sort_by_key(|(cause, number)| (*cause == cause::CANNOT_TELL, std::cmp::Reverse(*number)));
    parts.extend(
        differ.iter().map(|(cause, number)| format!("{number} {}", cause.does[usize::from(*number > 1)])),
    );
    parts.extend((unknown > 0).then(|| format!("{unknown} without a result")));
    format!("{}: {}", count(all, "test"), parts.join("; "))
}

/// The tests that are not compared because of what they do natively.
fn native(results: &TestResults) -> String {
    let ignored = results.tests.iter().filter(|test| test.native == Native::Ignored).count();
    let failed: Vec<_> = results
        .tests
        .iter()
        .filter_map(|test| match &test.native {
            Native::Failed(headline) => Some((test, headline)),
            Native::Passed | Native::Ignored | Native::Unknown => None,
        })
        .collect();
    let mut text = String::new();
    if ignored > 0 || !failed.is_empty() {
        let mut parts = Vec::new();
        parts.extend((ignored > 0).then(|| format!("{ignored} ignored")));
        parts.extend((!failed.is_empty()).then(|| format!("{} failing", failed.len())));
        text.push_str(&format!("  Not compared, because of what they do natively: {}\n", parts.join(", ")));
        for (test, headline) in failed.iter().take(MOST_NATIVE_FAILURES) {
            text.push_str(&format!("    {}: {headline}\n", test.id()));
        }
        text.push('\n');
    }
    if !results.own_harness.is_empty() {
        let names = results.own_harness.join(", ");
        text.push_str(&format!("  Run as one test each, because of harness = false: {names}\n\n"));
    }
    text
}

/// What the harness could not find out, each with the first line of the reason.
fn without_result(results: &TestResults) -> String {
    if results.without_result.is_empty() {
        return String::new();
    }
    let line =
        |one: &WithoutResult| format!("    {}: {}\n", one.id(), one.why.lines().next().unwrap_or_default());
    let lines: String = results.without_result.iter().map(line).collect();
    format!("  Without a result, so this says nothing about them:\n{lines}\n")
}

/// Gives each outcome a letter, in the order of the table.
fn letters(results: &TestResults) -> BTreeMap<Outcome, String> {
    let mut outcomes = vec![Outcome::Passes];
    for (heres, _) in rows(results) {
        for outcome in heres {
            if !outcomes.contains(&outcome) {
                outcomes.push(outcome);
            }
        }
    }
    outcomes.into_iter().enumerate().map(|(index, outcome)| (outcome, letter(index))).collect()
}

/// The compared tests by what they do on each target: what needs flags before what differs.
fn rows(results: &TestResults) -> Vec<(Vec<Outcome>, Vec<&Test>)> {
    let mut rows: BTreeMap<Vec<Outcome>, Vec<&Test>> = BTreeMap::new();
    for test in results.compared() {
        rows.entry(test.here.values().map(Outcome::of).collect()).or_default().push(test);
    }
    rows.into_iter().collect()
}

fn table(results: &TestResults, letters: &BTreeMap<Outcome, String>) -> String {
    let mut lines: Vec<(String, &[Outcome])> = Vec::new();
    let rows = rows(results);
    for (outcomes, tests) in &rows {
        if outcomes.iter().all(|outcome| *outcome == Outcome::Passes) {
            lines.push((format!("({} that are the same)", count(tests.len(), "test")), outcomes));
            continue;
        }
        lines.extend(tests.iter().take(MOST_ROWS).map(|test| (shortened(&test.id()), outcomes.as_slice())));
        if tests.len() > MOST_ROWS {
            lines.push((format!("(and {} more)", tests.len() - MOST_ROWS), outcomes));
        }
    }
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let mut text = format!("{:width$}  native", "");
    for target in &results.targets {
        text.push_str(&format!("  {target}"));
    }
    text.push('\n');
    for (name, outcomes) in lines {
        let mut line = format!("{name:width$}     {:<4}", letter(0));
        for outcome in outcomes {
            line.push_str(&format!("   {:<5}", letters[outcome]));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(WIDEST) {
        None => name.into(),
        Some((at, _)) => format!("{}…", &name[..at]),
    }
}

/// What the letters mean, and what some tests print.
fn legend(results: &TestResults, letters: &BTreeMap<Outcome, String>) -> String {
    let mut by_letter: Vec<_> = letters.iter().collect();
    by_letter.sort_by_key(|(_, letter)| (letter.len(), (*letter).clone()));
    let mut text = String::new();
    for (outcome, letter) in by_letter {
        text.push('\n');
        match outcome {
            Outcome::Passes => text.push_str(&format!("{letter}  passes\n")),
            Outcome::Unknown => text.push_str(&format!("{letter}  has no result\n")),
            Outcome::Needs(flags) => {
                text.push_str(&format!(
                    "{letter}  passes with {}\n",
                    shell_words(flags.iter().map(String::as_str))
                ));
            }
            Outcome::Differs(cause, headline) => {
                text.push_str(&format!("{letter}  {}  [{}]\n", cause.does[0], cause.id));
                if cause.is_of_build() {
                    text.push_str(&format!("   {headline}\n"));
                }
                for (id, shown) in examples(results, outcome) {
                    text.push_str(&format!("   {id}\n{}", indent(&shown, "   │")));
                }
            }
        }
    }
    text
}

/// Some tests with this outcome, with what they print.
fn examples(results: &TestResults, outcome: &Outcome) -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    for test in results.compared() {
        for here in test.here.values().filter(|here| Outcome::of(here) == *outcome) {
            if let Here::Differs(difference) = here
                && examples.len() < MOST_EXAMPLES
                && !difference.text.is_empty()
                && !examples.iter().any(|(_, text)| *text == difference.text)
                && !examples.iter().any(|(id, _)| *id == test.id())
            {
                examples.push((test.id(), difference.text.clone()));
            }
        }
    }
    examples
}

/// How a user runs the tests with the flags that help the most.
fn lines_to_paste(results: &TestResults) -> String {
    let mut text = String::new();
    let all = results.compared().count();
    let (mut said, mut stops) = (String::new(), false);
    for (target, Together { flags, passed }) in results.together.iter().filter(|(_, it)| !it.flags.is_empty())
    {
        let helped = format!("With the flags of all of them, {passed} of {all} pass");
        if said != helped {
            text.push_str(&format!("\n  {helped} on {target}:\n"));
            said = helped;
        }
        let triple = target.wasm_triple().unwrap_or_default();
        let runner: Vec<_> = [results.host.as_str(), "run"]
            .into_iter()
            .chain(flags.iter().map(String::as_str))
            .map(|word| Value::from(word).to_string())
            .collect();
        // Words in the variable CARGO_TARGET_…_RUNNER cannot contain spaces.
        let runner = shell_word(&format!("target.{triple}.runner=[{}]", runner.join(", ")));
        let profile = results.profile.as_ref().map(|profile| format!(" --profile {}", shell_word(profile)));
        let profile = profile.unwrap_or_default();
        text.push_str(&format!("  cargo test --target {triple}{profile} --config {runner}\n"));
        let fails = |here: &Here| matches!(here, Here::Differs(it) if !it.cause.is_left_out() && !it.cause.is_of_build());
        stops |= results.compared().filter_map(|test| test.here.get(target)).any(fails);
    }
    if stops {
        text.push_str(
            "  There, cargo runs all tests of a binary in one process, and the first that fails ends it:\n  \
             leave out those that fail, with `-- --skip NAME`\n",
        );
    }
    text
}

/// Breaks a line behind a semicolon where it becomes longer than [`LONGEST`], and indents what follows.
fn wrapped(line: &str, indent: usize) -> String {
    let mut text = String::new();
    let mut width = indent;
    for part in line.split_inclusive("; ") {
        let own = part.chars().count();
        if width > indent && width + own > LONGEST {
            text.truncate(text.trim_end().len());
            text.push_str(&format!("\n{:indent$}", ""));
            width = indent;
        }
        text.push_str(part);
        width += own;
    }
    text
}
