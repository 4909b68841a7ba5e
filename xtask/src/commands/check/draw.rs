//! The text of an answer.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::build::artifacts::Files;
use crate::cli::CheckArgs;
use crate::commands::check::next::{self, Place};
use crate::commands::check::run::{Checked, TRIED, Unchecked, wasm};
use crate::commands::check::subject::{Origin, Subject, names};
use crate::commands::grants::flags;
use crate::explain::evidence::Explained;
use crate::model::case::DEFAULT_ROW;
use crate::model::cell::Position;
use crate::model::column::Column;
use crate::model::grant::Grant;
use crate::model::harm::Harm;
use crate::model::outcome::End;
use crate::model::target::Target;
use crate::model::unsteady::{How, Part, Unsteady};
use crate::model::verdict::Verdict;
use crate::report::catalogue::{self, Difference};
use crate::report::why;
use crate::session::minimize::Answer;
use crate::snapshot::format::Drawn;
use crate::snapshot::table::Table;
use crate::snapshot::verdicts;
use crate::support::escape::{count, indent, shell_word};

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
        text.push_str(&format!(
            "  {target}   {}\n",
            verdict(table, *target, answers.get(target), case.timeout)
        ));
    }
    text.push_str(&next::not_allowed(checked, &args.allowed));
    text.push('\n');
    text.push_str(&unsteady(&checked.unsteady));
    text.push_str(&table.draw());
    text.push_str(&why(checked, args.trace));
    text.push_str(&next::lines_to_run(checked, args, place));
    let grants = answers.values().filter_map(|answer| answer.grant.as_ref().or(answer.as_far.as_ref()));
    for warning in grants.flat_map(Grant::warnings).collect::<BTreeSet<_>>() {
        text.push_str(&format!("\n  Warning: {warning}\n"));
    }
    text
}

/// Draws what is not compared, because it differs natively from run to run.
fn unsteady(unsteady: &Unsteady) -> String {
    if unsteady.parts.is_empty() {
        return String::new();
    }
    let part = |Part { place, how, lines: [one, other] }: &Part| {
        let lines = match how {
            How::Order => ", the order of lines".into(),
            How::Lines(numbers) => {
                let numbers: Vec<_> = numbers.iter().map(|number| (number + 1).to_string()).collect();
                let several = if numbers.len() > 1 { "s" } else { "" };
                format!(", line{several} {}", numbers.join(", "))
            }
            How::All => String::new(),
        };
        format!("    {}{lines}: `{one}` or `{other}`\n", place.name())
    };
    let parts: String = unsteady.parts.iter().map(part).collect();
    format!(
        "  Natively, it does not always do the same. What differs from run to run is not compared:\n{parts}\n"
    )
}

/// Draws why the program differs: each explanation once, with the targets that have it.
fn why(checked: &Checked, all_calls: bool) -> String {
    let mut text = String::new();
    if all_calls {
        for explained in &checked.explained {
            text.push_str(&format!("\n{}", why::draw(explained, checked.native.as_ref(), true, false)));
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
            // What the compiler says is shown in any case.
            false => explained.explanation.is_some(),
        })
        .collect();
    let shown = |explained: &Explained| match &explained.explanation {
        Some(explanation) => why::rule(explanation),
        None => {
            // What does not compile makes no calls.
            let more = if explained.traced.is_some() { " --trace shows all calls of WASI." } else { "" };
            format!("Cannot tell: no rule is proven by what was observed.{more}\n")
        }
    };
    let mut groups: Vec<Group<'_>> = Vec::new();
    for explained in of_interest {
        let shown = shown(explained);
        let differs = |explained: &Explained| (explained.target.name(), why::difference(explained));
        let rule =
            |explained: &Explained| explained.explanation.as_ref().map(|explanation| explanation.rule.id);
        let is_same =
            |other: &Explained| rule(other) == rule(explained) && is_helped(other) == is_helped(explained);
        match groups.iter_mut().find(|group| is_same(group.first)) {
            Some(group) => {
                group.differences.push(differs(explained));
                // One target may tell more than the other, such as the path of a call.
                if shown.len() > group.text.len() {
                    group.text = shown;
                }
            }
            None => {
                groups.push(Group { text: shown, differences: vec![differs(explained)], first: explained });
            }
        }
    }
    for Group { text: shown, differences, first: explained } in groups {
        let is_built = checked.answers.contains_key(&explained.target);
        let how = match (is_built, explained.id.contains(&format!("/{TRIED}@"))) {
            (true, true) => "with all flags that were tried",
            (true, false) => "without flags",
            (false, _) if differences.len() == 1 => "does not compile",
            (false, _) => "do not compile",
        };
        let targets: Vec<_> = differences.iter().map(|(target, _)| *target).collect();
        let comma = if is_built { "," } else { "" };
        text.push_str(&format!(
            "\nWhy{comma} {} {how} ({}):\n\n{shown}",
            targets.join(" and "),
            once_if_equal(&differences)
        ));
    }
    text
}

/// An explanation of some targets.
struct Group<'a> {
    text: String,
    /// The targets, and what differs on each.
    differences: Vec<(&'static str, String)>,
    first: &'a Explained,
}

/// What differs on some targets: once, if it is the same on all of them.
fn once_if_equal(differences: &[(&str, String)]) -> String {
    match differences {
        [(_, first), others @ ..] if others.iter().all(|(_, other)| other == first) => first.clone(),
        _ => {
            let named = differences.iter().map(|(target, difference)| format!("{target}: {difference}"));
            named.collect::<Vec<_>>().join("; ")
        }
    }
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

/// Draws the cases that have no result, each with the reason.
pub fn unchecked(unchecked: &[Unchecked]) -> String {
    let one =
        |one: &Unchecked| format!("{}\n{}\n", one.case, indent(&format!("no result: {}", one.why), "  "));
    unchecked.iter().map(one).collect()
}

/// Draws how many of several cases agree.
pub fn sum(checked: &[Checked], unchecked: &[Unchecked]) -> String {
    let agree = checked.iter().filter(|checked| checked.agrees()).count();
    let without = match unchecked.len() {
        0 => String::new(),
        number => format!(", {number} without a result"),
    };
    let all = count(checked.len() + unchecked.len(), "case");
    format!("{all}: {agree} the same, {} different{without}\n", checked.len() - agree)
}

/// What the runs say about a target, on one line.
fn verdict(table: &Table, target: Target, answer: Option<&Answer>, timeout: Duration) -> String {
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
            let stopped = match outcome.outcome.end {
                End::TimedOut => {
                    format!("; each run was ended after {timeout:?}: give it more with --timeout")
                }
                _ => String::new(),
            };
            format!("{}{with}; no flags that were tried help{stopped}", described(outcome))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_apart_by_their_targets() {
        let exit = |code: u8| format!("error: exit 0 → {code}");
        assert_eq!(once_if_equal(&[("wasip1", exit(3)), ("wasip2", exit(3))]), exit(3));
        assert_eq!(
            once_if_equal(&[("wasip1", exit(3)), ("wasip2", exit(1))]),
            "wasip1: error: exit 0 → 3; wasip2: error: exit 0 → 1"
        );
    }
}
