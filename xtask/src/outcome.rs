//! The outcome of a cell: what a run left behind, normalized and drawn.
//!
//! Two outcomes are the same if and only if they are drawn the same, so the drawing is the value:
//! what groups, compares and reports outcomes handles text alone.

use std::fmt;

use crate::text::bars;

/// What a run left behind, its texts visible (see `text.rs`) and normalized.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Outcome {
    pub exit: String,
    pub stdout: Stream,
    pub stderr: Stream,
    /// The drawn changes of the scratch folder.
    pub files: String,
}

/// What a program printed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Stream {
    pub text: String,
    /// Whether this is only the beginning of it.
    pub cut: bool,
}

impl Outcome {
    /// The outcome of a cell whose program could not be built.
    pub fn does_not_build(error: &str) -> Outcome {
        Outcome { exit: format!("does not build: {error}"), ..Outcome::default() }
    }

    /// The outcome of a cell whose components do not fit each other.
    pub fn does_not_compose(reason: &str) -> Outcome {
        Outcome { exit: format!("does not compose: {reason}"), ..Outcome::default() }
    }
}

impl fmt::Display for Outcome {
    /// Draws the outcome; the last line ends with a line feed, no line is empty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.exit)?;
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.text.is_empty() {
                write!(f, "{name}\n{}", bars(&stream.text))?;
            }
            if stream.cut {
                writeln!(f, "(cut here)")?;
            }
        }
        if !self.files.is_empty() {
            write!(f, "files\n{}", self.files)?;
        }
        Ok(())
    }
}

/// The parts of a drawn outcome, each as it is drawn; what is not there is empty.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Parts<'a> {
    pub exit: &'a str,
    pub stdout: &'a str,
    pub stderr: &'a str,
    pub files: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes a drawn outcome apart. Its titles are lines of their own: what was printed stands behind
    /// bars, and what became of a file begins with a word for that and two blanks.
    pub fn of(drawn: &'a str) -> Parts<'a> {
        let (exit, mut rest) = drawn.split_once('\n').unwrap_or((drawn, ""));
        let mut parts = Parts { exit, ..Parts::default() };
        while let Some((title, after)) = rest.split_once('\n') {
            let lines = after.split_inclusive('\n');
            let block = lines.take_while(|line| !TITLES.contains(&line.trim_end()));
            let (part, others) = after.split_at(block.map(str::len).sum());
            match title {
                "stdout" => parts.stdout = part,
                "stderr" => parts.stderr = part,
                _ => parts.files = part,
            }
            rest = others;
        }
        parts
    }
}

/// What stands above the parts of an outcome.
const TITLES: [&str; 3] = ["stdout", "stderr", "files"];

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(text: &str, cut: bool) -> Stream {
        Stream { text: text.into(), cut }
    }

    #[test]
    fn drawn() {
        let outcome = Outcome {
            exit: "exit 1".into(),
            stdout: stream("one\ntwo", false),
            stderr: Stream::default(),
            files: "created  a\n│x\n".into(),
        };
        assert_eq!(
            outcome.to_string(),
            "exit 1\nstdout\n│one\n│two\n(no newline at the end)\nfiles\ncreated  a\n│x\n"
        );
        assert_eq!(
            Outcome::does_not_build("error[E0433]: no").to_string(),
            "does not build: error[E0433]: no\n"
        );
        assert_eq!(Outcome::does_not_compose("no").to_string(), "does not compose: no\n");
    }

    #[test]
    fn taken_apart() {
        let drawn = "exit 1\nstdout\n│files\n(no newline at the end)\nfiles\ncreated  stderr\n│x\n";
        let parts = Parts {
            exit: "exit 1",
            stdout: "│files\n(no newline at the end)\n",
            stderr: "",
            files: "created  stderr\n│x\n",
        };
        assert_eq!(Parts::of(drawn), parts);
        assert_eq!(Parts::of("timed out\n"), Parts { exit: "timed out", ..Parts::default() });
        assert_eq!(
            Parts::of("exit 0\nstdout\n(cut here)\nstderr\n│x\n"),
            Parts { exit: "exit 0", stdout: "(cut here)\n", stderr: "│x\n", files: "" }
        );
    }

    #[test]
    fn cut() {
        let outcome =
            Outcome { exit: "too much output".into(), stdout: stream("yes\n", true), ..Outcome::default() };
        assert_eq!(outcome.to_string(), "too much output\nstdout\n│yes\n(cut here)\n");
    }
}
