//! The text of an answer.

use std::collections::BTreeSet;

use crate::build::artifacts::Files;
use crate::cli::CheckArgs;
use crate::commands::check::next::{self, Place};
use crate::commands::check::run::{Checked, TRIED, wasm};
use crate::commands::check::subject::{Origin, Subject, names};
use crate::commands::grants::flags;
use crate::explain::evidence::Explained;
use crate::model::case::DEFAULT_ROW;
use crate::model::cell::Position;
use crate::model::column::Column;
use crate::model::grant::Grant;
use crate::model::harm::Harm;
use crate::model::target::Target;
use crate::model::verdict::Verdict;
use crate::report::catalogue::{self, Difference};
use crate::report::why;
use crate::session::minimize::Answer;
use crate::snapshot::format::Drawn;
use crate::snapshot::table::Table;
use crate::snapshot::verdicts;
use crate::support::escape::{count, shell_word};

/// Draws what was checked, and how it was compiled if that is not as usual.
pub fn title(subject: &Subject) -> String {
    let (profile, used) = match &subject.origin {
        Origin::Package(program) => (format!(" ({})", program.profile()), built_with(&program.project.used)),
        Origin::Files(_) => (String::new(), String::new()),
    };
    format!("{}{profile}, for {}\n{used}\n", subject.title, names(&subject.targets))
}

/// Draws what a package was compiled with, beyond the defaults.
pub fn built_with(used: &[String]) -> String {
    used.iter().map(|one| format!("  Built with: {one}\n")).collect()
}

/// Draws what a case has shown: the answer first, then the evidence.
pub fn case(checked: &Checked, args: &CheckArgs, place: &Place<'_>) -> String {
    let Checked { case, table, answers, .. } = checked;
    let mut text = String::new();
    if args.cases.is_some() {
        let about = case.about.as_ref().map(|about| format!(": {about}")).unwrap_or_default();
        text.push_str(&format!("{}{about}\n", case.name));
    }
    for target in wasm(case) {
        text.push_str(&format!("  {target}   {}\n", verdict(table, *target, answers.get(target))));
    }
    text.push_str(&next::not_allowed(checked, &args.allowed));
    text.push('\n');
    text.push_str(&table.draw());
    text.push_str(&why(checked, args.trace));
    text.push_str(&next::lines_to_run(checked, args, place));
    let grants = answers.values().filter_map(|answer| answer.grant.as_ref().or(answer.as_far.as_ref()));
    for warning in grants.flat_map(Grant::warnings).collect::<BTreeSet<_>>() {
        text.push_str(&format!("\n  Warning: {warning}\n"));
    }
    text
}

/// Draws why the program differs: each explanation once, with the targets that have it.
fn why(checked: &Checked, all_calls: bool) -> String {
    let mut text = String::new();
    if all_calls {
        for explained in &checked.explained {
            text.push_str(&format!("\n{}", why::draw(explained, checked.native.as_ref(), true)));
        }
        return text;
    }
    let is_helped = |explained: &Explained| {
        checked.answers.get(&explained.target).is_some_and(|answer| answer.grant.is_some())
    };
    // Why a flag is needed, and why none helps. What a program does without the flags that were tried is of interest
    // only if nothing is known about what it does with them.
    let is_tried = |explained: &Explained| explained.id.contains(&format!("/{TRIED}@"));
    let is_told = |target: Target| {
        let mut of_target =
            checked.explained.iter().filter(|other| other.target == target && is_tried(other));
        of_target.any(|other| other.explanation.is_some())
    };
    let of_interest: Vec<_> = checked
        .explained
        .iter()
        .filter(|explained| match checked.answers.contains_key(&explained.target) {
            true if is_helped(explained) => true,
            true if is_tried(explained) => is_told(explained.target) || !has_other(checked, explained),
            true => explained.explanation.is_some() && !is_told(explained.target),
            false => true,
        })
        .collect();
    let shown = |explained: &Explained| match &explained.explanation {
        Some(explanation) => why::rule(explanation),
        None => {
            "Cannot tell: no rule is proven by what was observed. --trace shows all calls of WASI.\n".into()
        }
    };
    // The text of each, and what differs on each of its targets.
    let mut groups: Vec<(String, Vec<(&str, String)>, &Explained)> = Vec::new();
    for explained in of_interest {
        let shown = shown(explained);
        let differs = |explained: &Explained| (explained.target.name(), why::difference(explained));
        let rule =
            |explained: &Explained| explained.explanation.as_ref().map(|explanation| explanation.rule.id);
        let is_same =
            |other: &Explained| rule(other) == rule(explained) && is_helped(other) == is_helped(explained);
        match groups.iter_mut().find(|(_, _, other)| is_same(other)) {
            Some((text, targets, _)) => {
                targets.push(differs(explained));
                // One target may tell more than the other, such as the path of a call.
                if shown.len() > text.len() {
                    *text = shown;
                }
            }
            None => groups.push((shown, vec![differs(explained)], explained)),
        }
    }
    for (shown, targets, explained) in groups {
        let is_built = checked.answers.contains_key(&explained.target);
        let how = match (is_built, explained.id.contains(&format!("/{TRIED}@"))) {
            (true, true) => "with all flags that were tried",
            (true, false) => "without flags",
            (false, _) if targets.len() == 1 => "does not compile",
            (false, _) => "do not compile",
        };
        let names: Vec<_> = targets.iter().map(|(target, _)| *target).collect();
        let differences = match &targets[..] {
            [(_, first), others @ ..] if others.iter().all(|(_, other)| other == first) => first.clone(),
            targets => {
                let named = targets.iter().map(|(target, difference)| format!("{target}: {difference}"));
                named.collect::<Vec<_>>().join("; ")
            }
        };
        let comma = if is_built { "," } else { "" };
        text.push_str(&format!("\nWhy{comma} {} {how} ({differences}):\n\n{shown}", names.join(" and ")));
    }
    text
}

/// Whether another explanation of the same target names a rule.
fn has_other(checked: &Checked, explained: &Explained) -> bool {
    let is_other = |other: &&Explained| other.target == explained.target && other.id != explained.id;
    checked.explained.iter().filter(is_other).any(|other| other.explanation.is_some())
}

/// Draws where the compiled programs are for which no line was drawn that runs them.
pub fn files(subject: &Subject, checked: &[Checked], files: &Files) -> String {
    let has_line = |target: &Target| {
        let helped = |one: &Checked| one.answers.get(target).is_some_and(|answer| answer.grant.is_some());
        checked.iter().any(helped)
    };
    let wasm = subject.targets.iter().filter(|target| target.is_wasm() && !has_line(target));
    let file = |target: &Target| files.get(&Column::pinned(*target).unit(&subject.name));
    let line =
        |target: &Target| Some(format!("  {target}:  {}\n", shell_word(&file(target)?.to_string_lossy())));
    let lines: String = wasm.filter_map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// Draws how many of several cases agree.
pub fn sum(checked: &[Checked]) -> String {
    let agree = checked.iter().filter(|checked| checked.agrees()).count();
    format!("{}: {agree} the same, {} different\n", count(checked.len(), "case"), checked.len() - agree)
}

/// What the runs say about a target, on one line.
fn verdict(table: &Table, target: Target, answer: Option<&Answer>) -> String {
    let described = |drawn: &Drawn| {
        let shown = difference(table, drawn).map(|shown| match shown.native.as_str() {
            "" => format!(": {}", shown.here),
            native if shown.here.is_empty() => format!(": {native} → nothing"),
            native => format!(": {native} → {}", shown.here),
        });
        format!("{}{}", harm(table, drawn).name(), shown.unwrap_or_default())
    };
    match answer {
        Some(Answer { grant: Some(grant), outcome, .. }) if *grant == Grant::default() => {
            match verdicts::of_cell(table, &Position::pinned(DEFAULT_ROW, target)) {
                Some(Verdict::Same) => "the same as native".into(),
                _ => format!("{}: only numbers or messages of errors differ", described(outcome)),
            }
        }
        Some(Answer { grant: Some(grant), .. }) => {
            format!("the same as native with {}", flags(grant).join(" "))
        }
        Some(Answer { grant: None, as_far, outcome, .. }) => {
            let with = match as_far.as_ref().map(flags).filter(|flags| !flags.is_empty()) {
                Some(flags) => format!(" (with {})", flags.join(" ")),
                None => String::new(),
            };
            format!("{}{with}; no flags that were tried help", described(outcome))
        }
        None => match table.outcome(&Position::pinned(DEFAULT_ROW, target)) {
            Some(drawn) => drawn.outcome.end.to_string(),
            None => "not built".into(),
        },
    }
}

/// How much worse an outcome is than that of native.
pub fn harm(table: &Table, drawn: &Drawn) -> Harm {
    Harm::of(Some(&compare(table, drawn)), false)
}

/// What differs from native in an outcome, in two short texts.
pub fn difference(table: &Table, drawn: &Drawn) -> Option<Difference> {
    let native = table.outcome(&Position::pinned(DEFAULT_ROW, Target::Native))?;
    catalogue::difference(Some(&native.outcome), &drawn.outcome, &compare(table, drawn))
}

fn compare(table: &Table, drawn: &Drawn) -> Verdict {
    let native = table.outcome(&Position::pinned(DEFAULT_ROW, Target::Native));
    Verdict::of(native.map(|native| &native.outcome), &drawn.outcome)
}
