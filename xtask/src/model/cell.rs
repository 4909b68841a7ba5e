//! Cells: the individual runs. Their outcomes are compared.

use std::path::{Path, PathBuf};

use crate::model::case::{Case, MOUNT, Row};
use crate::model::column::{Column, Unit};
use crate::model::example::Example;
use crate::model::target::Target;

/// One run of a program: an example and a case of it, with one row and one column of the table.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    pub example: &'a Example,
    pub case: &'a Case,
    pub row: &'a Row,
    pub column: &'a Column,
}

/// The position of a cell in the table of its case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The name of the row.
    pub row: String,
    /// The name of the column.
    pub column: String,
}

impl Position {
    /// Returns the position in `row` of the pinned column of a target.
    pub fn pinned(row: &str, target: Target) -> Position {
        Position { row: row.into(), column: target.to_string() }
    }
}

impl Cell<'_> {
    /// Returns the id of the cell, such as `cat/sample/dir-here@wasip2`.
    pub fn id(&self) -> String {
        format!("{}@{}", self.row_id(), self.column)
    }

    /// Returns the id of its row, such as `cat/sample/dir-here`.
    pub fn row_id(&self) -> String {
        format!("{}/{}", self.case_id(), self.row.name)
    }

    /// Returns the id of its case, such as `cat/sample`.
    pub fn case_id(&self) -> String {
        format!("{}/{}", self.example.name, self.case.name)
    }

    /// Returns the cell's own directory in `scratch` for one of its repetitions, which are counted from 0. No
    /// name contains `.` or `@`, and no column `~`, so no two cells share a directory.
    pub fn dir(&self, scratch: &Path, round: usize) -> PathBuf {
        let round = if round == 0 { String::new() } else { format!("~{round}") };
        let Cell { example, case, row, column } = self;
        scratch.join(format!("{}.{}.{}@{column}{round}", example.name, case.name, row.name))
    }

    /// Returns the directory of its peer. It is not in the cell's directory, so that files of the peer do not
    /// count as changes by the program.
    pub fn peer_dir(&self, scratch: &Path, round: usize) -> PathBuf {
        let mut dir = self.dir(scratch, round).into_os_string();
        dir.push("~peer");
        dir.into()
    }

    /// Whether it needs a directory on another mount than that of its scratch directory.
    pub fn needs_mount(&self) -> bool {
        let dirs = self.row.grant.dirs.iter().map(|dir| &dir.host);
        self.case.args.iter().chain(&self.row.flags).chain(dirs).any(|word| word.contains(MOUNT))
    }

    /// Returns the unit of its program.
    pub fn unit(&self) -> Unit {
        self.column.unit(&self.example.name)
    }

    /// Returns its position in the table of its case.
    pub fn position(&self) -> Position {
        Position { row: self.row.name.clone(), column: self.column.to_string() }
    }
}

/// Returns all cells of `examples` in `columns`, ordered by example, case, row and column.
pub fn all<'a>(examples: &'a [Example], columns: &'a [Column]) -> Vec<Cell<'a>> {
    let mut cells = Vec::new();
    for example in examples {
        for case in &example.cases {
            for row in &case.rows {
                for column in columns.iter().filter(|column| case.runs(row, column)) {
                    cells.push(Cell { example, case, row, column });
                }
            }
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_cell_has_its_own_directory() {
        let cases = vec![Case::plain("a"), Case::plain("b")];
        let examples = [Example::with_cases("x", cases)];
        let columns =
            ["wasip1", "wasip1+rust-1.93.0", "wasip1+rust-1.93.1"].map(|name| name.parse().unwrap());
        let cells = all(&examples, &columns);
        let dirs = cells.iter().flat_map(|cell| {
            (0..3).flat_map(|round| [cell.dir(Path::new("s"), round), cell.peer_dir(Path::new("s"), round)])
        });
        assert_eq!(dirs.collect::<BTreeSet<_>>().len(), 2 * 3 * 3 * 2);
    }
}
