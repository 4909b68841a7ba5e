//! The table of letters: outcomes grouped, drawn, and read back from a snapshot.
//!
//! Nothing here does I/O. What is drawn can be read back without loss, so that a partial run can
//! be merged into what was accepted before.

mod parse;

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::cases::{Case, FlagSet, Stdout};
use crate::composition::PLUGGED;
use crate::target::Target;
use crate::text::{bars, indent, shell_word, shell_words, visible};

/// A cell of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// It does not exist: flags mean nothing to a native program.
    Never,
    /// It exists, but has not been run yet.
    Unknown,
    /// What the run left behind, as drawn by `outcome.rs`.
    Ran(String),
}

/// The name of a row and of a column.
pub type Place = (String, String);

/// All that a snapshot shows of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// How the program is called: the command line, and stdin if there is any.
    head: String,
    columns: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    name: String,
    slots: Vec<Slot>,
    /// The flags, and what is composed, as drawn.
    flags: String,
}

/// How the letters of a table stand to one outcome each, in the order of the letters.
type Letters<'a> = BTreeMap<&'a str, String>;

const NEVER: &str = "·";
const UNKNOWN: &str = "?";
const FLAGS_TITLE: &str = "wasmtime flags";
/// The title where a row composes components.
const COMPOSED_TITLE: &str = "wasmtime flags, components";
const INDENT: &str = "   ";

impl Table {
    /// The table of a case in which nothing was run yet.
    pub fn empty(example: &str, case: &Case) -> Table {
        let env = case.env.iter().map(|(name, value)| format!("{name}={}", shell_word(value)));
        let words = [example].into_iter().chain(case.args.iter().map(String::as_str));
        let line: Vec<_> = env.chain([shell_words(words)]).collect();
        let mut head = format!("$ {}\n", line.join(" "));
        if !case.stdin.is_empty() {
            head.push_str("stdin\n");
            head.push_str(&bars(&visible(case.stdin.as_bytes())));
        }
        match case.stdout {
            None => {}
            Some(Stdout::Broken) => head.push_str("stdout: a pipe whose reader has gone\n"),
            Some(Stdout::Full) => head.push_str("stdout: a device that is full\n"),
        }
        for path in &case.fifos {
            head.push_str(&format!("fifo: {}\n", shell_word(path.get_ref())));
        }
        let slot = |set, target: &Target| if case.runs(set, *target) { Slot::Unknown } else { Slot::Never };
        Table {
            head,
            columns: case.targets.iter().map(Target::to_string).collect(),
            rows: case
                .flag_sets
                .iter()
                .map(|set| Row {
                    name: set.name.clone(),
                    slots: case.targets.iter().map(|target| slot(set, target)).collect(),
                    flags: flags(example, set),
                })
                .collect(),
        }
    }

    /// The slot at a place, if the table has it.
    pub fn slot(&self, (row, column): &Place) -> Option<&Slot> {
        let column = self.columns.iter().position(|name| name == column)?;
        self.rows.iter().find(|candidate| candidate.name == *row).map(|row| &row.slots[column])
    }

    /// The rows, each by its name and with its flags as drawn.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().map(|row| (row.name.as_str(), row.flags.as_str()))
    }

    /// This table with the outcomes of a run, and with those of `base` where nothing was run.
    /// Rows and columns that only `base` has are kept: a run never removes anything.
    pub fn merge(mut self, base: Option<&Table>, ran: &BTreeMap<Place, String>) -> Table {
        if let Some(base) = base {
            self.add_missing(base);
        }
        for row in &mut self.rows {
            for (column, slot) in self.columns.iter().zip(&mut row.slots) {
                let place = (row.name.clone(), column.clone());
                let known = base.and_then(|base| base.slot(&place));
                match (ran.get(&place), known) {
                    (Some(outcome), _) => *slot = Slot::Ran(outcome.clone()),
                    (None, Some(Slot::Ran(outcome))) => *slot = Slot::Ran(outcome.clone()),
                    (None, _) => {}
                }
            }
        }
        self
    }

    fn add_missing(&mut self, base: &Table) {
        let mut at = 0;
        for column in &base.columns {
            match self.columns.iter().position(|own| own == column) {
                Some(own) => at = own + 1,
                None => {
                    self.columns.insert(at, column.clone());
                    self.rows.iter_mut().for_each(|row| row.slots.insert(at, Slot::Never));
                    at += 1;
                }
            }
        }
        let mut at = 0;
        for row in &base.rows {
            match self.rows.iter().position(|own| own.name == row.name) {
                Some(own) => at = own + 1,
                None => {
                    let slots = vec![Slot::Never; self.columns.len()];
                    self.rows.insert(at, Row { name: row.name.clone(), slots, flags: row.flags.clone() });
                    at += 1;
                }
            }
        }
    }

    /// What of `self`, an accepted table, the case behind `current` no longer has: whole rows,
    /// whole columns, and single cells.
    pub fn orphans(&self, current: &Table) -> Vec<String> {
        let mut orphans = Vec::new();
        for row in &self.rows {
            if !current.rows.iter().any(|known| known.name == row.name) {
                orphans.push(format!("flag set {}", row.name));
            }
        }
        for column in &self.columns {
            if !current.columns.contains(column) {
                orphans.push(format!("target {column}"));
            }
        }
        for row in &current.rows {
            for (column, slot) in current.columns.iter().zip(&row.slots) {
                let place = (row.name.clone(), column.clone());
                if *slot == Slot::Never && matches!(self.slot(&place), Some(Slot::Ran(_) | Slot::Unknown)) {
                    orphans.push(format!("cell {}@{column}", row.name));
                }
            }
        }
        orphans
    }

    /// Only those rows, columns and cells that `current` has.
    pub fn pruned(&self, current: &Table) -> Table {
        let mut pruned = current.clone();
        for row in &mut pruned.rows {
            for (column, slot) in pruned.columns.iter().zip(&mut row.slots) {
                let place = (row.name.clone(), column.clone());
                if let (Slot::Unknown, Some(Slot::Ran(outcome))) = (&slot, self.slot(&place)) {
                    *slot = Slot::Ran(outcome.clone());
                }
            }
        }
        pruned.head = self.head.clone();
        for row in &mut pruned.rows {
            if let Some(own) = self.rows.iter().find(|own| own.name == row.name) {
                row.flags = own.flags.clone();
            }
        }
        pruned
    }

    /// The places of all slots with their outcomes, row by row.
    fn outcomes(&self) -> impl Iterator<Item = (usize, usize, &str)> {
        self.rows.iter().enumerate().flat_map(|(row, cells)| {
            cells.slots.iter().enumerate().filter_map(move |(column, slot)| match slot {
                Slot::Ran(outcome) => Some((row, column, outcome.as_str())),
                Slot::Never | Slot::Unknown => None,
            })
        })
    }

    /// Each distinct outcome with its letter: what native does is `A`, the others follow in the
    /// order in which they are read.
    fn letters(&self) -> (Letters<'_>, Vec<&str>) {
        let native = self.columns.iter().position(|name| name == Target::NATIVE.name());
        let natives = self.outcomes().filter(|(_, column, _)| Some(*column) == native);
        let mut distinct: Vec<&str> = Vec::new();
        for (_, _, outcome) in natives.chain(self.outcomes()) {
            if !distinct.contains(&outcome) {
                distinct.push(outcome);
            }
        }
        (distinct.iter().enumerate().map(|(index, outcome)| (*outcome, letter(index))).collect(), distinct)
    }

    /// The letter of a place, or the sign for why it has none.
    pub fn letter(&self, place: &Place) -> String {
        self.slot(place).map_or_else(|| NEVER.into(), |slot| sign(slot, &self.letters().0))
    }

    /// The letters row by row, as `ABB ·AA`.
    pub fn row_of_letters(&self) -> String {
        let (letters, _) = self.letters();
        let rows: Vec<String> =
            self.rows.iter().map(|row| row.slots.iter().map(|slot| sign(slot, &letters)).collect()).collect();
        rows.join(" ")
    }

    /// What stands above the flags, if any row has some.
    fn title(&self) -> &'static str {
        let any = |has: fn(&str) -> bool| self.rows.iter().any(|row| has(&row.flags));
        match () {
            () if any(|flags| flags.contains(PLUGGED)) => COMPOSED_TITLE,
            () if any(|flags| !flags.is_empty()) => FLAGS_TITLE,
            () => "",
        }
    }

    /// Draws the table and, below it, each distinct outcome once.
    pub fn draw(&self) -> String {
        let (letters, distinct) = self.letters();
        let name_width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0) + 4;

        let mut drawn = self.head.clone();
        let mut line = " ".repeat(name_width);
        for column in &self.columns {
            write!(line, "{column}  ").expect("writing to a String cannot fail");
        }
        line.push_str(self.title());
        push_line(&mut drawn, &line);
        for row in &self.rows {
            let mut line = format!("{:name_width$}", row.name);
            for (column, slot) in self.columns.iter().zip(&row.slots) {
                let sign = sign(slot, &letters);
                let before = column.len().saturating_sub(1) / 2;
                let after = column.len().saturating_sub(before + sign.chars().count());
                write!(line, "{:before$}{sign}{:after$}  ", "", "").expect("writing to a String cannot fail");
            }
            line.push_str(&row.flags);
            push_line(&mut drawn, &line);
        }
        for (index, outcome) in distinct.iter().enumerate() {
            let block = indent(outcome, INDENT);
            let width = INDENT.len();
            write!(drawn, "\n{:width$}{}", letter(index), block.trim_start())
                .expect("writing to a String cannot fail");
        }
        drawn
    }
}

/// The flags of a row as people type them, and behind them what the program consists of where
/// components are plugged into it.
fn flags(example: &str, set: &FlagSet) -> String {
    let flags = shell_words(set.flags.iter().map(String::as_str));
    let composed = if set.compose.is_empty() { String::new() } else { set.compose.draw(example) };
    [flags, composed].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn push_line(drawn: &mut String, line: &str) {
    drawn.push_str(line.trim_end());
    drawn.push('\n');
}

fn sign(slot: &Slot, letters: &Letters<'_>) -> String {
    match slot {
        Slot::Never => NEVER.into(),
        Slot::Unknown => UNKNOWN.into(),
        Slot::Ran(outcome) => letters[outcome.as_str()].clone(),
    }
}

/// A, B, … Z, AA, AB, …
fn letter(index: usize) -> String {
    let last = char::from(b'A' + u8::try_from(index % 26).expect("a remainder of 26 is small"));
    match index / 26 {
        0 => last.to_string(),
        more => letter(more - 1) + &last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{self, Packages};
    use crate::random::Random;

    fn case(text: &str) -> Case {
        cases::parse(text, &Packages { own: "cat", modules: &[] }).unwrap().remove(0)
    }

    fn place(row: &str, column: &str) -> Place {
        (row.into(), column.into())
    }

    const SAMPLE: &str = "[sample]\nargs = ['sample.txt']\nflags.dir-here = ['--dir=.']\n";
    const A: &str = "exit 0\nstdout\n│hello hello\n";
    const B: &str = "exit 1\nstderr\n│Error opening sample.txt: No such file or directory (os error 44)\n";

    fn sample() -> Table {
        let ran = [
            (place("default", "native"), A.to_string()),
            (place("default", "wasip1"), B.to_string()),
            (place("default", "wasip2"), B.to_string()),
            (place("dir-here", "wasip1"), A.to_string()),
            (place("dir-here", "wasip2"), A.to_string()),
        ];
        Table::empty("cat", &case(SAMPLE)).merge(None, &ran.into())
    }

    #[test]
    fn as_in_the_design() {
        let picture = "\
$ cat sample.txt
            native  wasip1  wasip2  wasmtime flags
default       A       B       B
dir-here      ·       A       A     --dir=.

A  exit 0
   stdout
   │hello hello

B  exit 1
   stderr
   │Error opening sample.txt: No such file or directory (os error 44)
";
        assert_eq!(sample().draw(), picture);
        assert_eq!(sample().row_of_letters(), "ABB ·AA");
        assert_eq!(sample().letter(&place("default", "wasip2")), "B");
    }

    #[test]
    fn drawn_and_read_back() {
        let inputs = "[a]\nargs = ['a b', '']\nstdin = \"x\\n\\ny\"\nenv.K = 'v w'\nflags.x = ['--env=A B', '-W', 'fuel=1']\n";
        let odd = "exit 0\nstdout\n│\n│  indented\n│A  exit 0\nstderr\n│x\n(no newline at the end)\n";
        let ran = [(place("default", "wasip2"), odd.to_string()), (place("x", "wasip1"), A.to_string())];
        for table in [
            sample(),
            Table::empty("cat", &case(inputs)),
            Table::empty("cat", &case(inputs)).merge(None, &ran.into()),
        ] {
            assert_eq!(Table::parse(&table.draw()), Ok(table));
        }
    }

    #[test]
    fn a_row_shows_what_is_composed() {
        let text = "[a]\nflags.x = ['--env=A B']\ncompose.x = { cat = ['dog'] }\n";
        let modules = [crate::example::Module { name: "dog".into(), is_program: false }];
        let case = cases::parse(text, &Packages { own: "cat", modules: &modules }).unwrap().remove(0);
        let table = Table::empty("cat", &case);
        let picture = "\
$ cat
           native  wasip1  wasip2  wasmtime flags, components
default      ?       ?       ?
x            ·       ·       ?     '--env=A B' cat ← dog
";
        assert_eq!(table.draw(), picture);
        assert_eq!(Table::parse(picture), Ok(table));
    }

    #[test]
    fn without_native_the_first_cell_is_a() {
        let case = case("[x]\ntargets = ['wasip1', 'wasip2']\n");
        let ran = [(place("default", "wasip1"), B.to_string()), (place("default", "wasip2"), A.to_string())];
        assert_eq!(Table::empty("cat", &case).merge(None, &ran.into()).row_of_letters(), "AB");
    }

    #[test]
    fn native_is_a_even_if_it_is_not_the_first_row() {
        let ran = [(place("default", "native"), A.to_string()), (place("dir-here", "wasip1"), B.to_string())];
        let table = Table::empty("cat", &case(SAMPLE)).merge(None, &ran.into());
        assert_eq!(table.row_of_letters(), "A?? ·B?");
    }

    #[test]
    fn a_partial_run_keeps_the_rest() {
        let ran = [(place("dir-here", "wasip2"), B.to_string())];
        let merged = Table::empty("cat", &case(SAMPLE)).merge(Some(&sample()), &ran.into());
        assert_eq!(merged.row_of_letters(), "ABB ·AB");
    }

    #[test]
    fn orphans_stay_until_pruned() {
        let smaller = case("[sample]\nargs = ['sample.txt']\ntargets = ['native', 'wasip1']\n");
        let current = Table::empty("cat", &smaller);
        assert_eq!(sample().orphans(&current), ["flag set dir-here", "target wasip2"]);
        let merged = current.clone().merge(Some(&sample()), &BTreeMap::new());
        assert_eq!(merged, sample());
        let pruned = merged.pruned(&current);
        assert_eq!(pruned.row_of_letters(), "AB");
        assert_eq!(pruned.orphans(&current), Vec::<String>::new());
    }

    #[test]
    fn many_letters() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(letter), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[track_caller]
    fn check_fault(from: &str, to: &str, fault: (usize, &str)) {
        let broken = sample().draw().replacen(from, to, 1);
        assert_eq!(Table::parse(&broken), Err((fault.0, fault.1.to_string())));
    }

    #[test]
    fn ten_thousand_mutated_snapshots() {
        let good = sample().draw();
        let mut random = Random::new(1);
        let mut malformed = 0;
        for _ in 0..10_000 {
            let text = random.mutate(&good);
            match Table::parse(&text) {
                Err((line, _)) => {
                    assert!((1..=text.lines().count() + 1).contains(&line), "{line}: {text:?}");
                    malformed += 1;
                }
                // What is read for a table can be drawn and read again.
                Ok(table) => assert_eq!(Table::parse(&table.draw()).as_ref(), Ok(&table), "{text:?}"),
            }
        }
        assert!(malformed > 3_000, "{malformed}");
    }

    #[test]
    fn malformed() {
        check_fault("$ cat", "# cat", (1, "a snapshot begins with `$ ` and the command line"));
        check_fault("A       B       B", "A       B", (3, "the row `default` has fewer than 3 cells"));
        check_fault("A       B       B", "A       B       C", (3, "no outcome `C` below the table"));
        check_fault("dir-here  ", "default  ", (4, "a second row `default`"));
        check_fault(
            "B  exit 1",
            "<<<<<<< HEAD\nB  exit 1",
            (10, "here an outcome with its letter is expected"),
        );
        check_fault(
            "\nB  exit 1",
            "\nB  exit 1\n=======",
            (11, "a line that is not indented, or has nothing else"),
        );
        check_fault(
            "\nA  exit",
            "\nC  exit 9\n\nA  exit",
            (5, "an outcome that no letter in the table stands for"),
        );
        assert_eq!(Table::parse(""), Err((1, "no table".into())));
        let cut = &sample().draw()[..150];
        assert_eq!(Table::parse(cut), Err((3, "no outcome `B` below the table".into())));
    }
}
