//! How a wasm target compares with native in a case: what differs, and which flags restore what native does.

use crate::model::case::DEFAULT_ROW;
use crate::model::cell::Position;
use crate::model::outcome::{End, Outcome};
use crate::model::target::Target;
use crate::snapshot::format::Drawn;
use crate::snapshot::table::{Slot, Table};

/// How a wasm target compares with native.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// There is nothing to compare, for this reason.
    NotCompared(&'static str),
    /// Without flags, the target does what native does. In the rows `unless`, it does not.
    Agrees { unless: Vec<Unless> },
    /// Without flags, the target differs from native.
    Differs {
        /// What differs without flags, in a few words.
        how: String,
        /// The rows in which the target does what native does.
        restored_by: Vec<Row>,
        /// If there is no such row, and the end differs without flags: the first row in which the target ends
        /// as native does, and what still differs.
        nearest: Option<Unless>,
    },
}

/// A row in which a target differs from native.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unless {
    pub row: Row,
    /// What differs, in a few words.
    pub how: String,
}

/// A row of the case other than `default`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    /// The flags as the snapshot shows them.
    pub flags: String,
}

impl Agreement {
    /// Compares `target` with native in the accepted table of a case.
    pub fn of(table: &Table, target: Target) -> Agreement {
        let slot =
            |row: &str, target: Target| table.slot(&Position { row: row.into(), column: target.to_string() });
        let (native, here) = match (slot(DEFAULT_ROW, Target::Native), slot(DEFAULT_ROW, target)) {
            (Some(Slot::Ran(native)), Some(Slot::Ran(here))) => (native, here),
            (None | Some(Slot::Never), _) => return Agreement::NotCompared("no native"),
            (_, None | Some(Slot::Never)) => return Agreement::NotCompared("only native"),
            _ => return Agreement::NotCompared("not recorded"),
        };
        let others = table.rows().filter(|(name, _)| *name != DEFAULT_ROW);
        let others = others.filter_map(|(name, flags)| match slot(name, target) {
            Some(Slot::Ran(outcome)) => Some((Row { name: name.into(), flags: flags.into() }, outcome)),
            _ => None,
        });
        if here == native {
            let differs = others.filter(|(_, outcome)| *outcome != native);
            let unless = |(row, outcome): (_, &Drawn)| Unless {
                row,
                how: difference(&native.outcome, &outcome.outcome),
            };
            return Agreement::Agrees { unless: differs.map(unless).collect() };
        }
        let others: Vec<_> = others.collect();
        let restored_by = others.iter().filter(|(_, outcome)| *outcome == native);
        let restored_by: Vec<_> = restored_by.map(|(row, _)| row.clone()).collect();
        let ends_alike = |other: &Drawn| other.outcome.end == native.outcome.end;
        let nearest = others
            .iter()
            .find(|(_, outcome)| restored_by.is_empty() && !ends_alike(here) && ends_alike(outcome))
            .map(|(row, outcome)| Unless {
                row: row.clone(),
                how: difference(&native.outcome, &outcome.outcome),
            });
        Agreement::Differs { how: difference(&native.outcome, &here.outcome), restored_by, nearest }
    }

    /// Whether the target differs from native without flags.
    pub fn differs(&self) -> bool {
        matches!(self, Agreement::Differs { .. })
    }
}

/// The letters of the row without flags: one for each target, including targets that the case does not have.
pub fn letters(table: &Table) -> String {
    let letter =
        |target: Target| table.letter(&Position { row: DEFAULT_ROW.into(), column: target.to_string() });
    Target::ALL.map(letter).concat()
}

/// What differs between two outcomes, in a few words. If the ends differ, only these are named, because then
/// most of the rest differs as well.
fn difference(native: &Outcome, here: &Outcome) -> String {
    let parts = [
        ("stdout", native.stdout != here.stdout),
        ("stderr", native.stderr != here.stderr),
        ("files", (&native.files, &native.more_files) != (&here.files, &here.more_files)),
    ];
    let differing = parts.iter().filter(|(_, differs)| *differs).map(|(part, _)| *part);
    ending(native, here).unwrap_or_else(|| differing.collect::<Vec<_>>().join(", "))
}

/// How the ends of two outcomes differ, if they do.
fn ending(native: &Outcome, here: &Outcome) -> Option<String> {
    if (&native.end, native.left_running) == (&here.end, here.left_running) {
        return None;
    }
    let (was, is) = (native.end.label(), here.end.label());
    Some(match (&native.end, &here.end) {
        (End::Exit(was), End::Exit(is)) => format!("exit {was} → {is}"),
        _ if was == is => "different error".into(),
        (End::Exit(0), _) => is,
        _ => format!("{was} → {is}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(native: &str, here: &str, words: &str) {
        let [native, here] = [native, here].map(|text| Drawn::read(text).unwrap().outcome);
        assert_eq!(difference(&native, &here), words);
    }

    #[test]
    fn ends_that_differ() {
        check("exit 3\n", "exit 1\n", "exit 3 → 1");
        check("exit 0\nstdout\n│x\n", "exit 1\nstderr\n│y\n", "exit 0 → 1");
        check("exit 0\nstdout\n│x\n", "trap: call stack exhausted\n", "trap");
        check("exit 101\n", "trap: wasm `unreachable` instruction executed\n", "exit 101 → trap");
        check("signal SIGABRT\n", "trap: out of bounds memory access\n", "SIGABRT → trap");
        check("timed out\n", "exit 0\n", "timed out → exit 0");
        check("exit 0\n", "timed out\n", "timed out");
        check("exit 0\n", "too much output\nstdout\n│y\n(cut here)\n", "too much output");
        check("exit 0\nstdout\n│x\n", "does not build: error[E0433]: cannot find `unix`\n", "does not build");
        check("exit 1\nstdout\n│x\n", "refused: unknown import: `a::b`\n", "exit 1 → refused");
        check("does not build: error: one\n", "does not build: error: another\n", "different error");
    }

    #[test]
    fn outputs_and_files_that_differ() {
        check("exit 1\nstderr\n│(os error 2)\n", "exit 1\nstderr\n│(os error 44)\n", "stderr");
        check("exit 0\nstdout\n│x\n", "exit 0\nfiles\ncreated  a (empty)\n", "stdout, files");
        check("exit 0\nstdout\n│x\n", "exit 0\nstdout\n│x\n(no newline at the end)\n", "stdout");
    }

    const OUTCOMES: &str = "\nA  exit 3\n\nB  exit 1\n\nC  trap: x\n";

    fn table(rows: &str) -> Table {
        Table::parse(&format!("$ x\n{rows}{OUTCOMES}")).unwrap()
    }

    fn row(name: &str, flags: &str) -> Row {
        Row { name: name.into(), flags: flags.into() }
    }

    #[test]
    fn flags_that_restore() {
        let table = table(
            "         native  wasip1  wasip2  wasmtime flags\n\
             default  A B C\n\
             one      · A B -S one\n\
             two      · A · -S two\n",
        );
        let agreement = |target| Agreement::of(&table, target);
        assert_eq!(
            agreement(Target::Wasip1),
            Agreement::Differs {
                how: "exit 3 → 1".into(),
                restored_by: vec![row("one", "-S one"), row("two", "-S two")],
                nearest: None,
            }
        );
        assert_eq!(
            agreement(Target::Wasip2),
            Agreement::Differs { how: "exit 3 → trap".into(), restored_by: vec![], nearest: None }
        );
        assert_eq!(letters(&table), "ABC");
    }

    #[test]
    fn flags_that_nearly_restore() {
        let table = Table::parse(
            "$ x\n native wasip1 wasip2 wasmtime flags\ndefault A B D\none · B D -S one\ntwo · C D -S two\n\n\
             A  exit 0\n   stdout\n   │x\n\nB  exit 1\n\nC  exit 0\n\nD  exit 0\n   stdout\n   │y\n",
        )
        .unwrap();
        let nearest = |target| match Agreement::of(&table, target) {
            Agreement::Differs { nearest, .. } => nearest,
            _ => None,
        };
        let two = Unless { row: row("two", "-S two"), how: "stdout".into() };
        assert_eq!(nearest(Target::Wasip1), Some(two));
        // It ends as natively even without flags.
        assert_eq!(nearest(Target::Wasip2), None);
    }

    #[test]
    fn flags_with_which_an_equal_target_differs() {
        let table = table(
            " native wasip1 wasip2 wasmtime flags\ndefault A A ?\nfuel · C B -W fuel=1\nmore · A A -W x\n",
        );
        let unless = Unless { row: row("fuel", "-W fuel=1"), how: "exit 3 → trap".into() };
        assert_eq!(Agreement::of(&table, Target::Wasip1), Agreement::Agrees { unless: vec![unless] });
        assert_eq!(Agreement::of(&table, Target::Wasip2), Agreement::NotCompared("not recorded"));
        assert_eq!(letters(&table), "AA?");
    }

    #[test]
    fn nothing_to_compare_with() {
        let without_native = table(" wasip1 wasmtime flags\ndefault A\none B -S one\ntwo C -S two\n");
        assert_eq!(Agreement::of(&without_native, Target::Wasip1), Agreement::NotCompared("no native"));
        assert_eq!(letters(&without_native), "·A·");
        let native = Table::parse("$ x\n native\ndefault A\n\nA  exit 0\n").unwrap();
        assert_eq!(Agreement::of(&native, Target::Wasip1), Agreement::NotCompared("only native"));
    }
}
