//! Which calls of the native run and of the one under a host are about the same moment: those that led to the first
//! difference.

use std::ops::Range;

use crate::explain::evidence::Explained;
use crate::explain::number::{words, writes};
use crate::model::outcome::Outcome;
use crate::model::trace::WasiCall;
use crate::model::verdict::{self, Verdict};

/// The calls of a run that are of interest, and which of them are if they are too many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub calls: Range<usize>,
    pub first: bool,
}

impl Moment {
    fn last_of(calls: Range<usize>) -> Moment {
        Moment { calls, first: false }
    }
}

/// Returns the moment of the first difference in the run under a host.
pub fn here(explained: &Explained, calls: &[WasiCall]) -> Moment {
    let before = line(explained).and_then(|line| before_line(&explained.here.outcome, calls, &line.here));
    Moment::last_of(before.unwrap_or(0..calls.len()))
}

/// Returns the same moment in the native run.
pub fn native(explained: &Explained, calls: &[WasiCall]) -> Moment {
    let (native, here) = (&explained.native.outcome, &explained.here.outcome);
    if let Some(line) = line(explained) {
        let before = before_line(native, calls, &line.native);
        return Moment::last_of(before.unwrap_or(0..calls.len()));
    }
    if native.end == here.end {
        return Moment::last_of(0..calls.len());
    }
    // The native program goes on where the other one ends: after as many lines as both print, and with the path that
    // the last line names.
    let writes = writes(calls, 1);
    let printed =
        here.stdout.text.lines().zip(native.stdout.text.lines()).take_while(|(a, b)| a == b).count();
    let is_exact = writes.len() == native.stdout.text.lines().count();
    let start = match printed.checked_sub(1).and_then(|last| writes.get(last)) {
        Some(write) if is_exact => write + 1,
        _ => 0,
    };
    let last = verdict::changes(native, here).pop().map(|change| change.here).unwrap_or_default();
    let paths: Vec<_> = words(&last).map(|word| word.trim_start_matches("{cwd}")).collect();
    let names_path = |call: &WasiCall| {
        paths.iter().any(|path| path.len() > 1 && call.arguments.contains(&format!("{path}\"")))
    };
    let path = calls[start..].iter().position(names_path).unwrap_or(0);
    Moment { calls: start + path..calls.len(), first: true }
}

/// The first line that differs, if the two programs end in the same way.
fn line(explained: &Explained) -> Option<verdict::Change> {
    let (native, here) = (&explained.native.outcome, &explained.here.outcome);
    match Verdict::of(Some(native), here) {
        Verdict::Error(line) | Verdict::Output { first: line, .. } if native.end == here.end => Some(line),
        _ => None,
    }
}

/// The calls between a line of stdout and the line before it, if each line was written by a call of its own.
fn before_line(outcome: &Outcome, calls: &[WasiCall], line: &str) -> Option<Range<usize>> {
    let lines: Vec<_> = outcome.stdout.text.lines().collect();
    let writes = writes(calls, 1);
    let mut same = (0..lines.len()).filter(|index| lines[*index] == line);
    let number = same.next().filter(|_| same.next().is_none() && writes.len() == lines.len())?;
    let start = number.checked_sub(1).map_or(0, |before| writes[before] + 1);
    Some(start..writes[number])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::End;
    use crate::model::target::Target;
    use crate::model::trace::Answer;
    use crate::snapshot::format::Drawn;

    fn call(function: &str, arguments: &str) -> WasiCall {
        WasiCall {
            interface: String::new(),
            function: function.into(),
            arguments: arguments.into(),
            answer: Some(Answer::Done("0".into())),
            notes: Vec::new(),
        }
    }

    fn explained(native: (i32, &str), here: (i32, &str, &str)) -> Explained {
        let drawn = |code, stdout: &str, stderr: &str| {
            let mut outcome = Outcome::of_end(End::Exit(code));
            (outcome.stdout.text, outcome.stderr.text) = (stdout.into(), stderr.into());
            Drawn::new(outcome)
        };
        Explained {
            id: "a/b/default@wasip1".into(),
            target: Target::Wasip1,
            native: drawn(native.0, native.1, ""),
            here: drawn(here.0, here.1, here.2),
            traced: None,
            explanation: None,
        }
    }

    #[test]
    fn calls_before_the_line_that_differs() {
        let one = explained((0, "same\nnative\nlater\n"), (0, "same\nhere\nlater\n", ""));
        let calls = |function: &str, arguments: &str| {
            [
                ("a", ""),
                (function, arguments),
                ("b", ""),
                (function, arguments),
                ("c", ""),
                (function, arguments),
            ]
            .map(|(function, arguments)| call(function, arguments))
        };
        let moment = Moment { calls: 2..3, first: false };
        assert_eq!(native(&one, &calls("write", "1, \"…\", 5")), moment);
        assert_eq!(here(&one, &calls("fd_write", "fd=Fd(1) iovs=x")), moment);
        // Lines that were not written one by one tell nothing.
        assert_eq!(native(&one, &calls("write", "1, \"…\", 5")[..4]), Moment { calls: 0..4, first: false });
    }

    #[test]
    fn native_calls_where_the_other_program_ends() {
        let one = explained((0, "start\nend\n"), (1, "start\n", "a.txt: not there\n"));
        let calls = [
            ("openat", "AT_FDCWD, \"a.txt\""),
            ("write", "1, \"start\\n\", 6"),
            ("openat", "AT_FDCWD, \"b.txt\""),
            ("openat", "AT_FDCWD, \"a.txt\""),
            ("write", "1, \"end\\n\", 4"),
        ]
        .map(|(function, arguments)| call(function, arguments));
        assert_eq!(native(&one, &calls), Moment { calls: 3..5, first: true });
    }
}
