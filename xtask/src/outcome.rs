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
    pub stdout: String,
    pub stderr: String,
    /// The drawn changes of the scratch folder.
    pub files: String,
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
        for (name, drawn) in
            [("stdout", bars(&self.stdout)), ("stderr", bars(&self.stderr)), ("files", self.files.clone())]
        {
            if !drawn.is_empty() {
                write!(f, "{name}\n{drawn}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn() {
        let outcome = Outcome {
            exit: "exit 1".into(),
            stdout: "one\ntwo".into(),
            stderr: String::new(),
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
}
