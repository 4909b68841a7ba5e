//! Which lines of an outcome a snapshot marks: those that the first outcome does not have, so that the eye finds
//! the difference.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// How many lines two outcomes may have together. The time to compare longer ones grows with the square of this,
/// and nobody reads them line by line.
const MOST_LINES: usize = 1000;

/// Lines that say what follows. They are never marked.
const TITLES: [&str; 3] = ["stdout", "stderr", "files"];

/// Returns, for each line of the drawn `outcome`, whether it is marked: it is not a title, and a comparison with
/// the drawn outcome `first` finds it to be new. The first line, which is the end, is next to the letter and is
/// not marked.
pub fn marks(first: &str, outcome: &str) -> Vec<bool> {
    let (old, new): (Vec<_>, Vec<_>) = (first.lines().collect(), outcome.lines().collect());
    let mut marks = vec![false; new.len()];
    if old.len() + new.len() > MOST_LINES {
        return marks;
    }
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if let DiffOp::Insert { new_index, new_len, .. } | DiffOp::Replace { new_index, new_len, .. } = op {
            marks[new_index..new_index + new_len].fill(true);
        }
    }
    for (index, (mark, line)) in marks.iter_mut().zip(&new).enumerate() {
        *mark = *mark && index > 0 && !TITLES.contains(line);
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first: &str, outcome: &str, expected: &str) {
        let sign = |mark: &bool| if *mark { '>' } else { '-' };
        assert_eq!(marks(first, outcome).iter().map(sign).collect::<String>(), expected);
    }

    #[test]
    fn new_lines_are_marked() {
        check("exit 0\nstdout\n│a\n│b\n", "exit 0\nstdout\n│a\n│x\n", "---\u{3e}");
        check("exit 0\nstdout\n│a\n│b\n", "exit 1\nstderr\n│a\n", "---");
        check("exit 0\nstdout\n│a\n", "exit 1\nstdout\n│b\n│a\n", "-->-");
        check("exit 0\n", "exit 0\nfiles\ncreated  x\n│1\n", "-->>");
    }

    #[test]
    fn order_counts() {
        check("exit 0\nstdout\n│a\n│b\n", "exit 0\nstdout\n│b\n│a\n", "-->-");
    }

    #[test]
    fn long_outcomes_are_not_marked() {
        let long = "│x\n".repeat(MOST_LINES);
        assert!(!marks("exit 0\n", &long).contains(&true));
    }
}
