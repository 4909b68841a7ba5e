//! Selects cells by the filters of a command line.

use std::collections::BTreeMap;

use crate::model::cell::Cell;
use crate::model::target::Target;

/// The filters of a command line. An empty filter selects all cells.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Each is the name of an example, the id of a case, row or cell, or else a substring of cell ids. With a
    /// `/` at the end it is never a substring. If `exact` is set, all are ids of cells or cases.
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

    /// How each of the parts selects among `all` cells.
    fn ways(&self, all: &[Cell<'_>]) -> Vec<Way<'_>> {
        let way = |part| {
            let name = str::strip_suffix(part, "/").unwrap_or(part);
            match name.len() < part.len() || all.iter().any(|cell| is_in(cell, name)) {
                _ if self.exact => Way::Exact(part),
                true => Way::Named(name),
                false => Way::Substring(part),
            }
        };
        self.parts.iter().map(String::as_str).map(way).collect()
    }

    fn selects(&self, cell: &Cell<'_>, ways: &[Way<'_>]) -> bool {
        let id = cell.id();
        (ways.is_empty() || ways.iter().any(|way| way.selects(cell)))
            && !self.skip.iter().any(|part| id.contains(part.as_str()))
            && (self.targets.is_empty() || self.targets.contains(&cell.column.target))
            && (self.rows.is_empty() || self.rows.contains(&cell.row.name))
    }

    /// Returns those of `cells` that are selected, in the same order. Cells of the same case are in the same
    /// part of a partition.
    pub fn select<'a>(&self, cells: Vec<Cell<'a>>) -> Vec<Cell<'a>> {
        let ways = self.ways(&cells);
        let mut selected: Vec<_> = cells.into_iter().filter(|cell| self.selects(cell, &ways)).collect();
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

    /// Returns each part that, as a substring, selects cells of several examples, with the names of these
    /// examples. `all` are all cells, and `selected` those that are selected.
    pub fn ambiguous<'a>(&self, all: &[Cell<'a>], selected: &[Cell<'a>]) -> Vec<(String, Vec<&'a str>)> {
        let substrings = self.ways(all).into_iter().filter_map(|way| match way {
            Way::Substring(part) => Some(part),
            Way::Exact(_) | Way::Named(_) => None,
        });
        substrings
            .map(|part| {
                let matched = selected.iter().filter(|cell| cell.id().contains(part));
                let mut examples: Vec<_> = matched.map(|cell| cell.example.name.as_str()).collect();
                examples.dedup();
                (part.to_string(), examples)
            })
            .filter(|(_, examples)| examples.len() > 1)
            .collect()
    }
}

/// How a part of a command line selects cells.
enum Way<'a> {
    /// It is the id of a cell or case.
    Exact(&'a str),
    /// It is the name of an example, or the id of a case, row or cell: it selects these cells only.
    Named(&'a str),
    /// It selects all cells with an id that contains it.
    Substring(&'a str),
}

impl Way<'_> {
    fn selects(&self, cell: &Cell<'_>) -> bool {
        match self {
            Way::Exact(part) => *part == cell.id() || *part == cell.case_id(),
            Way::Named(name) => is_in(cell, name),
            Way::Substring(part) => cell.id().contains(part),
        }
    }
}

/// Whether `name` is that of the cell's example, or the id of its case, its row or the cell itself.
fn is_in(cell: &Cell<'_>, name: &str) -> bool {
    name == cell.example.name || name == cell.case_id() || name == cell.row_id() || name == cell.id()
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
    fn whole_names_select_only_what_they_name() {
        let mut examples = examples();
        examples.push(Example::with_cases("concat", vec![Case::plain("sample"), Case::plain("cat")]));
        let columns = [Column::pinned(Target::Native)];
        let all = cell::all(&examples, &columns);
        for (part, ids, ambiguous) in [
            ("cat", &["cat/sample", "cat/absent"][..], None),
            ("cat/", &["cat/sample", "cat/absent"], None),
            ("concat/cat", &["concat/cat"], None),
            ("cat/sample", &["cat/sample"], None),
            ("sample", &["cat/sample", "concat/sample"], Some(vec!["cat", "concat"])),
            ("at/sam", &["cat/sample", "concat/sample"], Some(vec!["cat", "concat"])),
            ("hell", &["hello/default"], None),
            ("at/", &[], None),
        ] {
            let filter = Filter { parts: vec![part.into()], ..Filter::default() };
            let selected = filter.select(all.clone());
            assert_eq!(selected.iter().map(Cell::case_id).collect::<Vec<_>>(), ids, "{part}");
            let expected: Vec<_> =
                ambiguous.map(|examples| (part.to_string(), examples)).into_iter().collect();
            assert_eq!(filter.ambiguous(&all, &selected), expected, "{part}");
        }
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
        check(parts(&["cat/absent/"]), &["cat/absent/default@native"]);
        check(parts(&["ca/"]), &[]);
        check(
            Filter { skip: vec!["cat".into(), "@wasip".into()], ..Filter::default() },
            &["hello/default/default@native"],
        );
        check(
            Filter { targets: vec![Target::Wasip2], rows: vec!["dir-here".into()], ..Filter::default() },
            &["cat/sample/dir-here@wasip2"],
        );
        check(parts(&["cat/sample/dir-here@wasip1"]), &["cat/sample/dir-here@wasip1"]);
        check(Filter { partition: Some((2, 3)), ..Filter::default() }, &["cat/absent/default@native"]);
    }
}
