//! Decides what the outputs of a draft mean.

use crate::commands::upstream::page::Step;
use crate::model::target::Target;

/// What became of a bug on one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every output is the one that the page shows.
    StillThere,
    /// Every output is the one that the page expects.
    Fixed,
    /// Some outputs are others: each command line, and what it printed.
    Different(Vec<(String, String)>),
    /// Of two runs, each had another of these verdicts. The outputs are those of the second, if they are others.
    Unsteady(Vec<(String, String)>),
}

impl Verdict {
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::StillThere => "still there",
            Verdict::Fixed => "fixed",
            Verdict::Different(_) => "different",
            Verdict::Unsteady(_) => "unsteady",
        }
    }

    /// The outputs that are neither shown nor expected.
    pub fn outputs(&self) -> &[(String, String)] {
        match self {
            Verdict::Different(outputs) | Verdict::Unsteady(outputs) => outputs,
            Verdict::StillThere | Verdict::Fixed => &[],
        }
    }
}

/// The verdicts of a draft by target. A target of which nothing is expected has one only if it prints something else
/// than the page shows: then the other verdicts cannot be trusted. `outputs` are those of the steps.
pub fn of(steps: &[Step], outputs: &[String]) -> Vec<(Target, Verdict)> {
    let of_target = |target| {
        let own: Vec<_> = steps.iter().zip(outputs).filter(|(step, _)| step.target == target).collect();
        let is_affected = own.iter().any(|(step, _)| step.expected.is_some());
        let is_shown = |step: &Step, output: &str| is_like(&step.shown, output);
        if own.iter().all(|(step, output)| is_shown(step, output)) {
            return is_affected.then_some(Verdict::StillThere);
        }
        let is_expected =
            |step: &Step, output: &str| is_like(step.expected.as_ref().unwrap_or(&step.shown), output);
        if is_affected && own.iter().all(|(step, output)| is_expected(step, output)) {
            return Some(Verdict::Fixed);
        }
        let others = own.iter().filter(|(step, output)| !is_shown(step, output));
        Some(Verdict::Different(
            others.map(|(step, output)| (step.line.clone(), (*output).clone())).collect(),
        ))
    };
    Target::ALL.into_iter().filter_map(|target| of_target(target).map(|verdict| (target, verdict))).collect()
}

/// Whether `output` is what the page says. There, `…` stands for any text in a line, and on a line of its own for any
/// lines. Times in seconds and milliseconds, as in `0.25 s`, are not compared.
fn is_like(said: &str, output: &str) -> bool {
    let lines = |text: &str| text.lines().map(without_times).collect::<Vec<_>>();
    are_like(&lines(said), &lines(output))
}

fn are_like(said: &[String], lines: &[String]) -> bool {
    match (said, lines) {
        ([], lines) => lines.is_empty(),
        ([any, said @ ..], lines) if any == "…" => {
            (0..=lines.len()).any(|skipped| are_like(said, &lines[skipped..]))
        }
        ([_, ..], []) => false,
        ([first, said @ ..], [line, lines @ ..]) => is_like_line(first, line) && are_like(said, lines),
    }
}

fn is_like_line(said: &str, line: &str) -> bool {
    match said.split_once('…') {
        None => said == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| is_like_line(after, &rest[at..]))
        }),
    }
}

/// The line with `TIME` for each number in front of a unit of time.
fn without_times(line: &str) -> String {
    let words: Vec<_> = line.split(' ').collect();
    let is_unit = |word: &&str| matches!(word.trim_end_matches([',', '.', ';', ':']), "s" | "ms");
    let shown = words.iter().enumerate().map(|(at, word)| {
        let is_time = word.parse::<f64>().is_ok() && words.get(at + 1).is_some_and(is_unit);
        if is_time { "TIME" } else { word }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_compared_but_for_times_and_what_is_left_out() {
        for (said, output) in [
            ("a\n", "a\n"),
            ("a\n", "a"),
            ("", ""),
            ("slept 291 ms\n", "slept 290.5 ms\n"),
            ("8 entries: 0.1 s, 4: 2 ms.\n", "8 entries: 12 s, 4: 3 ms.\n"),
            ("error: …\n…\n[exit code 2]\n", "error: no\n\nUsage\n[exit code 2]\n"),
            ("error: …\n…\n[exit code 2]\n", "error: \n[exit code 2]\n"),
            ("Ok(\"…/file\")\n", "Ok(\"/é/file/file\")\n"),
        ] {
            assert!(is_like(said, output), "{said:?} {output:?}");
        }
        for (said, output) in [
            ("a\n", "b\n"),
            ("a\n", "a\nb\n"),
            ("a\nb\n", "a\n"),
            ("8 entries: 1 s\n", "9 entries: 1 s\n"),
            ("8 entries\n", "9 entries\n"),
            ("1 s\n", "long s\n"),
            ("error: …\n…\n[exit code 2]\n", "error: no\n[exit code 1]\n"),
            ("Ok(\"…/file\")\n", "Ok(\"/file\")?\n"),
        ] {
            assert!(!is_like(said, output), "{said:?} {output:?}");
        }
    }

    #[test]
    fn verdicts_are_those_of_all_steps_of_a_target() {
        let step = |line: &str, target, shown: &str, expected: Option<&str>| Step {
            line: line.into(),
            target,
            shown: shown.into(),
            expected: expected.map(String::from),
        };
        let steps = [
            step("native", Target::Native, "good", None),
            step("p1", Target::Wasip1, "good", None),
            step("p2", Target::Wasip2, "bad", Some("good")),
            step("cat", Target::Wasip2, "bad file", Some("good file")),
            step("ls", Target::Wasip2, "file", None),
        ];
        let of = |outputs: [&str; 5]| of(&steps, &outputs.map(String::from));
        let different = |outputs: &[(&str, &str)]| {
            Verdict::Different(
                outputs.iter().map(|(line, output)| ((*line).into(), (*output).into())).collect(),
            )
        };
        let p2 = |verdict| vec![(Target::Wasip2, verdict)];
        assert_eq!(of(["good", "good", "bad", "bad file", "file"]), p2(Verdict::StillThere));
        assert_eq!(of(["good", "good", "good", "good file", "file"]), p2(Verdict::Fixed));
        let half = different(&[("p2", "good")]);
        assert_eq!(of(["good", "good", "good", "bad file", "file"]), p2(half));
        let other = different(&[("ls", "")]);
        assert_eq!(of(["good", "good", "bad", "bad file", ""]), p2(other));
        let both =
            vec![(Target::Native, different(&[("native", "bad")])), (Target::Wasip2, Verdict::StillThere)];
        assert_eq!(of(["bad", "good", "bad", "bad file", "file"]), both);
    }
}
