//! Crates that have only a stub for a target: their sources contain the message that the program shows.

use std::fs;
use std::path::Path;

use crate::build::message::Crate;
use crate::explain::evidence::{Evidence, Explanation};
use crate::explain::rules::CRATE_STUB;
use crate::model::verdict::Change;
use crate::support::text_file;

/// What the message of a stub contains, in lower case.
const PHRASES: [&str; 5] =
    ["not supported", "unsupported", "not implemented", "unimplemented", "not available"];

/// The shortest message that counts, in bytes: a shorter one may be in a line by chance.
const SHORTEST: usize = 12;

/// How an error without a message of its own is made.
const KIND: &str = "ErrorKind::Unsupported";

/// How deep the modules of a crate may be in directories.
const DEEPEST: usize = 6;

/// Explains a line with a message of a crate that natively is not there.
pub fn explain(evidence: &Evidence<'_>, change: &Change) -> Option<Explanation> {
    let is_shown = |message: &str| change.here.contains(message) && !change.native.contains(message);
    if !is_about_support(&change.here) || is_about_support(&change.native) {
        return None;
    }
    let tail = change.here.trim_end().rsplit(": ").next().unwrap_or_default();
    let fact = evidence.crates.iter().find_map(|krate| {
        find(krate, &|line| {
            let mut messages = literals(line).filter(|literal| is_about_support(literal));
            // A short message counts if it is all that follows a colon.
            messages.any(|literal| is_shown(literal) && (literal.len() >= SHORTEST || tail == literal))
        })
    })?;
    Some(Explanation::new(&CRATE_STUB, format!("The message \"{}\" is that of {fact}.", change.here.trim())))
}

/// Whether a message says that something is not supported.
pub fn is_about_support(message: &str) -> bool {
    let message = message.to_lowercase();
    PHRASES.iter().any(|phrase| message.contains(phrase))
}

/// Returns the place of a crate with this message, if there is one.
pub fn with_message(crates: &[Crate], message: &str) -> Option<String> {
    crates
        .iter()
        .find_map(|krate| find(krate, &|line| literals(line).any(|literal| literal.contains(message))))
}

/// Names the crates that make errors of the kind Unsupported without a message.
pub fn with_bare_errors(crates: &[Crate]) -> Vec<String> {
    let makes_one = |line: &str| line.contains(KIND) && (line.contains(".into()") || line.contains("from("));
    crates.iter().filter_map(|krate| find(krate, &makes_one)).collect()
}

/// Returns the place of the first line of a crate for which `is_meant` holds: `memmap2 0.9.5 (stub.rs:12)`.
fn find(krate: &Crate, is_meant: &dyn Fn(&str) -> bool) -> Option<String> {
    let place = in_directory(&krate.sources, is_meant, DEEPEST)?;
    let place = place.strip_prefix(&format!("{}/", krate.sources.display())).unwrap_or(&place).to_string();
    Some(format!("{} ({place})", krate.package))
}

fn in_directory(directory: &Path, is_meant: &dyn Fn(&str) -> bool, depth: usize) -> Option<String> {
    let mut paths: Vec<_> =
        fs::read_dir(directory).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    // A file for other targets is a better reason than any other one.
    let is_of_stub = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ["stub", "unsupported", "wasm", "wasi"].iter().any(|part| name.contains(part))
    };
    paths.sort_by_key(|path| (!is_of_stub(path), path.clone()));
    paths.iter().find_map(|path| {
        if path.is_dir() {
            return if depth == 0 { None } else { in_directory(path, is_meant, depth - 1) };
        }
        if path.extension().is_none_or(|extension| extension != "rs") {
            return None;
        }
        let text = text_file::read_text(path).ok()?;
        let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        let found = code.filter(|(_, line)| is_meant(line)).map(|(index, _)| index + 1).next()?;
        Some(format!("{}:{found}", path.display()))
    })
}

/// The string literals in a line, as far as they are on this line and contain no quotes.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_in_any_case_are_about_support() {
        assert!(is_about_support("tar: Not implemented") && is_about_support("this is UNSUPPORTED"));
        assert!(!is_about_support("not found") && !is_about_support("implemented"));
    }

    #[test]
    fn the_crate_is_found_by_its_message() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("sys")).unwrap();
        let source = "// \"this platform is not supported\"\nfn a() {\n    fail(\"this platform is not supported\")\n}\n";
        fs::write(directory.path().join("sys/wasm.rs"), source).unwrap();
        let krate = Crate { package: "map 1.0.0".into(), sources: directory.path().into() };
        let place = |message: &str| find(&krate, &|line| literals(line).any(|literal| literal == message));
        assert_eq!(place("this platform is not supported").unwrap(), "map 1.0.0 (sys/wasm.rs:3)");
        assert_eq!(place("other"), None);
    }
}
