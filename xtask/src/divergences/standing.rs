//! How a target stands to native in a case: what differs, and which flags mend it.

use crate::cases::DEFAULT_FLAG_SET;
use crate::outcome::Parts;
use crate::table::{Slot, Table};
use crate::target::Target;

/// A wasm target, seen from native.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is nothing to compare, for a reason of two words.
    NotCompared(&'static str),
    /// Without flags it does what native does; with these it does not.
    Agrees { unless: Vec<Unless> },
    Differs {
        /// What differs without flags, in a few words.
        how: String,
        /// The flag sets with which it does what native does.
        restored_by: Vec<FlagSet>,
        /// If there is none, and without flags it ends otherwise: the first with which it ends as
        /// native does, and what differs then.
        nearest: Option<Unless>,
    },
}

/// A flag set under which a target differs from native.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unless {
    pub flag_set: FlagSet,
    pub how: String,
}

/// A row of the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagSet {
    pub name: String,
    /// As the snapshot draws them.
    pub flags: String,
}

impl Standing {
    pub fn of(table: &Table, target: Target) -> Standing {
        let slot = |row: &str, target: Target| table.slot(&(row.into(), target.to_string()));
        let (native, here) = match (slot(DEFAULT_FLAG_SET, Target::NATIVE), slot(DEFAULT_FLAG_SET, target)) {
            (Some(Slot::Ran(native)), Some(Slot::Ran(here))) => (native, here),
            (None | Some(Slot::Never), _) => return Standing::NotCompared("no native"),
            (_, None | Some(Slot::Never)) => return Standing::NotCompared("only native"),
            _ => return Standing::NotCompared("not recorded"),
        };
        let others = table.rows().filter(|(name, _)| *name != DEFAULT_FLAG_SET);
        let others = others.filter_map(|(name, flags)| match slot(name, target) {
            Some(Slot::Ran(outcome)) => Some((FlagSet { name: name.into(), flags: flags.into() }, outcome)),
            _ => None,
        });
        if here == native {
            let differs = others.filter(|(_, outcome)| *outcome != native);
            let unless =
                |(flag_set, outcome): (_, &String)| Unless { flag_set, how: difference(native, outcome) };
            return Standing::Agrees { unless: differs.map(unless).collect() };
        }
        let others: Vec<_> = others.collect();
        let restored_by = others.iter().filter(|(_, outcome)| *outcome == native);
        let restored_by: Vec<_> = restored_by.map(|(flag_set, _)| flag_set.clone()).collect();
        let ends_alike = |outcome: &str| Parts::of(native).exit == Parts::of(outcome).exit;
        let nearest = others
            .iter()
            .find(|(_, outcome)| restored_by.is_empty() && !ends_alike(here) && ends_alike(outcome))
            .map(|(flag_set, outcome)| Unless {
                flag_set: flag_set.clone(),
                how: difference(native, outcome),
            });
        Standing::Differs { how: difference(native, here), restored_by, nearest }
    }

    pub fn differs(&self) -> bool {
        matches!(self, Standing::Differs { .. })
    }
}

/// The letters of the row without flags, a sign for each of all targets.
pub fn letters(table: &Table) -> String {
    let letter = |target: Target| table.letter(&(DEFAULT_FLAG_SET.into(), target.to_string()));
    Target::ALL.map(letter).concat()
}

/// What differs between two drawn outcomes, in a few words. Where programs end differently, so does
/// most of what they leave behind, and only the ends are named.
fn difference(native: &str, here: &str) -> String {
    let (native, here) = (Parts::of(native), Parts::of(here));
    let parts = [
        ("stdout", native.stdout, here.stdout),
        ("stderr", native.stderr, here.stderr),
        ("files", native.files, here.files),
    ];
    let differing = parts.iter().filter(|(_, one, other)| one != other).map(|(part, ..)| *part);
    ending(native.exit, here.exit).unwrap_or_else(|| differing.collect::<Vec<_>>().join(", "))
}

/// How the ends of two outcomes differ, if they do.
fn ending(native: &str, here: &str) -> Option<String> {
    let (was, is) = (end(native), end(here));
    if native == here {
        None
    } else if let (Some(was), Some(is)) = (was.strip_prefix("exit "), is.strip_prefix("exit ")) {
        Some(format!("exit {was} → {is}"))
    } else if was == is {
        Some("another error".into())
    } else if was == "exit 0" {
        Some(is.into())
    } else {
        Some(format!("{was} → {is}"))
    }
}

/// The first line of an outcome without its details: `trap`, `SIGABRT`, `exit 3`.
fn end(exit: &str) -> &str {
    let (end, _) = exit.split_once(": ").unwrap_or((exit, ""));
    end.strip_prefix("signal ").unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(native: &str, here: &str, words: &str) {
        assert_eq!(difference(native, here), words);
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
        check("does not build: error: one\n", "does not build: error: another\n", "another error");
    }

    #[test]
    fn what_is_left_differs() {
        check("exit 1\nstderr\n│(os error 2)\n", "exit 1\nstderr\n│(os error 44)\n", "stderr");
        check("exit 0\nstdout\n│x\n", "exit 0\nfiles\ncreated  a (empty)\n", "stdout, files");
        check("exit 0\nstdout\n│x\n", "exit 0\nstdout\n│x\n(no newline at the end)\n", "stdout");
    }

    const OUTCOMES: &str = "\nA  exit 3\n\nB  exit 1\n\nC  trap: x\n";

    fn table(rows: &str) -> Table {
        Table::parse(&format!("$ x\n{rows}{OUTCOMES}")).unwrap()
    }

    fn flag_set(name: &str, flags: &str) -> FlagSet {
        FlagSet { name: name.into(), flags: flags.into() }
    }

    #[test]
    fn flags_that_restore() {
        let table = table(
            "         native  wasip1  wasip2  wasmtime flags\n\
             default  A B C\n\
             one      · A B -S one\n\
             two      · A · -S two\n",
        );
        let standing = |target| Standing::of(&table, target);
        assert_eq!(
            standing(Target::WASIP1),
            Standing::Differs {
                how: "exit 3 → 1".into(),
                restored_by: vec![flag_set("one", "-S one"), flag_set("two", "-S two")],
                nearest: None,
            }
        );
        assert_eq!(
            standing(Target::WASIP2),
            Standing::Differs { how: "exit 3 → trap".into(), restored_by: vec![], nearest: None }
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
        let nearest = |target| match Standing::of(&table, target) {
            Standing::Differs { nearest, .. } => nearest,
            _ => None,
        };
        let two = Unless { flag_set: flag_set("two", "-S two"), how: "stdout".into() };
        assert_eq!(nearest(Target::WASIP1), Some(two));
        // It ends alike without any.
        assert_eq!(nearest(Target::WASIP2), None);
    }

    #[test]
    fn flags_that_spoil() {
        let table = table(
            " native wasip1 wasip2 wasmtime flags\ndefault A A ?\nfuel · C B -W fuel=1\nmore · A A -W x\n",
        );
        let unless = Unless { flag_set: flag_set("fuel", "-W fuel=1"), how: "exit 3 → trap".into() };
        assert_eq!(Standing::of(&table, Target::WASIP1), Standing::Agrees { unless: vec![unless] });
        assert_eq!(Standing::of(&table, Target::WASIP2), Standing::NotCompared("not recorded"));
        assert_eq!(letters(&table), "AA?");
    }

    #[test]
    fn nothing_to_compare_with() {
        let without_native = table(" wasip1 wasmtime flags\ndefault A\none B -S one\ntwo C -S two\n");
        assert_eq!(Standing::of(&without_native, Target::WASIP1), Standing::NotCompared("no native"));
        assert_eq!(letters(&without_native), "·A·");
        let native = Table::parse("$ x\n native\ndefault A\n\nA  exit 0\n").unwrap();
        assert_eq!(Standing::of(&native, Target::WASIP1), Standing::NotCompared("only native"));
    }
}
