//! What is printed if a command line asks for help or is wrong.

use std::ops::Range;
use std::process::exit;

use anstyle::Style;

use crate::exit::HARNESS;
use crate::support::terminal::{print_styled, say};

/// Prints what clap answers to a command line, and ends the process. The command has no styles, so that a character
/// which a terminal does not show as it is can only come from the command line.
pub fn end_with(answer: &clap::Error) -> ! {
    let text = answer.render().ansi().to_string();
    if answer.use_stderr() {
        say(text.trim_end());
    } else if let Err(error) = print_styled(&text, titles) {
        say(&format!("error: {error}"));
        exit(HARNESS.into());
    }
    exit(answer.exit_code());
}

/// The title of a section of the help, such as `Options:`.
fn titles(line: &str) -> Vec<(Range<usize>, Style)> {
    let title = line.split_inclusive(':').next().unwrap_or_default();
    let is_title = !title.starts_with(' ') && (title == "Usage:" || title == line.trim_end());
    if is_title { vec![(0..title.len(), Style::new().bold())] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_found() {
        for title in ["Options:\n", "Options of --tests:\n"] {
            assert_eq!(titles(title)[0].0, 0..title.len() - 1);
        }
        assert_eq!(titles("Usage: cargo xtask test\n")[0].0, 0..6);
        for line in ["\n", "A sentence\n", "Exit codes: 0 is fine\n", "  --option: x:\n", "          - x:\n"]
        {
            assert!(titles(line).is_empty(), "{line}");
        }
    }
}
