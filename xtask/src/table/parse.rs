//! Reading a drawn table back.

use std::collections::BTreeMap;

use super::{COMPOSED_TITLE, FLAGS_TITLE, INDENT, NEVER, Row, Slot, Table, UNKNOWN};

impl Table {
    /// Reads a drawn table.
    ///
    /// # Errors
    /// If it is no such drawing, with the number of the line, from 1, and what is wrong there.
    pub fn parse(text: &str) -> Result<Table, (usize, String)> {
        let lines: Vec<&str> = text.lines().collect();
        let end_of_head =
            lines.iter().position(|line| line.starts_with(' ')).ok_or((1, "no table".to_string()))?;
        if !lines[0].starts_with("$ ") {
            return Err((1, "a snapshot begins with `$ ` and the command line".into()));
        }
        let head = lines[..end_of_head].iter().fold(String::new(), |head, line| head + line + "\n");
        let titles = lines[end_of_head].trim_end();
        let without = |title| titles.strip_suffix(title);
        let titles = without(FLAGS_TITLE).or_else(|| without(COMPOSED_TITLE)).unwrap_or(titles);
        let columns: Vec<String> = titles.split_whitespace().map(String::from).collect();
        if columns.is_empty() {
            return Err((end_of_head + 1, "a table without columns".into()));
        }

        let body = &lines[end_of_head + 1..];
        let end_of_rows = body.iter().position(|line| line.is_empty()).unwrap_or(body.len());
        let (blocks, first_block_line) = (&body[end_of_rows..], end_of_head + 2 + end_of_rows);
        let outcomes = parse_outcomes(blocks, first_block_line)?;

        let mut rows: Vec<Row> = Vec::new();
        for (index, line) in body[..end_of_rows].iter().enumerate() {
            let number = end_of_head + 2 + index;
            let row = parse_row(line, columns.len(), &outcomes).map_err(|what| (number, what))?;
            if rows.iter().any(|other| other.name == row.name) {
                return Err((number, format!("a second row `{}`", row.name)));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Err((end_of_head + 1, "a table without rows".into()));
        }
        let table = Table { head, columns, rows };
        let unused = outcomes.len() - table.letters().1.len();
        if unused > 0 {
            return Err((first_block_line, "an outcome that no letter in the table stands for".into()));
        }
        Ok(table)
    }
}

fn parse_row(line: &str, columns: usize, outcomes: &BTreeMap<&str, String>) -> Result<Row, String> {
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
                None => return Err(format!("no outcome `{letter}` below the table")),
            },
        });
    }
    Ok(Row { name, slots, flags: rest.trim_end().to_string() })
}

/// Reads the blocks below a table: a blank line, a letter with the first line, further lines.
fn parse_outcomes<'a>(lines: &[&'a str], first: usize) -> Result<BTreeMap<&'a str, String>, (usize, String)> {
    let mut outcomes: BTreeMap<&str, String> = BTreeMap::new();
    let mut current: Option<(&str, String)> = None;
    for (index, line) in lines.iter().enumerate() {
        if line.is_empty() {
            if let Some((letter, outcome)) = current.take() {
                outcomes.insert(letter, outcome);
            }
        } else if let Some((_, outcome)) = &mut current {
            let line = line.strip_prefix(INDENT).filter(|line| !line.is_empty());
            let line =
                line.ok_or((first + index, "a line that is not indented, or has nothing else".to_string()))?;
            outcome.push_str(line);
            outcome.push('\n');
        } else {
            let (letter, line) = line.split_once(' ').unwrap_or((line, ""));
            let known = outcomes.contains_key(letter);
            let is_letter = !letter.is_empty() && letter.chars().all(|c| c.is_ascii_uppercase());
            if !is_letter || known || line.trim_start().is_empty() {
                return Err((first + index, "here an outcome with its letter is expected".into()));
            }
            current = Some((letter, format!("{}\n", line.trim_start())));
        }
    }
    outcomes.extend(current);
    Ok(outcomes)
}
