//! Draws a map as text: addresses from top to bottom, one column per instance.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::Range;

use crate::map::{Kind, Map, Overlap, Region};
use crate::module::Sort;
use crate::text::{count, visible};

/// A range of a memory or table in which no region starts or ends.
#[derive(Clone, Debug)]
pub struct Stretch<'a> {
    pub range: Range<u64>,
    /// The region of each owner in this range.
    pub parts: Vec<Option<Part<'a>>>,
    pub overlaps: bool,
}

/// A region within a stretch.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    pub region: &'a Region,
    /// Whether the region starts with this stretch.
    pub begins: bool,
}

impl Stretch<'_> {
    /// The height in lines. It grows with the logarithm of the size, so that a mebibyte takes only
    /// three times as many lines as a byte.
    pub fn lines(&self) -> usize {
        let size = (self.range.end - self.range.start).max(1);
        1 + size.ilog2() as usize / 8
    }
}

/// The owners of the regions of a map, in the order of their columns.
pub fn owners(map: &Map) -> Vec<&str> {
    let mut owners: Vec<_> =
        map.regions.iter().map(|region| (&region.owners, region.owner.as_str())).collect();
    owners.sort();
    owners.dedup();
    owners.into_iter().map(|(_, owner)| owner).collect()
}

/// The stretches of a map, in the order of their addresses.
pub fn stretches(map: &Map) -> Vec<Stretch<'_>> {
    let ends = map.regions.iter().flat_map(|region| [region.range.start, region.range.end]);
    let bounds: Vec<u64> = ends.chain([0, map.size]).collect::<BTreeSet<_>>().into_iter().collect();
    let overlaps = map.overlaps();
    let owners = owners(map);
    bounds
        .windows(2)
        .map(|bounds| {
            let range = bounds[0]..bounds[1];
            let covers = |other: &Range<u64>| other.start <= range.start && range.end <= other.end;
            let part = |owner: &&str| {
                let mut there: Vec<_> = map
                    .regions
                    .iter()
                    .filter(|region| region.owner == **owner && covers(&region.range))
                    .collect();
                there.sort_by_key(|region| region.kind);
                let region = *there.first()?;
                Some(Part { region, begins: region.range.start == range.start })
            };
            let parts = owners.iter().map(part).collect();
            let overlaps = overlaps.iter().any(|overlap| covers(&overlap.range));
            Stretch { range, parts, overlaps }
        })
        .collect()
}

/// The label of a region in a drawing.
pub fn label(region: &Region) -> String {
    match region.kind {
        Kind::Data => match printable(&region.bytes) {
            "" => format!("data, {}", count(region.bytes.len() as u64, "byte")),
            text => format!("data {}", quote(text.as_bytes(), 16)),
        },
        kind => kind.word().to_string(),
    }
}

/// Whether a map is of a memory or of a table.
pub fn kind(map: &Map) -> &'static str {
    if map.sort == Sort::Memory { "memory" } else { "table" }
}

/// The first line of a map: its kind and name, its size, and the instances that use it.
pub fn title(map: &Map) -> String {
    let size = match map.sort {
        Sort::Memory => format!("{} bytes", map.size),
        _ => count(map.size, "slot"),
    };
    let users = match map.users.as_slice() {
        [only] => format!("of {only} alone"),
        [most @ .., last] => format!("shared by {} and {last}", most.join(", ")),
        [] => "unused".into(),
    };
    format!("{} {}, {size}, {users}", kind(map), map.name)
}

/// Draws a map as text: its title, the columns, and a sentence for each overlap.
pub fn map(map: &Map) -> String {
    let mut text = title(map) + "\n";
    let owners = owners(map);
    let stretches = stretches(map);
    let labels = stretches.iter().flat_map(|stretch| stretch.parts.iter().flatten());
    let width = labels.map(|part| label(part.region).chars().count());
    let width = width.chain(owners.iter().map(|owner| owner.chars().count())).max().unwrap_or(0) + 2;
    let addresses = map.regions.iter().map(|region| region.range.end).chain([map.size]).max().unwrap_or(0);
    let digits = addresses.to_string().len().max(5);

    let mut line = |address: Option<u64>, scale: char, cells: &[String], overlaps: bool| {
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        let mut line = format!("  {address:>digits$} {scale}  ");
        for cell in cells {
            write!(line, "{cell:width$}").expect("writing to a String cannot fail");
        }
        line.push_str(if overlaps { "╳" } else { "" });
        text.push_str(line.trim_end());
        text.push('\n');
    };
    let names: Vec<_> = owners.iter().map(|owner| owner.to_string()).collect();
    line(None, ' ', &names, false);
    for (number, stretch) in stretches.iter().enumerate() {
        for row in 0..stretch.lines() {
            let cells: Vec<_> = stretch
                .parts
                .iter()
                .map(|part| match part {
                    None => String::new(),
                    Some(Part { region, begins: true }) if row == 0 => label(region),
                    Some(_) => "│".into(),
                })
                .collect();
            let scale = match (number, row) {
                (0, 0) => '┬',
                (_, 0) => '┼',
                _ => '│',
            };
            line((row == 0).then_some(stretch.range.start), scale, &cells, stretch.overlaps);
        }
    }
    line(stretches.last().map(|stretch| stretch.range.end), '┴', &[], false);
    let overlaps = map.overlaps();
    if !overlaps.is_empty() {
        text.push('\n');
    }
    for overlap in &overlaps {
        text.push_str(&format!("  {}\n", sentence(overlap)));
    }
    text
}

/// Describes an overlap: `extra's data 1024..1030 overwrites victim's data 1024..1030 ("hello")`.
pub fn sentence(overlap: &Overlap<'_>) -> String {
    let Overlap { over, under, range } = overlap;
    // Data is overwritten only where the regions overlap. A stack or a heap is named as a whole.
    let spans = |region: &Region| match region.kind {
        Kind::Data | Kind::Slots => format!("{}..{}", range.start, range.end),
        _ => format!("{}..{}", region.range.start, region.range.end),
    };
    let named = |region: &Region| format!("{}'s {} {}", region.owner, region.kind.word(), spans(region));
    let verb = match (over.kind, under.kind) {
        (Kind::Stack, Kind::Stack) => "lies on",
        (Kind::Stack, _) => "grows over",
        (Kind::Heap, _) => "holds",
        (Kind::Slots, _) => "overwrite",
        (Kind::Data | Kind::Zeroed, _) => "overwrites",
    };
    let lost = match overlap.lost() {
        [] => String::new(),
        lost => format!(" ({})", quote(lost, 40)),
    };
    format!("{} {verb} {}{lost}", named(over), named(under))
}

/// The longest printable text at the start of some bytes.
fn printable(bytes: &[u8]) -> &str {
    let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    text.split(char::is_control).next().unwrap_or_default()
}

/// The first bytes in quotes, on one line.
fn quote(bytes: &[u8], at_most: usize) -> String {
    let visible = |bytes: &[u8]| visible(bytes).replace('\n', "\\n");
    match bytes.get(..at_most) {
        // Do not cut a character in two.
        Some(some) if some.len() < bytes.len() => {
            let is_inside = |end: &usize| bytes[*end] & 0b1100_0000 == 0b1000_0000;
            let end = (0..=at_most).rev().find(|end| !is_inside(end)).unwrap_or(0);
            format!("\"{}…\"", visible(&some[..end]))
        }
        _ => format!("\"{}\"", visible(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::{Instance, maps};
    use crate::module;

    const ENV: &str = r#"(module (memory (export "memory") 1))"#;

    #[track_caller]
    fn check(modules: &[(&str, &str)], picture: &str) {
        let instances: Vec<_> = modules
            .iter()
            .map(|(name, text)| {
                let module = module::read(text.as_bytes()).unwrap();
                Instance { name: name.to_string(), module }
            })
            .collect();
        assert_eq!(map(&maps(&instances).0[0]), picture);
    }

    #[test]
    fn overwritten() {
        let user = |text: &str| {
            format!(
                r#"(module (import "env" "memory" (memory 1))
                    (global $__stack_pointer (mut i32) (i32.const 1024))
                    (func (drop (global.get $__stack_pointer)))
                    (data (i32.const 1024) "{text}"))"#
            )
        };
        check(
            &[("env", ENV), ("victim", &user("hello")), ("extra", &user("HELLO, world"))],
            r#"memory env.memory, 65536 bytes, shared by env, victim and extra
           victim               extra
      0 ┬  stack                stack                ╳
        │  │                    │                    ╳
   1024 ┼  data "hello"         data "HELLO, world"  ╳
   1029 ┼                       │
   1036 ┼
        │
  65536 ┴

  extra's stack 0..1024 lies on victim's stack 0..1024
  extra's data 1024..1029 overwrites victim's data 1024..1029 ("hello")
"#,
        );
    }

    #[test]
    fn one_alone() {
        check(
            &[(
                "only",
                r#"(module (memory 1) (data (i32.const 8) "\01\02") (data (i32.const 16) "a long text, and more"))"#,
            )],
            r#"memory only.memory, 65536 bytes, of only alone
           only
      0 ┬
      8 ┼  data, 2 bytes
     10 ┼
     16 ┼  data "a long text, and…"
     37 ┼
        │
  65536 ┴
"#,
        );
    }

    #[test]
    fn quotes() {
        assert_eq!(quote(b"a\nb\0", 10), r#""a\nb\0""#);
        assert_eq!(quote("ééé".as_bytes(), 3), "\"é…\"");
        assert_eq!(quote("💩!".as_bytes(), 5), "\"💩!\"");
    }
}
