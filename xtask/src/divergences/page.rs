//! The text of the page: values in, Markdown out.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::columns::{self, WASM};
use super::markdown::{anchor, inline};
use super::standing::Standing;
use crate::example::Example;
use crate::table::Table;
use crate::text::count;

/// An example with the accepted tables of its cases, in their order.
pub struct Recorded<'a> {
    pub example: &'a Example,
    pub tables: Vec<Table>,
}

/// With what it was recorded; none is named that no file names.
#[derive(Default)]
pub struct Versions {
    pub rust: Option<String>,
    pub wasmtime: String,
}

/// The areas whose sections stand first, in this order; others follow by name, and `OTHER` is last.
const AREAS: [&str; 19] = [
    "std::fs",
    "std::env",
    "std::io",
    "std::process",
    "std::panic",
    "std::path",
    "std::thread",
    "std::sync",
    "std::net",
    "std::time",
    "std::collections",
    "memory",
    "numbers",
    "wasmtime's limits",
    "wasmtime's flags",
    "what compiles",
    "shared memory",
    "real programs",
    "first steps",
];

/// The area of an example that has none.
pub const OTHER: &str = "Other";

/// A case, as the page speaks of it.
struct Case<'a> {
    example: &'a str,
    name: &'a str,
    about: &'a str,
    table: &'a Table,
    /// Of each of [`WASM`].
    standings: [Standing; 2],
}

/// The examples of an area.
struct Section<'a> {
    area: &'a str,
    anchor: String,
    examples: Vec<(&'a Example, Vec<Case<'a>>)>,
}

impl Section<'_> {
    fn cases(&self) -> impl Iterator<Item = &Case<'_>> {
        self.examples.iter().flat_map(|(_, cases)| cases)
    }
}

/// Draws the page.
pub fn draw(recorded: &[Recorded<'_>], versions: &Versions) -> String {
    let sections = sections(recorded);
    let mut page = String::from(
        "<!-- Made by `cargo xtask divergences` of what examples/ and snapshots/ say: edit those, and run it. -->\n\n",
    );
    page.push_str("# Divergences\n\n");
    page.push_str(&introduction(&sections, versions));
    page.push_str(&contents(&sections));
    page.push_str(HOW_TO_READ);
    for section in &sections {
        page.push_str(&draw_section(section));
    }
    page
}

const HOW_TO_READ: &str = "
## How to read the tables

Each row is a case: one way to call a small program. Its name leads to the snapshot with all that the program did, the name of the example above it to the source. [README.md](README.md#what-the-snapshots-speak-of) says how the programs were run, and [CONTRIBUTING.md](CONTRIBUTING.md) how to add what is missing.

- **letters**: what the program does without flags: natively, on wasip1 and on wasip2. `A` is what it does natively, any other letter is another outcome, and `·` is a target that the case does not have (without native, the first letter is `A`). `+2`: the snapshot has two more rows, with flags.
- **differs**: what the program does otherwise than natively, without flags. It may end otherwise: exit 0 → 1, trap, timed out, does not build, or refused (wasmtime ended before the program began). If it ends alike, it is named what else differs: stdout, stderr, files. Where one target is named, the other agrees or is not there. “With `--flag`: trap” differs with these flags only.
- **restored by**: the flags of wasmtime with which the program does what it does natively, or *none* if none that the case tries has that effect. “But for stdout”: with these it ends as natively, and only that still differs. Where flags are too long, their row in the snapshot is named. `{cwd}` is the absolute path of the working directory, `{wasm:NAME}` that of another module.
";

fn sections<'a>(recorded: &'a [Recorded<'a>]) -> Vec<Section<'a>> {
    let mut by_area: BTreeMap<(usize, &str), Vec<_>> = BTreeMap::new();
    for Recorded { example, tables } in recorded {
        let cases = example.cases.iter().zip(tables).map(|(case, table)| Case {
            example: &example.name,
            name: &case.name,
            about: case.about.as_deref().unwrap_or_default(),
            table,
            standings: WASM.map(|target| Standing::of(table, target)),
        });
        let area = example.area.as_deref().unwrap_or(OTHER);
        by_area.entry((rank(area), area)).or_default().push((*example, cases.collect()));
    }
    // GitHub numbers headings that would have the same anchor.
    let mut taken = vec![anchor("Divergences"), anchor("How to read the tables")];
    let section = |((_, area), examples)| {
        let plain = anchor(area);
        let numbered = (1..).map(|number| format!("{plain}-{number}"));
        let free = [plain.clone()].into_iter().chain(numbered).find(|anchor| !taken.contains(anchor));
        let anchor = free.expect("there are more numbers than headings");
        taken.push(anchor.clone());
        Section { area, anchor, examples }
    };
    by_area.into_iter().map(section).collect()
}

fn rank(area: &str) -> usize {
    match area {
        OTHER => usize::MAX,
        _ => AREAS.iter().position(|known| *known == area).unwrap_or(AREAS.len()),
    }
}

/// What the page is, and its figures.
fn introduction(sections: &[Section<'_>], versions: &Versions) -> String {
    let examples: usize = sections.iter().map(|section| section.examples.len()).sum();
    let cases: Vec<_> = sections.iter().flat_map(Section::cases).collect();
    let rust = versions.rust.as_ref().map(|rust| format!("Rust {rust} and ")).unwrap_or_default();
    let mut text = format!(
        "What a Rust program does differently on `wasm32-wasip1` and `wasm32-wasip2` than natively, and which \
         flags of wasmtime restore what native does: {} of {}, built, run and recorded with {rust}wasmtime {}.\n\n",
        count(cases.len(), "case"),
        count(examples, "example"),
        versions.wasmtime,
    );
    let figures = |which: fn(&Standing) -> bool| {
        [0, 1].map(|target| cases.iter().filter(|case| which(&case.standings[target])).count())
    };
    let lines: [(&str, [usize; 2]); 5] = [
        ("do what native does", figures(|standing| matches!(standing, Standing::Agrees { .. }))),
        (
            "differ, and flags restore it",
            figures(
                |standing| matches!(standing, Standing::Differs { restored_by, .. } if !restored_by.is_empty()),
            ),
        ),
        (
            "differ, and with flags they end alike but leave something else",
            figures(|standing| matches!(standing, Standing::Differs { nearest: Some(_), .. })),
        ),
        (
            "differ, and no flag helps",
            figures(|standing| match standing {
                Standing::Differs { restored_by, nearest, .. } => restored_by.is_empty() && nearest.is_none(),
                _ => false,
            }),
        ),
        (
            "are not compared: not for this target, or not native",
            figures(|standing| matches!(standing, Standing::NotCompared(_))),
        ),
    ];
    text.push_str("| cases, without flags | wasip1 | wasip2 |\n|---|--:|--:|\n");
    for (label, [wasip1, wasip2]) in lines {
        if label.starts_with("are not") && wasip1 + wasip2 == 0 {
            continue;
        }
        writeln!(text, "| {label} | {wasip1} | {wasip2} |").expect("writing to a String cannot fail");
    }
    text
}

fn contents(sections: &[Section<'_>]) -> String {
    let mut text =
        String::from("\n| area | cases | differ on wasip1 | differ on wasip2 |\n|---|--:|--:|--:|\n");
    for section in sections {
        let differ =
            [0, 1].map(|target| section.cases().filter(|case| case.standings[target].differs()).count());
        let [wasip1, wasip2] = differ;
        let (area, anchor, cases) = (inline(section.area), &section.anchor, section.cases().count());
        writeln!(text, "| [{area}](#{anchor}) | {cases} | {wasip1} | {wasip2} |")
            .expect("writing to a String cannot fail");
    }
    text
}

/// The blank in the last title does not break, so that the column is wide enough for a flag.
const TITLES: &str = "\
| case | what it shows | letters | differs | restored&nbsp;by |
|---|---|---|---|---|
";

fn draw_section(section: &Section<'_>) -> String {
    let mut text = format!("\n## {}\n\n{TITLES}", inline(section.area));
    for (example, cases) in &section.examples {
        let name = &example.name;
        let summary = example.summary.as_deref().map(|summary| bold(&inline(summary))).unwrap_or_default();
        let heading = bold(&format!("[{}](examples/{name}/src/main.rs)", inline(name)));
        let rows = [format!("| {heading} | {summary} | | | |\n")].into_iter();
        text.extend(rows.chain(cases.iter().map(draw_case)));
    }
    text
}

fn bold(text: &str) -> String {
    format!("**{text}**")
}

fn draw_case(case: &Case<'_>) -> String {
    let Case { example, name, about, table, standings } = case;
    let id = inline(&format!("{example}/{name}"));
    let letters = columns::letters(table);
    let (differs, restored_by) = (columns::differs(standings), columns::restored_by(standings));
    format!(
        "| [{id}](snapshots/{example}/{name}.snap) | {} | {letters} | {differs} | {restored_by} |\n",
        inline(about)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{self, Packages};
    use crate::fixture::Fixture;

    fn example(name: &str, area: Option<&str>, summary: Option<&str>, cases: &str) -> Example {
        Example {
            name: name.into(),
            summary: summary.map(String::from),
            area: area.map(String::from),
            cases: cases::parse(cases, &Packages { own: name, modules: &[] }).unwrap(),
            modules: Vec::new(),
            fixture: Fixture::default(),
        }
    }

    /// The tables of the examples' cases, each as it is drawn behind the command line.
    fn recorded<'a>(examples: &'a [Example], tables: &[&[&str]]) -> Vec<Recorded<'a>> {
        let table = |table: &&str| Table::parse(&format!("$ x\n{table}")).unwrap();
        let recorded = |(example, tables): (&'a Example, &&[&str])| Recorded {
            example,
            tables: tables.iter().map(table).collect(),
        };
        examples.iter().zip(tables).map(recorded).collect()
    }

    const SAMPLE: &str = " native wasip1 wasip2 wasmtime flags\ndefault A B B\ndir-here · A A --dir=.\n\nA  exit 0\n\nB  exit 1\n";
    const ALIKE: &str = " native wasip1 wasip2\ndefault A A A\n\nA  exit 0\n";

    #[test]
    fn a_page() {
        let examples = [
            example(
                "cat",
                Some("std::fs"),
                Some("Copies *a* file"),
                "[sample]\nabout = 'Not | granted'\n[usage]\n",
            ),
            example("hello", None, None, "[default]\nabout = 'Alike'\n"),
        ];
        let recorded = recorded(&examples, &[&[SAMPLE, ALIKE], &[ALIKE]]);
        let versions = Versions { rust: Some("1.95.0".into()), wasmtime: "48.0.8".into() };
        let page = draw(&recorded, &versions);
        let (top, rest) = page.split_once(HOW_TO_READ).expect("how to read it");
        assert_eq!(
            top,
            "\
<!-- Made by `cargo xtask divergences` of what examples/ and snapshots/ say: edit those, and run it. -->

# Divergences

What a Rust program does differently on `wasm32-wasip1` and `wasm32-wasip2` than natively, and which flags of \
wasmtime restore what native does: 3 cases of 2 examples, built, run and recorded with Rust 1.95.0 and wasmtime 48.0.8.

| cases, without flags | wasip1 | wasip2 |
|---|--:|--:|
| do what native does | 2 | 2 |
| differ, and flags restore it | 1 | 1 |
| differ, and with flags they end alike but leave something else | 0 | 0 |
| differ, and no flag helps | 0 | 0 |

| area | cases | differ on wasip1 | differ on wasip2 |
|---|--:|--:|--:|
| [`std::fs`](#stdfs) | 2 | 1 | 1 |
| [Other](#other) | 1 | 0 | 0 |
"
        );
        assert_eq!(
            rest,
            "
## `std::fs`

| case | what it shows | letters | differs | restored&nbsp;by |
|---|---|---|---|---|
| **[cat](examples/cat/src/main.rs)** | **Copies \\*a\\* file** | | | |
| [cat/sample](snapshots/cat/sample.snap) | Not \\| granted | `ABB` +1 | exit 0&nbsp;→&nbsp;1 | `--dir=.` |
| [cat/usage](snapshots/cat/usage.snap) |  | `AAA` | — | — |

## Other

| case | what it shows | letters | differs | restored&nbsp;by |
|---|---|---|---|---|
| **[hello](examples/hello/src/main.rs)** |  | | | |
| [hello/default](snapshots/hello/default.snap) | Alike | `AAA` | — | — |
"
        );
    }

    #[test]
    fn sections_in_order() {
        let examples =
            ["zoo", "first steps", "Other", "How to read the tables", "a|b", "memory", "std::io", "(a)b"]
                .map(|area| example("x", Some(area), None, "[x]\n"));
        let tables: Vec<&[&str]> = vec![&[ALIKE]; examples.len()];
        let page = draw(&recorded(&examples, &tables), &Versions::default());
        let links: Vec<_> = page
            .lines()
            .filter_map(|line| line.strip_prefix("| [")?.split_once(") |"))
            .map(|(link, _)| link)
            .filter(|link| link.contains("](#"))
            .collect();
        assert_eq!(
            links,
            [
                "`std::io`](#stdio",
                "memory](#memory",
                "first steps](#first-steps",
                "(a)b](#ab",
                "How to read the tables](#how-to-read-the-tables-1",
                r"a\|b](#ab-1",
                "zoo](#zoo",
                "Other](#other",
            ]
        );
    }
}
