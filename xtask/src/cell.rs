//! Cells: one run each, and which of them a command line selects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::build::Unit;
use crate::cases::{Case, FlagSet};
use crate::example::Example;
use crate::table::Place;
use crate::target::Target;

/// One run: an example, a case, a flag set, a target.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    pub example: &'a Example,
    pub case: &'a Case,
    pub flag_set: &'a FlagSet,
    pub target: Target,
}

impl Cell<'_> {
    /// `cat/sample/dir-here@wasip2`
    pub fn id(&self) -> String {
        format!("{}/{}@{}", self.case_id(), self.flag_set.name, self.target)
    }

    /// `cat/sample`
    pub fn case_id(&self) -> String {
        format!("{}/{}", self.example.name, self.case.name)
    }

    /// The cell's own folder below `scratch`, for its `round`-th repetition, from 0. Names have no
    /// dots, so no two cells share one.
    pub fn dir(&self, scratch: &Path, round: usize) -> PathBuf {
        let round = if round == 0 { String::new() } else { format!(".{round}") };
        let Cell { example, case, flag_set, target } = self;
        scratch.join(format!("{}.{}.{}.{target}{round}", example.name, case.name, flag_set.name))
    }

    /// The folder of its peer, beside its own: neither counts as what the other has left behind.
    pub fn peer_dir(&self, scratch: &Path, round: usize) -> PathBuf {
        let mut dir = self.dir(scratch, round).into_os_string();
        dir.push(".peer");
        dir.into()
    }

    /// What is built of its program.
    pub fn unit(&self) -> Unit {
        (self.example.name.clone(), self.target)
    }

    /// Where its outcome stands in the table of its case.
    pub fn place(&self) -> Place {
        (self.flag_set.name.clone(), self.target.to_string())
    }
}

/// All cells of these examples: by example, case, row and column.
pub fn all(examples: &[Example]) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    for example in examples {
        for case in &example.cases {
            for flag_set in &case.flag_sets {
                for target in Target::ALL {
                    if case.runs(flag_set, target) {
                        cells.push(Cell { example, case, flag_set, target });
                    }
                }
            }
        }
    }
    cells
}

/// Which cells a command line selects. All that is empty selects all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Parts of cell ids, or whole ids of cells or cases if `exact`.
    pub parts: Vec<String>,
    pub exact: bool,
    /// Parts of the ids of cells to leave out.
    pub skip: Vec<String>,
    pub targets: Vec<Target>,
    pub flag_sets: Vec<String>,
    /// The M-th of N parts of all cases, counted from 1.
    pub partition: Option<(usize, usize)>,
}

impl Filter {
    /// Whether this selects all there is.
    pub fn is_everything(&self) -> bool {
        self.parts.is_empty()
            && self.skip.is_empty()
            && self.targets.is_empty()
            && self.flag_sets.is_empty()
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
            && (self.targets.is_empty() || self.targets.contains(&cell.target))
            && (self.flag_sets.is_empty() || self.flag_sets.contains(&cell.flag_set.name))
    }

    /// The selected ones of `cells`, in their order. Parts of a partition are made of whole cases.
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
    use crate::cases::{self, Packages};
    use crate::fixture::Fixture;

    fn examples() -> Vec<Example> {
        let example = |name: &str, text: &str| Example {
            name: name.into(),
            summary: None,
            area: None,
            cases: cases::parse(text, &Packages { own: name, modules: &[] }).unwrap(),
            modules: Vec::new(),
            fixture: Fixture::default(),
        };
        vec![
            example("cat", "[sample]\nflags.dir-here = ['--dir=.']\n[absent]\ntargets = ['native']\n"),
            example("hello", "[default]\n"),
        ]
    }

    #[track_caller]
    fn check(filter: Filter, ids: &[&str]) {
        let examples = examples();
        let selected: Vec<_> = filter.select(all(&examples)).iter().map(Cell::id).collect();
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
            Filter { targets: vec![Target::WASIP2], flag_sets: vec!["dir-here".into()], ..Filter::default() },
            &["cat/sample/dir-here@wasip2"],
        );
        check(Filter { partition: Some((2, 3)), ..Filter::default() }, &["cat/absent/default@native"]);
    }
}
