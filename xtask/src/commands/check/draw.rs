//! The text of an answer.

use std::collections::BTreeMap;

use crate::commands::check::subject::{Subject, names};
use crate::commands::grants::{flags, line};
use crate::model::case::DEFAULT_ROW;
use crate::model::cell::Position;
use crate::model::grant::Grant;
use crate::model::harm::Harm;
use crate::model::target::Target;
use crate::model::verdict::Verdict;
use crate::report::catalogue;
use crate::session::minimize::Answer;
use crate::snapshot::format::Drawn;
use crate::snapshot::table::Table;
use crate::snapshot::verdicts;

/// Draws the answer first, then the evidence.
pub fn draw(subject: &Subject, table: &Table, answers: &BTreeMap<Target, Answer>) -> String {
    let mut text = format!("{}, for {}\n\n", subject.title, names(&subject.targets));
    let wasm = || subject.targets.iter().filter(|target| target.is_wasm());
    for target in wasm() {
        text.push_str(&format!("  {target}   {}\n", verdict(table, *target, answers.get(target))));
    }
    text.push('\n');
    text.push_str(&table.draw());
    let mut lines = Vec::new();
    for target in wasm() {
        let Some(grant) = answers.get(target).and_then(|answer| answer.grant.as_ref()) else { continue };
        let line = line(grant, &format!("{}.wasm", subject.name), &subject.args);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    for line in lines {
        text.push_str(&format!("\n  Run it:  {line}\n"));
    }
    text
}

/// What the runs say about a target, on one line.
fn verdict(table: &Table, target: Target, answer: Option<&Answer>) -> String {
    let native = table.outcome(&Position::pinned(DEFAULT_ROW, Target::Native)).map(|drawn| &drawn.outcome);
    let difference = |drawn: &Drawn| {
        let verdict = Verdict::of(native, &drawn.outcome);
        let shown = native.and_then(|native| catalogue::difference(Some(native), &drawn.outcome, &verdict));
        let shown = shown.map(|shown| match shown.native.as_str() {
            "" => format!(": {}", shown.here),
            native => format!(": {native} → {}", shown.here),
        });
        format!("{}{}", Harm::of(Some(&verdict), false).name(), shown.unwrap_or_default())
    };
    match answer {
        Some(Answer { grant: Some(grant), outcome, .. }) if *grant == Grant::default() => {
            match verdicts::of_cell(table, &Position::pinned(DEFAULT_ROW, target)) {
                Some(Verdict::Same) => "the same as native".into(),
                _ => format!("{}: only numbers or messages of errors differ", difference(outcome)),
            }
        }
        Some(Answer { grant: Some(grant), .. }) => {
            format!("the same as native with {}", flags(grant).join(" "))
        }
        Some(Answer { grant: None, outcome, .. }) => {
            format!("{}; no flags that were tried help", difference(outcome))
        }
        None => match table.outcome(&Position::pinned(DEFAULT_ROW, target)) {
            Some(drawn) => drawn.outcome.end.to_string(),
            None => "not built".into(),
        },
    }
}
