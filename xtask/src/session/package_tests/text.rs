//! What is shown of the run of a test, and of its flags.

use crate::host::wasmtime;
use crate::model::case::Row;
use crate::model::grant::{Directory, Grant};
use crate::run::libtest;
use crate::run::package_tests::{GUEST_TEMPORARY, TestRan};
use crate::support::escape::indent;

/// How many lines of the output of a test are shown.
const MOST_LINES: usize = 8;

/// How many characters of each of these lines.
const MOST_CHARACTERS: usize = 200;

/// What to tell about a binary that does not list its tests.
pub fn does_not_list(ran: &TestRan) -> String {
    let printed = abridged(&ran.output);
    let help = "help: `cargo test -- --list` has to print its tests and to exit with 0; if it is not made with libtest, \
                declare it with `harness = false` in Cargo.toml";
    let printed =
        if printed.is_empty() { printed } else { format!("{}\n", indent(&printed, "  │").trim_end()) };
    format!("it does not list its tests: {}\n{printed}{help}", ran.end)
}

/// The most telling line of what a failed test has printed.
pub fn headline(ran: &TestRan) -> String {
    let panic = libtest::panic(&ran.output);
    let of_panic =
        panic.map(|panic| panic.message.lines().take(3).map(str::trim).collect::<Vec<_>>().join(", "));
    let line =
        of_panic.or_else(|| ran.output.lines().rfind(|line| line.contains("Error: ")).map(String::from));
    let end = || ran.trap.as_ref().map_or_else(|| ran.end.to_string(), |trap| format!("trap: {trap}"));
    shortened(&line.filter(|line| !line.is_empty()).unwrap_or_else(end))
}

/// What a failed test has printed, abridged to some lines, and the line of source that panicked.
pub fn text(ran: &TestRan, source: Option<&str>) -> String {
    let mut text = match libtest::panic(&ran.output) {
        Some(panic) => {
            // std's sources have a long path, which differs between machines.
            let at = panic.at.split_once("/library/").map(|(_, below)| format!("library/{below}"));
            let mut text = format!("panicked at {}:\n", at.unwrap_or(panic.at));
            text.extend(source.map(|source| format!("    {source}\n")));
            text + &panic.message
        }
        None => {
            let lines = ran.output.lines().filter(|line| !line.is_empty() && !line.starts_with("running "));
            lines.collect::<Vec<_>>().join("\n")
        }
    };
    text.truncate(text.trim_end().len());
    let end = ran.trap.as_ref().map_or_else(|| ran.end.to_string(), |trap| format!("trap: {trap}"));
    abridged(&format!("{text}\n{end}"))
}

/// The beginning and the end of a text, in short lines.
pub fn abridged(text: &str) -> String {
    let lines: Vec<_> = text.trim_end().lines().map(shortened).collect();
    match lines.len() > MOST_LINES {
        false => lines.join("\n"),
        // The beginning says where it failed, and the end how.
        true => [&lines[..MOST_LINES - 3], &["…".into()], &lines[lines.len() - 2..]].concat().join("\n"),
    }
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(MOST_CHARACTERS) {
        None => line.into(),
        Some((at, _)) => format!("{}…", &line[..at]),
    }
}

/// Returns the flags of wasmtime for a grant, as a user types them in the directory of the package.
pub fn shown(grant: &Grant) -> Vec<String> {
    let mut grant = grant.clone();
    for directory in &mut grant.dirs {
        if directory.guest.as_deref() == Some(GUEST_TEMPORARY) {
            *directory = Directory { host: GUEST_TEMPORARY.into(), guest: None };
        }
    }
    wasmtime::flags(&Row { grant, ..Row::default_row() })
}
