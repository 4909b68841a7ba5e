//! The table of letters of a case: groups equal outcomes, draws the table, and parses it.
//!
//! Nothing here does I/O. Parsing a drawn table restores it completely, so that a partial run can be merged
//! into what was accepted before.

mod marks;
mod parse;

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::host::wasmtime;
use crate::model::case::{Case, Row, Stdout};
use crate::model::cell::Position;
use crate::model::column::Column;
use crate::model::composition::PLUGGED;
use crate::model::target::Target;
use crate::snapshot::format::Drawn;
use crate::support::escape::{bars, shell_line, shell_word, shell_words, visible};

/// A cell of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// It does not exist: flags mean nothing to a native program.
    Never,
    /// It exists, but has not been run yet.
    Unknown,
    /// It was run, with this outcome.
    Ran(Drawn),
}

/// Everything that a snapshot shows of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// How the program is called: the command line, and stdin if there is any.
    head: String,
    columns: Vec<String>,
    rows: Vec<TableRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct TableRow {
    name: String,
    slots: Vec<Slot>,
    /// The flags and the composed components, as drawn.
    flags: String,
}

/// The letter of each distinct outcome, by the drawn outcome.
type Letters<'a> = BTreeMap<&'a str, String>;

const NEVER: &str = "·";
const UNKNOWN: &str = "?";
const FLAGS_TITLE: &str = "wasmtime flags";
/// The title if a row composes components.
const COMPOSED_TITLE: &str = "wasmtime flags, components";
const INDENT: &str = "   ";
/// The indentation of a line that the first outcome does not have. It is as wide as [`INDENT`].
const MARKED: &str = " > ";

impl Table {
    /// The table of a case of which no cell was run yet. It has those of `columns` on whose targets the case
    /// runs.
    pub fn empty(example: &str, case: &Case, columns: &[Column]) -> Table {
        let env = case.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let words = [example].into_iter().chain(case.args.iter().map(String::as_str));
        let mut head = format!("$ {}\n", shell_line(env, words));
        if !case.stdin.is_empty() {
            head.push_str(if case.stdin_file { "stdin: a file\n" } else { "stdin\n" });
            head.push_str(&bars(&visible(case.stdin.as_bytes())));
        }
        if case.terminal {
            head.push_str("stdin, stdout and stderr: a terminal\n");
        }
        match case.stdout {
            None => {}
            Some(Stdout::Broken) => head.push_str("stdout: a pipe whose reader has gone\n"),
            Some(Stdout::Full) => head.push_str("stdout: a device that is full\n"),
        }
        for path in &case.fifos {
            head.push_str(&format!("fifo: {}\n", shell_word(&path.to_string_lossy())));
        }
        let columns: Vec<_> = columns.iter().filter(|column| case.targets.contains(&column.target)).collect();
        let slot = |row, column: &Column| if case.runs(row, column) { Slot::Unknown } else { Slot::Never };
        Table {
            head,
            rows: case
                .rows
                .iter()
                .map(|row| TableRow {
                    name: row.name.clone(),
                    slots: columns.iter().map(|column| slot(row, column)).collect(),
                    flags: flags(example, row),
                })
                .collect(),
            columns: columns.iter().map(ToString::to_string).collect(),
        }
    }

    /// The slot at a position, if the table has its row and column.
    pub fn slot(&self, position: &Position) -> Option<&Slot> {
        let column = self.columns.iter().position(|name| *name == position.column)?;
        self.rows.iter().find(|row| row.name == position.row).map(|row| &row.slots[column])
    }

    /// The indices of the row and the column of a position, by which positions are in the order of the table.
    pub fn place(&self, position: &Position) -> (Option<usize>, Option<usize>) {
        (
            self.rows.iter().position(|row| row.name == position.row),
            self.columns.iter().position(|name| *name == position.column),
        )
    }

    /// What [`row_of_letters`](Table::row_of_letters) shows: `rows default, dir-here; columns native, wasip1`.
    pub fn legend(&self) -> String {
        let rows: Vec<_> = self.rows.iter().map(|row| row.name.as_str()).collect();
        let noun = |number, noun: &str| if number == 1 { noun.to_string() } else { format!("{noun}s") };
        format!(
            "{} {}; {} {}",
            noun(rows.len(), "row"),
            rows.join(", "),
            noun(self.columns.len(), "column"),
            self.columns.join(", ")
        )
    }

    /// The outcome at a position, if it is known.
    pub fn outcome(&self, position: &Position) -> Option<&Drawn> {
        match self.slot(position)? {
            Slot::Ran(outcome) => Some(outcome),
            Slot::Never | Slot::Unknown => None,
        }
    }

    /// The positions of all cells that have an outcome, row by row.
    #[cfg(test)]
    pub fn positions(&self) -> impl Iterator<Item = Position> {
        self.outcomes().map(|(row, column, _)| Position {
            row: self.rows[row].name.clone(),
            column: self.columns[column].clone(),
        })
    }

    /// The name of each row, and its flags as drawn.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().map(|row| (row.name.as_str(), row.flags.as_str()))
    }

    /// Returns this table with the outcomes of a run, and with those of `base` for cells that were not run.
    /// Rows and columns that only `base` has are added: a run never removes anything.
    pub fn merge(mut self, base: Option<&Table>, ran: &BTreeMap<Position, Drawn>) -> Table {
        if let Some(base) = base {
            self.add_missing(base);
        }
        for row in &mut self.rows {
            for (column, slot) in self.columns.iter().zip(&mut row.slots) {
                let position = Position { row: row.name.clone(), column: column.clone() };
                let known = base.and_then(|base| base.slot(&position));
                match (ran.get(&position), known) {
                    (Some(outcome), _) => *slot = Slot::Ran(outcome.clone()),
                    (None, Some(Slot::Ran(outcome))) => *slot = Slot::Ran(outcome.clone()),
                    (None, _) => {}
                }
            }
        }
        self
    }

    /// Adds the rows and columns that only `base` has, at the same places.
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
                    self.rows
                        .insert(at, TableRow { name: row.name.clone(), slots, flags: row.flags.clone() });
                    at += 1;
                }
            }
        }
    }

    /// The rows, columns and cells of this accepted table that the case no longer has. `current` is the table
    /// of the case as it is now.
    pub fn orphans(&self, current: &Table) -> Vec<String> {
        let mut orphans = Vec::new();
        for row in &self.rows {
            if !current.rows.iter().any(|known| known.name == row.name) {
                orphans.push(format!("row {}", row.name));
            }
        }
        for column in &self.columns {
            if !current.columns.contains(column) {
                orphans.push(format!("column {column}"));
            }
        }
        for row in &current.rows {
            for (column, slot) in current.columns.iter().zip(&row.slots) {
                let position = Position { row: row.name.clone(), column: column.clone() };
                if *slot == Slot::Never && matches!(self.slot(&position), Some(Slot::Ran(_) | Slot::Unknown))
                {
                    orphans.push(format!("cell {}@{column}", row.name));
                }
            }
        }
        orphans
    }

    /// Returns this table with only those rows, columns and cells that `current` has.
    pub fn pruned(&self, current: &Table) -> Table {
        let mut pruned = current.clone();
        for row in &mut pruned.rows {
            for (column, slot) in pruned.columns.iter().zip(&mut row.slots) {
                let position = Position { row: row.name.clone(), column: column.clone() };
                if let (Slot::Unknown, Some(Slot::Ran(outcome))) = (&slot, self.slot(&position)) {
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

    /// The indices of row and column of all cells that have an outcome, and their drawn outcomes, row by row.
    fn outcomes(&self) -> impl Iterator<Item = (usize, usize, &str)> {
        self.rows.iter().enumerate().flat_map(|(row, cells)| {
            cells.slots.iter().enumerate().filter_map(move |(column, slot)| match slot {
                Slot::Ran(outcome) => Some((row, column, outcome.text())),
                Slot::Never | Slot::Unknown => None,
            })
        })
    }

    /// The letter of each distinct outcome, and the outcomes in the order of their letters. The native outcome
    /// is `A`; the others follow in the order in which the table is read.
    fn letters(&self) -> (Letters<'_>, Vec<&str>) {
        let native = self.columns.iter().position(|name| name == Target::Native.name());
        let natives = self.outcomes().filter(|(_, column, _)| Some(*column) == native);
        let mut distinct: Vec<&str> = Vec::new();
        for (_, _, outcome) in natives.chain(self.outcomes()) {
            if !distinct.contains(&outcome) {
                distinct.push(outcome);
            }
        }
        (distinct.iter().enumerate().map(|(index, outcome)| (*outcome, letter(index))).collect(), distinct)
    }

    /// The letter at a position; `·` if there is no such cell, and `?` if it has not been run yet.
    pub fn letter(&self, position: &Position) -> String {
        self.slot(position).map_or_else(|| NEVER.into(), |slot| sign(slot, &self.letters().0))
    }

    /// The letters row by row, such as `ABB ·AA`.
    pub fn row_of_letters(&self) -> String {
        let (letters, _) = self.letters();
        let rows: Vec<String> =
            self.rows.iter().map(|row| row.slots.iter().map(|slot| sign(slot, &letters)).collect()).collect();
        rows.join(" ")
    }

    /// The title of the flags; empty if no row has flags.
    fn title(&self) -> &'static str {
        let any = |has: fn(&str) -> bool| self.rows.iter().any(|row| has(&row.flags));
        match () {
            () if any(|flags| flags.contains(PLUGGED)) => COMPOSED_TITLE,
            () if any(|flags| !flags.is_empty()) => FLAGS_TITLE,
            () => "",
        }
    }

    /// Draws the table and, below it, each distinct outcome once. Lines that the first outcome does not have are
    /// marked.
    pub fn draw(&self) -> String {
        self.draw_with(marks::marks)
    }

    /// Draws the table without marks. Two such texts can be compared line by line: a change of one outcome does
    /// not change the lines of another.
    pub fn draw_unmarked(&self) -> String {
        self.draw_with(|_, outcome| vec![false; outcome.lines().count()])
    }

    /// Draws the table. `marks` says which lines of an outcome are marked; its first argument is outcome `A`.
    fn draw_with(&self, marks: impl Fn(&str, &str) -> Vec<bool>) -> String {
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
            let width = INDENT.len();
            write!(drawn, "\n{:width$}", letter(index)).expect("writing to a String cannot fail");
            for (number, (line, is_marked)) in outcome.lines().zip(marks(distinct[0], outcome)).enumerate() {
                if number > 0 {
                    drawn.push_str(if is_marked { MARKED } else { INDENT });
                }
                drawn.push_str(line);
                drawn.push('\n');
            }
        }
        drawn
    }
}

/// The flags of a row as a user types them, followed by the components that are plugged into the program, if
/// there are any.
fn flags(example: &str, row: &Row) -> String {
    let flags = wasmtime::flags(row);
    let flags = shell_words(flags.iter().map(String::as_str));
    let composed = if row.compose.is_empty() { String::new() } else { row.compose.draw(example) };
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
        Slot::Ran(outcome) => letters[outcome.text()].clone(),
    }
}

/// A, B, … Z, AA, AB, …
pub fn letter(index: usize) -> String {
    let last = char::from(b'A' + u8::try_from(index % 26).expect("a remainder of 26 is small"));
    match index / 26 {
        0 => last.to_string(),
        more => letter(more - 1) + &last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::mutate::mutate;

    /// A case called `cat ARGS…` with these rows of flags.
    fn case(args: &[&str], rows: &[(&str, &[&str])]) -> Case {
        let row = |(name, flags): &(&str, &[&str])| Row {
            name: name.to_string(),
            flags: flags.iter().map(ToString::to_string).collect(),
            ..Row::default()
        };
        let mut case = Case::plain("sample");
        case.args = args.iter().map(ToString::to_string).collect();
        case.rows.extend(rows.iter().map(row));
        case
    }

    fn empty(case: &Case) -> Table {
        Table::empty("cat", case, &Column::all_pinned())
    }

    fn at(row: &str, column: &str) -> Position {
        Position { row: row.into(), column: column.into() }
    }

    fn ran(text: &str) -> Drawn {
        Drawn::read(text).unwrap()
    }

    fn sample_case() -> Case {
        case(&["sample.txt"], &[("dir-here", &["--dir=."])])
    }

    const A: &str = "exit 0\nstdout\n│hello hello\n";
    const B: &str = "exit 1\nstderr\n│Error opening sample.txt: No such file or directory (os error 44)\n";

    fn sample() -> Table {
        let ran = [
            (at("default", "native"), ran(A)),
            (at("default", "wasip1"), ran(B)),
            (at("default", "wasip2"), ran(B)),
            (at("dir-here", "wasip1"), ran(A)),
            (at("dir-here", "wasip2"), ran(A)),
        ];
        empty(&sample_case()).merge(None, &ran.into())
    }

    #[test]
    fn sample_is_drawn() {
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
 > │Error opening sample.txt: No such file or directory (os error 44)
";
        assert_eq!(sample().draw(), picture);
        assert_eq!(sample().draw_unmarked(), picture.replace(" > │", "   │"));
        assert_eq!(sample().row_of_letters(), "ABB ·AA");
        assert_eq!(sample().letter(&at("default", "wasip2")), "B");
    }

    #[test]
    fn drawn_tables_can_be_parsed() {
        let mut inputs = case(&["a b", ""], &[("x", &["--env=A B", "-W", "fuel=1"])]);
        inputs.stdin = "x\n\ny".into();
        inputs.env = [("K".into(), "v w".into())].into();
        let odd = "exit 0\nstdout\n│\n│  indented\n│A  exit 0\nstderr\n│x\n(no newline at the end)\n";
        let ran = [(at("default", "wasip2"), ran(odd)), (at("x", "wasip1"), ran(A))];
        for table in [sample(), empty(&inputs), empty(&inputs).merge(None, &ran.into())] {
            assert_eq!(Table::parse(&table.draw()), Ok(table));
        }
    }

    #[test]
    fn row_shows_composed_components() {
        let mut case = case(&[], &[("x", &["--env=A B"])]);
        case.rows[1].compose.plug("cat", ["dog".into()]);
        let table = empty(&case);
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
    fn without_native_the_first_outcome_is_a() {
        let case = Case { targets: vec![Target::Wasip1, Target::Wasip2], ..Case::plain("x") };
        let ran = [(at("default", "wasip1"), ran(B)), (at("default", "wasip2"), ran(A))];
        assert_eq!(empty(&case).merge(None, &ran.into()).row_of_letters(), "AB");
    }

    #[test]
    fn native_outcome_is_a_even_if_other_rows_were_run() {
        let ran = [(at("default", "native"), ran(A)), (at("dir-here", "wasip1"), ran(B))];
        let table = empty(&sample_case()).merge(None, &ran.into());
        assert_eq!(table.row_of_letters(), "A?? ·B?");
    }

    #[test]
    fn partial_run_keeps_other_cells() {
        let ran = [(at("dir-here", "wasip2"), ran(B))];
        let merged = empty(&sample_case()).merge(Some(&sample()), &ran.into());
        assert_eq!(merged.row_of_letters(), "ABB ·AB");
    }

    #[test]
    fn orphans_are_kept_until_pruned() {
        let targets = vec![Target::Native, Target::Wasip1];
        let current = empty(&Case { targets, ..case(&["sample.txt"], &[]) });
        assert_eq!(sample().orphans(&current), ["row dir-here", "column wasip2"]);
        let merged = current.clone().merge(Some(&sample()), &BTreeMap::new());
        assert_eq!(merged, sample());
        let pruned = merged.pruned(&current);
        assert_eq!(pruned.row_of_letters(), "AB");
        assert_eq!(pruned.orphans(&current), Vec::<String>::new());
    }

    #[test]
    fn letters_after_z() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(letter), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[track_caller]
    fn check_error(from: &str, to: &str, (line, message): (usize, &str)) {
        let broken = sample().draw().replacen(from, to, 1);
        assert_eq!(Table::parse(&broken), Err((line, message.to_string())));
    }

    #[test]
    fn mutated_tables_are_parsed_or_rejected_without_panics() {
        let good = sample().draw();
        let mut random = fastrand::Rng::with_seed(1);
        let mut malformed = 0;
        for _ in 0..10_000 {
            let text = mutate(&mut random, &good);
            match Table::parse(&text) {
                Err((line, _)) => {
                    assert!((1..=text.lines().count() + 1).contains(&line), "{line}: {text:?}");
                    malformed += 1;
                }
                // A table that can be parsed can be drawn and parsed again.
                Ok(table) => assert_eq!(Table::parse(&table.draw()).as_ref(), Ok(&table), "{text:?}"),
            }
        }
        assert!(malformed > 3_000, "{malformed}");
    }

    #[test]
    fn malformed_tables_are_errors() {
        check_error("$ cat", "# cat", (1, "a snapshot starts with `$ ` and the command line"));
        check_error("A       B       B", "A       B", (3, "the row `default` has fewer than 3 cells"));
        check_error("A       B       B", "A       B       C", (3, "there is no outcome `C` below the table"));
        check_error("dir-here  ", "default  ", (4, "another row is also named `default`"));
        check_error("B  exit 1", "<<<<<<< HEAD\nB  exit 1", (10, "expected an outcome with its letter"));
        check_error(
            "\nB  exit 1",
            "\nB  exit 1\n=======",
            (11, "this line is not indented, or has only an indentation"),
        );
        check_error(
            "\nA  exit",
            "\nC  exit 9\n\nA  exit",
            (5, "an outcome below the table has a letter that the table does not use"),
        );
        assert_eq!(Table::parse(""), Err((1, "no table".into())));
        let cut = &sample().draw()[..150];
        assert_eq!(Table::parse(cut), Err((6, "`e` is not the end of a run".into())));
    }
}
