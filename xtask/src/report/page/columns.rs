//! The last columns of a case: its letters, what differs, and which flags restore what native does.

use super::agreement::{self, Agreement, Row, Unless};
use super::markdown::code;
use crate::model::target::Target;
use crate::snapshot::table::Table;

/// The targets that are compared with native, in the order of their [`Agreement`]s.
pub const WASM: [Target; 2] = [Target::Wasip1, Target::Wasip2];

/// In bytes. For longer flags, the table shows the name of their row.
const LONGEST_FLAGS: usize = 48;

/// How many rows with the same effect are shown. Further ones are only counted.
const MOST_ROWS: usize = 3;

const NOTHING: &str = "—";

/// The letters of the row without flags, and the number of other rows.
pub fn letters(table: &Table) -> String {
    let letters = code(&agreement::letters(table));
    match table.rows().count() - 1 {
        0 => letters,
        more => format!("{letters} +{more}"),
    }
}

/// What differs from native.
pub fn differs(agreements: &[Agreement; 2]) -> String {
    let how = |agreement: &Agreement| match agreement {
        Agreement::Differs { how, .. } => Some(unbroken(how)),
        _ => None,
    };
    let all = agreements.each_ref().map(how);
    if all.iter().any(Option::is_some) {
        return per_target(all);
    }
    if let [Agreement::NotCompared(why), Agreement::NotCompared(_)] = agreements {
        return format!("*{}*", why.replace(' ', "&nbsp;"));
    }
    let unless = unless(agreements);
    match &unless[..] {
        [] => NOTHING.into(),
        [Unless { row, how }] => format!("with {}: {}", flags(row), unbroken(how)),
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

/// The rows that differ from native although the target agrees without flags, each once.
fn unless(agreements: &[Agreement; 2]) -> Vec<Unless> {
    let mut all: Vec<Unless> = Vec::new();
    for agreement in agreements {
        let Agreement::Agrees { unless } = agreement else { continue };
        let known: Vec<_> = all.iter().map(|known| known.row.clone()).collect();
        all.extend(unless.iter().filter(|unless| !known.contains(&unless.row)).cloned());
    }
    all
}

/// The flags that restore what native does.
pub fn restored_by(agreements: &[Agreement; 2]) -> String {
    let flags_of = |agreement: &Agreement| match agreement {
        Agreement::Differs { nearest: Some(Unless { row, how }), .. } => {
            Some(format!("{}, except for {how}", flags(row)))
        }
        Agreement::Differs { restored_by, .. } if restored_by.is_empty() => Some("*none*".into()),
        Agreement::Differs { restored_by, .. } => Some(any_of(restored_by)),
        _ => None,
    };
    let all = agreements.each_ref().map(flags_of);
    match all.iter().flatten().collect::<Vec<_>>()[..] {
        [] => NOTHING.into(),
        // The column before this one names the target.
        [one] => one.clone(),
        _ => per_target(all),
    }
}

/// The text of both targets once if it is the same, and otherwise the text of each with its target.
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

/// The flags of several rows with the same effect.
fn any_of(rows: &[Row]) -> String {
    let shown: Vec<_> = rows.iter().take(MOST_ROWS).map(flags).collect();
    match rows.len() - shown.len() {
        0 => shown.join(" or "),
        more => format!("{} or {more} more", shown.join(", ")),
    }
}

/// The flags of a row as code, or its name if they are too long.
fn flags(row: &Row) -> String {
    match row.flags.len() <= LONGEST_FLAGS {
        true => code(&row.flags),
        false => format!("row {}", code(&row.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(table: &str, columns: &str) {
        let table = Table::parse(&format!("$ x\n{table}")).unwrap();
        let agreements = WASM.map(|target| Agreement::of(&table, target));
        let drawn = [letters(&table), differs(&agreements), restored_by(&agreements)];
        assert_eq!(format!("| {} |", drawn.join(" | ")), columns);
    }

    const OUTCOMES: &str = "\n\nA  exit 3\n\nB  exit 1\n\nC  trap: x\n";

    #[test]
    fn targets_with_the_same_text_are_not_named() {
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
        check(
            &format!("{rows}{outcomes}"),
            "| `ABB` +1 | exit 0&nbsp;→&nbsp;1 | `-S one`, except for stdout |",
        );
    }

    #[test]
    fn only_target_that_differs_is_named() {
        let outcomes = "\n\nA  exit 3\n\nB  exit 1\n";
        let rows = " native wasip1 wasip2 wasmtime flags\ndefault A A B\none · A A -S one";
        check(&format!("{rows}{outcomes}"), "| `AAB` +1 | wasip2: exit 3&nbsp;→&nbsp;1 | `-S one` |");
        let rows = " native wasip1\ndefault A B";
        check(&format!("{rows}{outcomes}"), "| `AB·` | wasip1: exit 3&nbsp;→&nbsp;1 | *none* |");
        let rows = " wasip1 wasip2\ndefault A B";
        check(&format!("{rows}{outcomes}"), "| `·AB` | *no&nbsp;native* | — |");
    }

    #[test]
    fn rows_that_differ_although_the_target_agrees() {
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
    fn many_rows_and_long_flags_are_shortened() {
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
