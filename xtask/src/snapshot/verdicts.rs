//! The verdicts on the cells of a table.

use crate::model::case::DEFAULT_ROW;
use crate::model::cell::Position;
use crate::model::target::Target;
use crate::model::verdict::Verdict;
use crate::snapshot::table::Table;

/// Returns the verdict on the cell at `position`, if it has an outcome. Native cells have no verdict, because
/// the others are compared with them.
pub fn of_cell(table: &Table, position: &Position) -> Option<Verdict> {
    if position.column.split('+').next() == Some(Target::Native.name()) {
        return None;
    }
    let native = Position { row: DEFAULT_ROW.into(), column: Target::Native.name().into() };
    let native = table.outcome(&native).map(|drawn| &drawn.outcome);
    Some(Verdict::of(native, &table.outcome(position)?.outcome))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::model::outcome::End;
    use crate::snapshot::store::{self, Location};

    /// The accepted table of every case of this repository, by its id.
    fn recorded() -> BTreeMap<String, Table> {
        let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("snapshots");
        let paths = |directory: &Path| {
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
        };
        let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_string();
        let mut tables = BTreeMap::new();
        for directory in paths(&snapshots).iter().filter(|path| path.is_dir()) {
            let is_snapshot = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "snap");
            for file in paths(directory).iter().filter(is_snapshot) {
                let (example, case) = (name(directory), name(file));
                let snapshot = store::accepted(&Location::new(&snapshots, &example, &case)).unwrap();
                tables.insert(format!("{example}/{case}"), snapshot.expect("a snapshot").table);
            }
        }
        tables
    }

    #[test]
    fn every_recorded_cell_has_a_verdict() {
        let mut cells = 0;
        for (case, table) in recorded() {
            for position in table.positions() {
                let Some(verdict) = of_cell(&table, &position) else {
                    assert!(position.column.starts_with("native"));
                    continue;
                };
                let here = &table.outcome(&position).unwrap().outcome.end;
                let has_native = table.positions().any(|position| position.column == "native");
                let is_same = table.letter(&position) == "A" && has_native;
                let fails_to_build = matches!(here, End::DoesNotBuild(_) | End::DoesNotCompose(_));
                let id = format!("{case}/{}@{}: {verdict:?}", position.row, position.column);
                assert_eq!(verdict == Verdict::Same, is_same, "{id}");
                assert_eq!(
                    matches!(verdict, Verdict::Build(_)),
                    fails_to_build && has_native && !is_same,
                    "{id}"
                );
                if verdict == Verdict::Wording {
                    assert!(matches!(here, End::Exit(_)), "{id}");
                }
                cells += 1;
            }
        }
        assert!(cells > 1000, "{cells}");
    }

    /// The expected verdicts were assigned by reading the snapshots.
    #[test]
    fn verdicts_match_those_given_by_hand() {
        let tables = recorded();
        for (verdict, cells) in [
            (
                "same",
                &[
                    "hello/default/default@wasip2",
                    "cat/sample/dir-here@wasip1",
                    "fs-seek/append/dir-here@wasip2",
                ][..],
            ),
            ("build", &["build-libc/default/default@wasip1", "build-linux/default/default@wasip2"]),
            (
                "abort",
                &[
                    "env-directories/temp/default@wasip1",
                    "flags-refused/removed/threads@wasip1",
                    "net-options/peer-gone/network@wasip2",
                ],
            ),
            ("no baseline", &["abort/default/default@wasip2"]),
            (
                "error",
                &[
                    "cat/sample/default@wasip1",
                    "exit-code/exit-3/default@wasip2",
                    "thread-spawn/builder/default@wasip1",
                    "io-descriptors/copy/default@wasip2",
                    "backtrace-capture/default/default@wasip1",
                    "net-udp/options/network@wasip2",
                ],
            ),
            (
                "wording",
                &[
                    "cat/absent/dir-here@wasip1",
                    "fs-list/make/dir-here@wasip2",
                    "fs-list/remove/dir-here@wasip1",
                    "fs-symlinks/loop/dir-here@wasip1",
                    "io-stdout/full/default@wasip1",
                    "net-connect/refused/network@wasip2",
                ],
            ),
            (
                "output",
                &[
                    "thread-parallelism/default/default@wasip2",
                    "env-arguments/name/default@wasip1",
                    "env-directories/change/dir-here@wasip1",
                    "fs-seek/mixed/dir-here@wasip2",
                    "memory-usize/convert/default@wasip1",
                    "thread-park/timeout/default@wasip2",
                ],
            ),
        ] {
            for id in cells {
                let (row, column) = id.split_once('@').unwrap();
                let (case, row) = row.rsplit_once('/').unwrap();
                let position = Position { row: row.into(), column: column.into() };
                let found = of_cell(&tables[case], &position).unwrap_or_else(|| panic!("{id}: no outcome"));
                assert_eq!(found.name(), verdict, "{id}: {found:?}");
            }
        }
    }
}
