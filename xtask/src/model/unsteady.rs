//! What a program does differently from run to run although nothing else is different: it prints the time, or a hash
//! map in the order of its random seed. What differs natively from itself cannot be held against another target.

use std::collections::BTreeSet;

use crate::model::outcome::{FileChange, FileKind, Outcome};

/// What stands in an outcome in place of what differs from run to run.
pub const PLACEHOLDER: &str = "{differs from run to run}";

/// What differs between several runs of a program on the same target. It is empty if the runs are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsteady {
    pub parts: Vec<Part>,
}

/// A part of the outcomes that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub place: Place,
    pub how: How,
    /// The first line that differs, as it was in two runs.
    pub lines: [String; 2],
}

/// Where something differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Stdout,
    Stderr,
    /// The file at this path.
    File(String),
    /// Which files were changed. These are changed in all runs.
    Files(BTreeSet<String>),
}

/// How texts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The lines are the same, in another order.
    Order,
    /// These lines differ, counted from 0.
    Lines(BTreeSet<usize>),
    /// In any other way, such as in the number of lines.
    All,
}

impl Place {
    /// Returns its name in an answer.
    pub fn name(&self) -> &str {
        match self {
            Place::Stdout => "stdout",
            Place::Stderr => "stderr",
            Place::File(path) => path,
            Place::Files(_) => "files",
        }
    }
}

impl How {
    /// Returns its name in an answer for other programs.
    pub fn name(&self) -> &'static str {
        match self {
            How::Order => "order",
            How::Lines(_) => "lines",
            How::All => "all",
        }
    }

    /// Replaces what differs in a text so that two texts are equal which only differ in that.
    fn hide(&self, text: &mut String) {
        match self {
            How::Order => {
                let mut lines: Vec<_> = text.lines().collect();
                lines.sort_unstable();
                *text = joined(&lines, text);
            }
            How::Lines(numbers) => {
                let line = |(number, line)| if numbers.contains(&number) { PLACEHOLDER } else { line };
                let lines: Vec<_> = text.lines().enumerate().map(line).collect();
                *text = joined(&lines, text);
            }
            How::All => *text = format!("{PLACEHOLDER}\n"),
        }
    }
}

/// Joins lines. The last one ends with a line feed if `text` does.
fn joined(lines: &[&str], text: &str) -> String {
    let end = if text.ends_with('\n') { "\n" } else { "" };
    lines.join("\n") + end
}

impl Unsteady {
    /// Compares the outcomes of several runs. How they end is not compared.
    pub fn of(outcomes: &[&Outcome]) -> Unsteady {
        let part =
            |place: Place, texts: Vec<&str>| differing(&texts).map(|(how, lines)| Part { place, how, lines });
        let texts = |text: fn(&Outcome) -> &str| outcomes.iter().map(|outcome| text(outcome)).collect();
        let mut parts = Vec::new();
        parts.extend(part(Place::Stdout, texts(|outcome| &outcome.stdout.text)));
        parts.extend(part(Place::Stderr, texts(|outcome| &outcome.stderr.text)));
        let paths = |outcome: &&Outcome| outcome.files.iter().map(|file| file.path.clone()).collect();
        let paths: Vec<BTreeSet<String>> = outcomes.iter().map(paths).collect();
        let Some(common) = paths.iter().cloned().reduce(|all, other| &all & &other) else {
            return Unsteady::default();
        };
        if let Some(other) = paths.iter().find(|other| **other != paths[0]) {
            let only = |these: &BTreeSet<String>| (these - &common).pop_first().unwrap_or_default();
            let lines = [only(&paths[0]), only(other)];
            parts.push(Part { place: Place::Files(common.clone()), how: How::All, lines });
        }
        for path in common {
            let changes: Vec<_> = outcomes.iter().filter_map(|outcome| change(outcome, &path)).collect();
            parts.extend(differing_change(&changes).map(|(how, lines)| Part {
                place: Place::File(path),
                how,
                lines,
            }));
        }
        Unsteady { parts }
    }

    /// Replaces what differs in an outcome of the same program, on any target.
    pub fn hide(&self, outcome: &mut Outcome) {
        for Part { place, how, .. } in &self.parts {
            match place {
                Place::Stdout => how.hide(&mut outcome.stdout.text),
                Place::Stderr => how.hide(&mut outcome.stderr.text),
                Place::Files(common) => {
                    outcome.files.retain(|file| common.contains(&file.path));
                    outcome.more_files = None;
                }
                Place::File(path) => {
                    let Some(file) = outcome.files.iter_mut().find(|file| file.path == *path) else {
                        continue;
                    };
                    match (&mut file.what, how) {
                        (FileKind::Text(text), How::Order | How::Lines(_)) => how.hide(text),
                        (what, _) => {
                            *what = FileKind::Summary(PLACEHOLDER.into());
                            file.mode = None;
                        }
                    }
                }
            }
        }
    }
}

fn change<'a>(outcome: &'a Outcome, path: &str) -> Option<&'a FileChange> {
    outcome.files.iter().find(|file| file.path == path)
}

/// How changes of the same file differ.
fn differing_change(changes: &[&FileChange]) -> Option<(How, [String; 2])> {
    let first = changes.first()?;
    let texts = changes.iter().map(|change| match &change.what {
        FileKind::Text(text) if (change.kind, change.mode) == (first.kind, first.mode) => Some(text.as_str()),
        _ => None,
    });
    match texts.collect::<Option<Vec<_>>>() {
        Some(texts) => differing(&texts),
        None if changes.iter().all(|change| change == first) => None,
        None => Some((How::All, Default::default())),
    }
}

/// How texts differ, and the first line that does, as it is in two of them.
fn differing(texts: &[&str]) -> Option<(How, [String; 2])> {
    let first: Vec<_> = texts.first()?.lines().collect();
    let other: Vec<_> = texts.iter().find(|text| *text != &texts[0])?.lines().collect();
    let at =
        (0..first.len().max(other.len())).find(|at| first.get(*at) != other.get(*at)).unwrap_or_default();
    let line = |lines: &[&str]| lines.get(at).copied().unwrap_or_default().to_string();
    let mut lines = [line(&first), line(&other)];
    // Which of them came first says nothing.
    lines.sort();
    let all: Vec<Vec<_>> = texts.iter().map(|text| text.lines().collect()).collect();
    fn sorted<'a>(lines: &[&'a str]) -> Vec<&'a str> {
        let mut lines = lines.to_vec();
        lines.sort_unstable();
        lines
    }
    let have_same_end = texts.iter().all(|text| text.ends_with('\n') == texts[0].ends_with('\n'));
    let how = if !have_same_end || all.iter().any(|lines| lines.len() != first.len()) {
        How::All
    } else if all.iter().all(|lines| sorted(lines) == sorted(&first)) {
        How::Order
    } else {
        let differs = |number: &usize| all.iter().any(|lines| lines[*number] != first[*number]);
        How::Lines((0..first.len()).filter(differs).collect())
    };
    Some((how, lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::{ChangeKind, End};

    fn printing(stdout: &str, files: &[(&str, &str)]) -> Outcome {
        let mut outcome = Outcome::of_end(End::Exit(0));
        outcome.stdout.text = stdout.into();
        let change = |(path, text): &(&str, &str)| FileChange {
            kind: ChangeKind::Created,
            path: (*path).into(),
            mode: None,
            what: FileKind::Text((*text).into()),
        };
        outcome.files = files.iter().map(change).collect();
        outcome
    }

    /// What is hidden of the last of these outputs, if the others are those of native runs.
    fn hidden(natives: &[&str], here: &str) -> String {
        let natives: Vec<_> = natives.iter().map(|stdout| printing(stdout, &[])).collect();
        let mut here = printing(here, &[]);
        Unsteady::of(&natives.iter().collect::<Vec<_>>()).hide(&mut here);
        here.stdout.text
    }

    #[test]
    fn what_does_not_differ_is_kept() {
        assert_eq!(hidden(&["a\n", "a\n"], "b\na\n"), "b\na\n");
        assert_eq!(hidden(&["a\n1\n", "a\n2\n", "a\n1\n"], "b\n3\nc\n"), format!("b\n{PLACEHOLDER}\nc\n"));
        assert_eq!(hidden(&["a\n1", "a\n2"], "a\n3"), format!("a\n{PLACEHOLDER}"));
        assert_eq!(hidden(&["a\nb\nc\n", "c\na\nb\n"], "b\na\nx\n"), "a\nb\nx\n");
        assert_eq!(hidden(&["a\n", "a\nb\n"], ""), format!("{PLACEHOLDER}\n"));
    }

    #[test]
    fn files_differ_in_their_contents_or_their_names() {
        let natives =
            [printing("", &[("a", "x\n1\n"), ("tmp1", "")]), printing("", &[("a", "x\n2\n"), ("tmp2", "")])];
        let unsteady = Unsteady::of(&natives.iter().collect::<Vec<_>>());
        let places: Vec<_> = unsteady.parts.iter().map(|part| part.place.name()).collect();
        assert_eq!(places, ["files", "a"]);
        assert_eq!(unsteady.parts[0].lines, ["tmp1", "tmp2"]);
        assert_eq!(unsteady.parts[1].lines, ["1", "2"]);
        let mut here = printing("", &[("a", "y\n3\n"), ("tmp3", "")]);
        unsteady.hide(&mut here);
        assert_eq!(here.files, printing("", &[("a", &format!("y\n{PLACEHOLDER}\n"))]).files);
        assert_eq!(Unsteady::of(&[&natives[0], &natives[0]]), Unsteady::default());
    }
}
