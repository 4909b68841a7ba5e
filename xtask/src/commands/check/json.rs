//! The answer for other programs, one JSON object per line. `xtask/README.md` describes it.

use std::time::Duration;

use anyhow::Result;

use crate::commands::check::cause::Cause;
use crate::commands::check::draw::{difference, harm};
use crate::commands::check::rows::Related;
use crate::commands::check::run::{Checked, Unchecked, wasm};
use crate::commands::check::subject::{Origin, Subject};
use crate::commands::grants::flags;
use crate::model::case::DEFAULT_ROW;
use crate::model::cell::Position;
use crate::model::unsteady::{How, Part};
use crate::model::verdict::Verdict;
use crate::report::json::print_line;
use crate::snapshot::verdicts;

/// Prints the cells of a case, the answer for each of its wasm targets, and why cells differ.
///
/// # Errors
/// If stdout cannot be written to.
pub fn case(subject: &Subject, checked: &Checked) -> Result<()> {
    let Checked { case, table, answers, explained, .. } = checked;
    let id = format!("{}/{}", subject.name, case.name);
    let cells = case.rows.iter().flat_map(|row| case.targets.iter().map(move |target| (row, *target)));
    for (row, target) in cells {
        let position = Position::pinned(&row.name, target);
        let Some(drawn) = table.outcome(&position) else { continue };
        let verdict = verdicts::of_cell(table, &position);
        print_line([
            ("kind", "cell".into()),
            ("id", format!("{id}/{}@{target}", row.name).into()),
            ("letter", table.letter(&position).into()),
            ("outcome", drawn.text().into()),
            ("verdict", verdict.as_ref().map(Verdict::name).into()),
            ("difference", verdict.as_ref().and_then(Verdict::difference).into()),
        ])?;
    }
    for target in wasm(case) {
        let answer = answers.get(target);
        let grant = answer.and_then(|answer| answer.grant.as_ref());
        let position = Position::pinned(DEFAULT_ROW, *target);
        let drawn = answer.map(|answer| &answer.outcome).or_else(|| table.outcome(&position));
        let shown = drawn.and_then(|drawn| difference(table, drawn));
        print_line([
            ("kind", "answer".into()),
            ("case", id.as_str().into()),
            ("target", target.name().into()),
            ("agrees", grant.is_some().into()),
            ("flags", grant.map(flags).into()),
            ("verdict", drawn.map(|drawn| harm(table, drawn).name()).into()),
            ("native", shown.as_ref().map(|shown| shown.native.as_str()).into()),
            ("here", shown.as_ref().map(|shown| shown.here.as_str()).into()),
            ("tried", answer.map(|answer| answer.tried).into()),
        ])?;
    }
    for Part { place, how, lines: [one, other] } in &checked.unsteady.parts {
        let numbers = match how {
            How::Lines(numbers) => Some(numbers.iter().map(|number| number + 1).collect::<Vec<_>>()),
            How::Order | How::All => None,
        };
        print_line([
            ("kind", "unsteady".into()),
            ("case", id.as_str().into()),
            ("where", place.name().into()),
            ("how", how.name().into()),
            ("lines", numbers.into()),
            ("one", one.as_str().into()),
            ("other", other.as_str().into()),
        ])?;
    }
    for explained in explained {
        let explanation = explained.explanation.as_ref();
        print_line([
            ("kind", "why".into()),
            ("cell", explained.id.as_str().into()),
            ("rule", explanation.map(|explanation| explanation.rule.id).into()),
            ("layer", explanation.map(|explanation| explanation.rule.layer).into()),
            ("facts", explanation.map(|explanation| explanation.facts.clone()).into()),
        ])?;
    }
    Ok(())
}

/// Prints the cases that have no result.
///
/// # Errors
/// If stdout cannot be written to.
pub fn unchecked(subject: &Subject, unchecked: &[Unchecked]) -> Result<()> {
    unchecked.iter().try_for_each(|Unchecked { case, why }| {
        print_line([
            ("kind", "error".into()),
            ("case", format!("{}/{case}", subject.name).into()),
            ("message", why.as_str().into()),
        ])
    })
}

/// Prints why the program does not compile for some targets.
///
/// # Errors
/// If stdout cannot be written to.
pub fn causes(causes: &[Cause]) -> Result<()> {
    for Cause { targets, failure, way, alternative, rule } in causes {
        let targets: Vec<_> = targets.iter().map(|target| target.name()).collect();
        print_line([
            ("kind", "build".into()),
            ("targets", targets.into()),
            ("package", failure.package.as_deref().into()),
            ("error", failure.headline.as_str().into()),
            ("needed_by", way.as_ref().map(|way| way.packages.as_slice()).into()),
            (
                "optional",
                way.as_ref().and_then(|way| way.optional.as_ref()).map(|one| one.features.as_slice()).into(),
            ),
            ("rule", rule.map(|rule| rule.id).into()),
            ("instead", alternative.as_ref().map(|known| known.instead.as_str()).into()),
        ])?;
    }
    Ok(())
}

/// Prints the cases of the catalogue that matter for the program.
///
/// # Errors
/// If stdout cannot be written to.
pub fn related(related: &[Related]) -> Result<()> {
    for Related { id, harm, apis, about } in related {
        print_line([
            ("kind", "catalogue".into()),
            ("id", id.as_str().into()),
            ("verdict", harm.name().into()),
            ("apis", apis.as_slice().into()),
            ("about", about.as_str().into()),
        ])?;
    }
    Ok(())
}

/// Prints the figures of the check, in which `unchecked` cases have no result, and which took the time `took` without
/// the build.
///
/// # Errors
/// If stdout cannot be written to.
pub fn summary(subject: &Subject, checked: &[Checked], unchecked: usize, took: Duration) -> Result<()> {
    let agree = checked.iter().filter(|checked| checked.agrees()).count();
    let (profile, used) = match &subject.origin {
        Origin::Package(program) => (Some(program.profile()), program.project.used.as_slice()),
        Origin::Files(_) => (None, [].as_slice()),
    };
    print_line([
        ("kind", "summary".into()),
        ("program", subject.name.as_str().into()),
        ("package", subject.title.as_str().into()),
        ("profile", profile.into()),
        ("built_with", used.into()),
        ("cases", (checked.len() + unchecked).into()),
        ("agree", agree.into()),
        ("differ", (checked.len() - agree).into()),
        ("without_result", unchecked.into()),
        ("seconds", took.as_secs_f64().into()),
    ])
}
