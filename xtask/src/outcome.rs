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
    }

    #[test]
    fn cut() {
        let outcome =
            Outcome { exit: "too much output".into(), stdout: stream("yes\n", true), ..Outcome::default() };
        assert_eq!(outcome.to_string(), "too much output\nstdout\n│yes\n(cut here)\n");
    }
}
