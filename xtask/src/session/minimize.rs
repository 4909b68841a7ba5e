//! Finds the least grant with which a program does on WASI what it does natively.

use anyhow::{Context, Result};

use crate::model::grant::Grant;
use crate::model::outcome::Outcome;
use crate::model::verdict::Verdict;
use crate::snapshot::format::Drawn;

/// When an outcome counts as that of native.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equality {
    /// The ends are equal.
    End,
    /// Nothing but numbers and messages of operating system errors differs.
    Output,
    /// Nothing differs.
    All,
}

impl Equality {
    /// Whether `here` counts as `native`.
    pub fn holds(self, native: &Outcome, here: &Outcome) -> bool {
        match self {
            Equality::End => native.end == here.end,
            Equality::Output => matches!(Verdict::of(Some(native), here), Verdict::Same | Verdict::Wording),
            Equality::All => native == here,
        }
    }
}

/// A grant that may be part of the answer, and grants that allow less and may do as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub grant: Grant,
    /// Each is tried in its place, after it turned out to be needed.
    pub narrower: Vec<Candidate>,
}

/// The answer of a search.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The least grant with which the outcome is that of native, or `None` if even all candidates together do not
    /// help.
    pub grant: Option<Grant>,
    /// If none helps, and [`search_as_far`] was asked: the least with which it gets as far as with all candidates.
    pub as_far: Option<Grant>,
    /// The outcome with this grant, or with all candidates.
    pub outcome: Drawn,
    /// How many grants were tried.
    pub tried: usize,
}

/// Returns how many grants [`search`] tries at most.
pub fn most_tried(candidates: &[Candidate]) -> usize {
    // Each is left out twice, and so is each that is put in its place.
    fn of_one(candidate: &Candidate) -> usize {
        let deeper = candidate.narrower.iter().map(of_one).max().unwrap_or_default();
        2 + candidate.narrower.len() + deeper
    }
    3 + candidates.iter().map(of_one).sum::<usize>()
}

/// Searches the least of `candidates` with which the outcome is that of `native`. `run` runs the program with each of
/// some grants, at once if it can.
///
/// Each part of the answer is needed: without it, or with a narrower one in its place, the outcome was another. So
/// the answer has no part too many, though another one of the same size might do as well.
///
/// # Errors
/// Those of `run`.
pub fn search(
    native: &Outcome,
    equality: Equality,
    candidates: &[Candidate],
    run: impl Fn(&[Grant]) -> Result<Vec<Drawn>>,
) -> Result<Answer> {
    Tries { native: native.clone(), equality, run, known: Vec::new() }.search(candidates)
}

/// Does the same, and if no candidates help, searches the least with which the program gets as far as with all.
///
/// # Errors
/// Those of `run`.
pub fn search_as_far(
    native: &Outcome,
    equality: Equality,
    candidates: &[Candidate],
    run: impl Fn(&[Grant]) -> Result<Vec<Drawn>>,
) -> Result<Answer> {
    let mut tries = Tries { native: native.clone(), equality, run, known: Vec::new() };
    let answer = tries.search(candidates)?;
    if answer.grant.is_some() {
        return Ok(answer);
    }
    // What was tried before is known.
    tries.native = answer.outcome.outcome.clone();
    tries.equality = Equality::All;
    let as_far = tries.search(candidates)?;
    Ok(Answer { as_far: as_far.grant, tried: as_far.tried, ..answer })
}

fn without(set: &[Candidate], left_out: usize) -> Vec<Candidate> {
    let mut rest = set.to_vec();
    rest.remove(left_out);
    rest
}

fn together(set: &[Candidate]) -> Grant {
    Grant::default().with(set.iter().map(|candidate| &candidate.grant))
}

/// What was tried: each grant once.
struct Tries<F> {
    native: Outcome,
    equality: Equality,
    run: F,
    known: Vec<(Grant, Drawn)>,
}

impl<F: Fn(&[Grant]) -> Result<Vec<Drawn>>> Tries<F> {
    /// Searches the least of `candidates` that suffices.
    fn search(&mut self, candidates: &[Candidate]) -> Result<Answer> {
        let mut set = candidates.to_vec();
        self.all(&[Vec::new(), set.clone()])?;
        // With all of them a program may do something else that natively it does not, so nothing is tried first.
        let needs_none = self.suffices(&[])?;
        let helps = needs_none || self.suffices(&set)?;
        if needs_none {
            set.clear();
        } else if helps {
            // Most programs need exactly what they miss if it is left out of all.
            let rests: Vec<_> = (0..set.len()).map(|left_out| without(&set, left_out)).collect();
            self.all(&rests)?;
            let mut missed = Vec::new();
            for (candidate, rest) in set.iter().zip(&rests) {
                if !self.suffices(rest)? {
                    missed.push(candidate.clone());
                }
            }
            if self.suffices(&missed)? {
                set = missed;
            }
        }
        let mut at = 0;
        while helps && at < set.len() {
            if self.suffices(&without(&set, at))? {
                set.remove(at);
                continue;
            }
            let with = |narrower: &Candidate| {
                let mut with = set.clone();
                with[at] = narrower.clone();
                with
            };
            let narrower: Vec<_> = set[at].narrower.iter().map(with).collect();
            self.all(&narrower)?;
            let mut found = None;
            for with in narrower {
                if self.suffices(&with)? {
                    found = Some(with);
                    break;
                }
            }
            match found {
                // The narrower grant may have narrower ones itself.
                Some(with) => set = with,
                None => at += 1,
            }
        }
        let outcome = self.outcome(&set)?;
        Ok(Answer { grant: helps.then(|| together(&set)), as_far: None, outcome, tried: self.known.len() })
    }

    /// Tries these sets together.
    fn all(&mut self, sets: &[Vec<Candidate>]) -> Result<()> {
        let mut new: Vec<Grant> = Vec::new();
        for grant in sets.iter().map(|set| together(set)) {
            if !new.contains(&grant) && !self.known.iter().any(|(known, _)| *known == grant) {
                new.push(grant);
            }
        }
        if !new.is_empty() {
            let outcomes = (self.run)(&new)?;
            self.known.extend(new.into_iter().zip(outcomes));
        }
        Ok(())
    }

    fn outcome(&mut self, set: &[Candidate]) -> Result<Drawn> {
        self.all(&[set.to_vec()])?;
        let grant = together(set);
        let known = self.known.iter().find(|(known, _)| *known == grant);
        known.map(|(_, outcome)| outcome.clone()).context("the program was interrupted")
    }

    fn suffices(&mut self, set: &[Candidate]) -> Result<bool> {
        let outcome = self.outcome(set)?;
        Ok(self.equality.holds(&self.native, &outcome.outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::End;

    fn candidate(directory: &str, narrower: Vec<Candidate>) -> Candidate {
        Candidate { grant: Grant::of_directory(directory), narrower }
    }

    /// Searches for a program that does what it does natively only with one directory of each of `needed`.
    fn found(needed: &[&[&str]], candidates: &[Candidate]) -> Option<Vec<String>> {
        let native = Outcome::of_end(End::Exit(0));
        let one = |grant: &Grant| {
            let has =
                |any: &&[&str]| grant.dirs.iter().any(|directory| any.contains(&directory.host.as_str()));
            let code = i32::from(!needed.iter().all(has));
            Drawn::new(Outcome::of_end(End::Exit(code)))
        };
        let run = |grants: &[Grant]| Ok(grants.iter().map(one).collect());
        let answer = search(&native, Equality::Output, candidates, run).unwrap();
        assert!(answer.tried <= most_tried(candidates));
        answer.grant.map(|grant| grant.dirs.into_iter().map(|directory| directory.host).collect())
    }

    #[test]
    fn the_answer_has_only_what_is_needed() {
        let candidates = ["a", "b", "c"].map(|directory| candidate(directory, Vec::new()));
        assert_eq!(found(&[], &candidates), Some(vec![]));
        assert_eq!(found(&[&["b"]], &candidates), Some(vec!["b".into()]));
        assert_eq!(found(&[&["a"], &["c"]], &candidates), Some(vec!["a".into(), "c".into()]));
        assert_eq!(found(&[&["other"]], &candidates), None);
    }

    #[test]
    fn if_nothing_helps_the_least_is_known_with_which_it_gets_as_far() {
        let native = Outcome::of_end(End::Exit(0));
        let ends = |grant: &Grant| {
            let has = grant.dirs.iter().any(|directory| directory.host == "b");
            Drawn::new(Outcome::of_end(End::Exit(if has { 1 } else { 2 })))
        };
        let run = |grants: &[Grant]| Ok(grants.iter().map(ends).collect());
        let candidates = ["a", "b", "c"].map(|directory| candidate(directory, Vec::new()));
        let answer = search_as_far(&native, Equality::Output, &candidates, run).unwrap();
        assert_eq!((answer.grant, answer.as_far), (None, Some(Grant::of_directory("b"))));
        assert!(answer.tried <= most_tried(&candidates));
    }

    #[test]
    fn a_program_that_needs_nothing_gets_nothing_even_if_more_would_change_it() {
        let native = Outcome::of_end(End::Exit(0));
        let ends = |grant: &Grant| Drawn::new(Outcome::of_end(End::Exit(grant.dirs.len() as i32)));
        let run = |grants: &[Grant]| Ok(grants.iter().map(ends).collect());
        let answer = search(&native, Equality::Output, &[candidate("a", Vec::new())], run).unwrap();
        assert_eq!(answer.grant, Some(Grant::default()));
        assert_eq!(answer.outcome.outcome, native);
    }

    #[test]
    fn a_narrower_grant_is_preferred() {
        let deep = candidate("a/b", Vec::new());
        let candidates = [candidate(".", vec![candidate("x", Vec::new()), candidate("a", vec![deep])])];
        assert_eq!(found(&[&[".", "a", "a/b"]], &candidates), Some(vec!["a/b".into()]));
        assert_eq!(found(&[&[".", "a"]], &candidates), Some(vec!["a".into()]));
        assert_eq!(found(&[&["."]], &candidates), Some(vec![".".into()]));
    }

    #[test]
    fn many_narrower_grants_are_within_the_bound() {
        // Only the last of the narrower grants of each suffices, which is then left out once more.
        let candidates = ["a", "b", "c"].map(|directory| {
            let narrower = (1..=16).map(|number| candidate(&format!("{directory}{number}"), Vec::new()));
            candidate(directory, narrower.collect())
        });
        let needed: [&[&str]; 3] = [&["a", "a16"], &["b", "b16"], &["c", "c16"]];
        assert_eq!(found(&needed, &candidates), Some(vec!["a16".into(), "b16".into(), "c16".into()]));
    }

    #[test]
    fn equality_can_be_stricter_or_more_lenient() {
        let shown = |code, text: &str| {
            let mut outcome = Outcome::of_end(End::Exit(code));
            outcome.stderr.text = text.into();
            outcome
        };
        let native = shown(1, "a: No such file or directory (os error 2)\n");
        let wording = shown(1, "a: No such file or directory (os error 44)\n");
        let holds = |here: &Outcome| {
            [Equality::End, Equality::Output, Equality::All].map(|equality| equality.holds(&native, here))
        };
        assert_eq!(holds(&native), [true, true, true]);
        assert_eq!(holds(&wording), [true, true, false]);
        assert_eq!(holds(&shown(1, "other\n")), [true, false, false]);
        assert_eq!(holds(&shown(0, "")), [false, false, false]);
    }
}
