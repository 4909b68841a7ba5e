//! Selects cells by the filters of a command line.

use std::collections::BTreeMap;

use crate::model::cell::Cell;
use crate::model::target::Target;

/// The filters of a command line. An empty filter selects all cells.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Substrings of cell ids; if `exact` is set, ids of cells or cases.
    pub parts: Vec<String>,
    pub exact: bool,
    /// Substrings of the ids of cells to leave out.
    pub skip: Vec<String>,
    pub targets: Vec<Target>,
    pub rows: Vec<String>,
    /// Which of how many parts of the selected cases to keep: `(1, 3)` is the first of three parts.
    pub partition: Option<(usize, usize)>,
}

impl Filter {
    /// Returns whether this selects all cells.
    pub fn is_everything(&self) -> bool {
        self.parts.is_empty()
            && self.skip.is_empty()
            && self.targets.is_empty()
            && self.rows.is_empty()
            && self.partition.is_none()
    }

    fn selects(&self, cell: &Cell<'_>) -> bool {
        let id = cell.id();
        let named = |part: &String| match self.exact {
            true => *part == id || *part == cell.case_id(),
            false => id.contains(part.as_str()),
        };
        (self.parts.is_empty() || self.parts.iter().any(named))
            && !self.skip.iter().any(|part| id.contains(part.as_str()))
            && (self.targets.is_empty() || self.targets.contains(&cell.column.target))
            && (self.rows.is_empty() || self.rows.contains(&cell.row.name))
    }

    /// Returns those of `cells` that are selected, in the same order. Cells of the same case are in the same
    /// part of a partition.
    pub fn select<'a>(&self, cells: Vec<Cell<'a>>) -> Vec<Cell<'a>> {
        let mut selected: Vec<_> = cells.into_iter().filter(|cell| self.selects(cell)).collect();
        if let Some((part, parts)) = self.partition {
            let mut numbers = BTreeMap::new();
            for cell in &selected {
                let next = numbers.len();
                numbers.entry(cell.case_id()).or_insert(next);
            }
            selected.retain(|cell| numbers[&cell.case_id()] % parts == part - 1);
        }
        selected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::case::{Case, Row};
    use crate::model::cell;
    use crate::model::column::Column;
    use crate::model::example::Example;

    fn examples() -> Vec<Example> {
        let mut sample = Case::plain("sample");
        sample.rows.push(Row { name: "dir-here".into(), flags: vec!["--dir=.".into()], ..Row::default() });
        let absent = Case { targets: vec![Target::Native], ..Case::plain("absent") };
        vec![
            Example::with_cases("cat", vec![sample, absent]),
            Example::with_cases("hello", vec![Case::plain("default")]),
        ]
    }

    #[track_caller]
    fn check(filter: Filter, ids: &[&str]) {
        let (examples, columns) = (examples(), Column::all_pinned());
        let selected: Vec<_> = filter.select(cell::all(&examples, &columns)).iter().map(Cell::id).collect();
        assert_eq!(selected, ids);
    }

    #[test]
    fn all_cells_in_order() {
        check(
            Filter::default(),
            &[
                "cat/sample/default@native",
                "cat/sample/default@wasip1",
                "cat/sample/default@wasip2",
                "cat/sample/dir-here@wasip1",
                "cat/sample/dir-here@wasip2",
                "cat/absent/default@native",
                "hello/default/default@native",
                "hello/default/default@wasip1",
                "hello/default/default@wasip2",
            ],
        );
    }

    #[test]
    fn filters() {
        let parts = |parts: &[&str]| Filter {
            parts: parts.iter().map(|part| part.to_string()).collect(),
            ..Filter::default()
        };
        check(
            parts(&["dir-here", "absent"]),
            &["cat/sample/dir-here@wasip1", "cat/sample/dir-here@wasip2", "cat/absent/default@native"],
        );
        check(Filter { exact: true, ..parts(&["cat/absent"]) }, &["cat/absent/default@native"]);
        check(
            Filter { exact: true, ..parts(&["cat/sample/default@wasip1"]) },
            &["cat/sample/default@wasip1"],
        );
        check(Filter { exact: true, ..parts(&["cat"]) }, &[]);
        check(
            Filter { skip: vec!["cat".into(), "@wasip".into()], ..Filter::default() },
            &["hello/default/default@native"],
        );
        check(
            Filter { targets: vec![Target::Wasip2], rows: vec!["dir-here".into()], ..Filter::default() },
            &["cat/sample/dir-here@wasip2"],
        );
        check(Filter { partition: Some((2, 3)), ..Filter::default() }, &["cat/absent/default@native"]);
    }
}
