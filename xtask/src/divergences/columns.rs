//! The last columns of a case: its letters, what differs, which flags mend it.

use super::markdown::code;
use super::standing::{self, FlagSet, Standing, Unless};
use crate::table::Table;
use crate::target::Target;

/// The targets that are held against native, in the order of [`Standing`]s.
pub const WASM: [Target; 2] = [Target::WASIP1, Target::WASIP2];

/// Flags that are longer stand in the table by the name of their row.
const LONGEST_FLAGS: usize = 48;

/// More flag sets that do the same are only counted.
const MOST_FLAG_SETS: usize = 3;

const NOTHING: &str = "—";

/// The letters of the row without flags, and how many rows there are beside it.
pub fn letters(table: &Table) -> String {
    let letters = code(&standing::letters(table));
    match table.rows().count() - 1 {
        0 => letters,
        more => format!("{letters} +{more}"),
    }
}

/// What differs from native.
pub fn differs(standings: &[Standing; 2]) -> String {
    let how = |standing: &Standing| match standing {
        Standing::Differs { how, .. } => Some(unbroken(how)),
        _ => None,
    };
    let all = standings.each_ref().map(how);
    if all.iter().any(Option::is_some) {
        return per_target(all);
    }
    if let [Standing::NotCompared(why), Standing::NotCompared(_)] = standings {
        return format!("*{}*", why.replace(' ', "&nbsp;"));
    }
    let spoilt = unless(standings);
    match &spoilt[..] {
        [] => NOTHING.into(),
        [Unless { flag_set, how }] => format!("with {}: {}", flags(flag_set), unbroken(how)),
        several => {
            let mut words: Vec<&str> = Vec::new();
            for word in several.iter().flat_map(|unless| unless.how.split(", ")) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            format!("with flags: {}", unbroken(&words.join(", ")))
        }
    }
}

/// `exit 0 → 1`, kept on one line.
fn unbroken(how: &str) -> String {
    how.replace(" → ", "&nbsp;→&nbsp;")
}

/// The flag sets that spoil what otherwise agrees, each once.
fn unless(standings: &[Standing; 2]) -> Vec<Unless> {
    let mut all: Vec<Unless> = Vec::new();
    for standing in standings {
        let Standing::Agrees { unless } = standing else { continue };
        let known: Vec<_> = all.iter().map(|known| known.flag_set.clone()).collect();
        all.extend(unless.iter().filter(|unless| !known.contains(&unless.flag_set)).cloned());
    }
    all
}

/// The flags that restore what native does.
pub fn restored_by(standings: &[Standing; 2]) -> String {
    let flags_of = |standing: &Standing| match standing {
        Standing::Differs { nearest: Some(Unless { flag_set, how }), .. } => {
            Some(format!("{}, but for {how}", flags(flag_set)))
        }
        Standing::Differs { restored_by, .. } if restored_by.is_empty() => Some("*none*".into()),
        Standing::Differs { restored_by, .. } => Some(any_of(restored_by)),
        _ => None,
    };
    let all = standings.each_ref().map(flags_of);
    match all.iter().flatten().collect::<Vec<_>>()[..] {
        [] => NOTHING.into(),
        // The column before this says of which target.
        [one] => one.clone(),
        _ => per_target(all),
    }
}

/// What is alike on both targets once, and otherwise with the target.
fn per_target(of_each: [Option<String>; 2]) -> String {
    match &of_each {
        [Some(one), Some(other)] if one == other => one.clone(),
        _ => {
            let named = WASM.iter().zip(&of_each).filter_map(|(target, text)| {
                let text = text.as_ref()?;
                Some(format!("{target}: {text}"))
            });
            named.collect::<Vec<_>>().join("<br>")
        }
    }
}

fn any_of(flag_sets: &[FlagSet]) -> String {
    let shown: Vec<_> = flag_sets.iter().take(MOST_FLAG_SETS).map(flags).collect();
    match flag_sets.len() - shown.len() {
        0 => shown.join(" or "),
        more => format!("{} or {more} more", shown.join(", ")),
    }
}

fn flags(flag_set: &FlagSet) -> String {
    match flag_set.flags.len() <= LONGEST_FLAGS {
        true => code(&flag_set.flags),
        false => format!("row {}", code(&flag_set.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(table: &str, columns: &str) {
        let table = Table::parse(&format!("$ x\n{table}")).unwrap();
        let standings = WASM.map(|target| Standing::of(&table, target));
        let drawn = [letters(&table), differs(&standings), restored_by(&standings)];
        assert_eq!(format!("| {} |", drawn.join(" | ")), columns);
    }

    const OUTCOMES: &str = "\n\nA  exit 3\n\nB  exit 1\n\nC  trap: x\n";

    #[test]
    fn what_is_alike_is_said_once() {
        let rows = " native wasip1 wasip2 wasmtime flags\ndefault A B B\none · A B -S one\ntwo · C A -S two";
        check(
            &format!("{rows}{OUTCOMES}"),
            "| `ABB` +2 | exit 3&nbsp;→&nbsp;1 | wasip1: `-S one`<br>wasip2: `-S two` |",
        );
        let rows = " native wasip1 wasip2 wasmtime flags\ndefault A B C\none · A B -S one\ntwo · C A -S two";
        check(
            &format!("{rows}{OUTCOMES}"),
            "| `ABC` +2 | wasip1: exit 3&nbsp;→&nbsp;1<br>wasip2: exit 3&nbsp;→&nbsp;trap | wasip1: `-S one`<br>wasip2: `-S two` |",
        );
        let rows = " native wasip1 wasip2\ndefault A B C";
        check(
            &format!("{rows}{OUTCOMES}"),
            "| `ABC` | wasip1: exit 3&nbsp;→&nbsp;1<br>wasip2: exit 3&nbsp;→&nbsp;trap | *none* |",
        );
    }

    #[test]
    fn flags_that_nearly_restore() {
        let outcomes = "\n\nA  exit 0\n   stdout\n   │x\n\nB  exit 1\n\nC  exit 0\n";
        let rows = " native wasip1 wasip2 wasmtime flags\ndefault A B B\none · C C -S one";
        check(&format!("{rows}{outcomes}"), "| `ABB` +1 | exit 0&nbsp;→&nbsp;1 | `-S one`, but for stdout |");
    }

    #[test]
    fn one_target_alone_is_named() {
        let outcomes = "\n\nA  exit 3\n\nB  exit 1\n";
        let rows = " native wasip1 wasip2 wasmtime flags\ndefault A A B\none · A A -S one";
        check(&format!("{rows}{outcomes}"), "| `AAB` +1 | wasip2: exit 3&nbsp;→&nbsp;1 | `-S one` |");
        let rows = " native wasip1\ndefault A B";
        check(&format!("{rows}{outcomes}"), "| `AB·` | wasip1: exit 3&nbsp;→&nbsp;1 | *none* |");
        let rows = " wasip1 wasip2\ndefault A B";
        check(&format!("{rows}{outcomes}"), "| `·AB` | *no&nbsp;native* | — |");
    }

    #[test]
    fn what_only_flags_spoil() {
        let rows = " native wasip1 wasip2 wasmtime flags\ndefault A A A\nfuel · C C -W fuel=1\nx · A A -W x";
        let outcomes = "\n\nA  exit 3\n\nC  trap: x\n";
        check(&format!("{rows}{outcomes}"), "| `AAA` +2 | with `-W fuel=1`: exit 3&nbsp;→&nbsp;trap | — |");
        let rows = " native wasip1 wasip2 wasmtime flags\ndefault A A A\none · B B -S x\ntwo · C B -S y";
        check(
            &format!("{rows}{OUTCOMES}"),
            "| `AAA` +2 | with flags: exit 3&nbsp;→&nbsp;1, exit 3&nbsp;→&nbsp;trap | — |",
        );
    }

    #[test]
    fn flags_that_are_many_or_long() {
        let outcomes = "\n\nA  exit 3\n\nB  exit 1\n";
        let head = " native wasip1 wasip2 wasmtime flags\ndefault A B B";
        let row = |number: usize| format!("\nrow-{number} · A A -S n={number}");
        let rows: String = (1..=5).map(row).collect();
        check(
            &format!("{head}{rows}{outcomes}"),
            "| `ABB` +5 | exit 3&nbsp;→&nbsp;1 | `-S n=1`, `-S n=2`, `-S n=3` or 2 more |",
        );
        let long = format!("\nmoved · A A {}", "--preload=env=env.wat ".repeat(3));
        check(&format!("{head}{long}{outcomes}"), "| `ABB` +1 | exit 3&nbsp;→&nbsp;1 | row `moved` |");
    }
}
