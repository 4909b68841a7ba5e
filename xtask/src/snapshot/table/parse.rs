//! Parses a drawn table.

use std::collections::BTreeMap;

use super::{COMPOSED_TITLE, FLAGS_TITLE, INDENT, MARKED, NEVER, Slot, Table, TableRow, UNKNOWN};
use crate::snapshot::format::Drawn;

impl Table {
    /// Parses a drawn table.
    ///
    /// # Errors
    /// If it is malformed: the number of the line, from 1, and what is wrong there.
    pub fn parse(text: &str) -> Result<Table, (usize, String)> {
        let lines: Vec<&str> = text.lines().collect();
        let end_of_head =
            lines.iter().position(|line| line.starts_with(' ')).ok_or((1, "no table".to_string()))?;
        if !lines[0].starts_with("$ ") {
            return Err((1, "a snapshot starts with `$ ` and the command line".into()));
        }
        let head = lines[..end_of_head].iter().fold(String::new(), |head, line| head + line + "\n");
        let titles = lines[end_of_head].trim_end();
        let without = |title| titles.strip_suffix(title);
        let titles = without(FLAGS_TITLE).or_else(|| without(COMPOSED_TITLE)).unwrap_or(titles);
        let columns: Vec<String> = titles.split_whitespace().map(String::from).collect();
        if columns.is_empty() {
            return Err((end_of_head + 1, "the table has no columns".into()));
        }

        let body = &lines[end_of_head + 1..];
        let end_of_rows = body.iter().position(|line| line.is_empty()).unwrap_or(body.len());
        let (blocks, first_block_line) = (&body[end_of_rows..], end_of_head + 2 + end_of_rows);
        let outcomes = parse_outcomes(blocks, first_block_line)?;

        let mut rows: Vec<TableRow> = Vec::new();
        for (index, line) in body[..end_of_rows].iter().enumerate() {
            let number = end_of_head + 2 + index;
            let row = parse_row(line, columns.len(), &outcomes).map_err(|what| (number, what))?;
            if rows.iter().any(|other| other.name == row.name) {
                return Err((number, format!("another row is also named `{}`", row.name)));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Err((end_of_head + 1, "the table has no rows".into()));
        }
        let table = Table { head, columns, rows };
        let unused = outcomes.len() - table.letters().1.len();
        if unused > 0 {
            return Err((
                first_block_line,
                "an outcome below the table has a letter that the table does not use".into(),
            ));
        }
        Ok(table)
    }
}

fn parse_row(line: &str, columns: usize, outcomes: &BTreeMap<&str, Drawn>) -> Result<TableRow, String> {
    let mut rest = line;
    let mut word = || {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after.trim_start_matches(' ');
        word
    };
    let name = word().to_string();
    let mut slots = Vec::new();
    for _ in 0..columns {
        slots.push(match word() {
            "" => return Err(format!("the row `{name}` has fewer than {columns} cells")),
            NEVER => Slot::Never,
            UNKNOWN => Slot::Unknown,
            letter => match outcomes.get(letter) {
                Some(outcome) => Slot::Ran(outcome.clone()),
                None => return Err(format!("there is no outcome `{letter}` below the table")),
            },
        });
    }
    Ok(TableRow { name, slots, flags: rest.trim_end().to_string() })
}

/// Parses the blocks below a table. Each is a blank line, a line with the letter, and more lines. `first` is
/// the number of the first of `lines`.
fn parse_outcomes<'a>(lines: &[&'a str], first: usize) -> Result<BTreeMap<&'a str, Drawn>, (usize, String)> {
    let mut outcomes = BTreeMap::new();
    let mut block = Vec::new();
    // The blank line after the last block may be missing.
    for (number, line) in (first..).zip(lines.iter().chain([&""])) {
        if !line.is_empty() {
            block.push((number, *line));
            continue;
        }
        let Some(((start, line), rest)) = block.split_first() else { continue };
        let (letter, line) = line.split_once(' ').unwrap_or((line, ""));
        let is_letter = !letter.is_empty() && letter.chars().all(|c| c.is_ascii_uppercase());
        if !is_letter || outcomes.contains_key(letter) || line.trim_start().is_empty() {
            return Err((*start, "expected an outcome with its letter".into()));
        }
        let mut text = format!("{}\n", line.trim_start());
        for (number, line) in rest {
            let line = line
                .strip_prefix(INDENT)
                .or_else(|| line.strip_prefix(MARKED))
                .filter(|line| !line.is_empty());
            text.push_str(
                line.ok_or((*number, "this line is not indented, or has only an indentation".to_string()))?,
            );
            text.push('\n');
        }
        let outcome = Drawn::read(&text).map_err(|(line, what)| (start + line - 1, what))?;
        outcomes.insert(letter, outcome);
        block.clear();
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::case::{Case, Row};
    use crate::model::cell::Position;
    use crate::model::column::Column;
    use crate::model::target::Target;
    use crate::support::escape::is_hidden;

    /// Whatever a `cases.toml` may have, the drawn table is visible and can be parsed.
    #[test]
    fn tables_of_hostile_cases_can_be_parsed() {
        let parts = [
            "a",
            " ",
            "\n",
            "\t",
            "\r",
            "\u{1b}[2J",
            "\u{202e}",
            "\u{2028}",
            "'",
            "\\",
            "A  exit 0",
            "$ ",
            "│",
        ];
        let mut random = fastrand::Rng::with_seed(1);
        let mut text =
            || (0..random.usize(..6)).map(|_| parts[random.usize(..parts.len())]).collect::<String>();
        let ran =
            [(Position::pinned("x", Target::Wasip1), Drawn::read("exit 0\nstdout\n│x\n").unwrap())].into();
        for _ in 0..2_000 {
            let mut case = Case::plain("sample");
            case.args = vec![text(), text()];
            case.stdin = text();
            case.fifos = vec![text().into()];
            case.env = [(text().replace(is_hidden, "_") + "A", text())].into();
            case.rows.push(Row { name: "x".into(), flags: vec![text(), text()], ..Row::default() });
            let table = Table::empty("cat", &case, &Column::all_pinned()).merge(None, &ran);
            let drawn = table.draw();
            assert!(!drawn.contains(|c| c != '\n' && is_hidden(c)), "{drawn:?}");
            assert_eq!(Table::parse(&drawn), Ok(table), "{drawn:?}");
        }
    }
}
