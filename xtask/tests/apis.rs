//! Checks the items of std in the `apis` of all cases: each is in the documentation of the pinned Rust's std, and
//! is used by the source of its example.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::assert::OutputAssertExt;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The directories of all examples that have a `cases.toml`, with the APIs in it.
fn apis() -> BTreeMap<PathBuf, Vec<String>> {
    let mut all = BTreeMap::new();
    for example in fs::read_dir(root().join("examples")).unwrap() {
        let example = example.unwrap().path();
        let Ok(text) = fs::read_to_string(example.join("cases.toml")) else { continue };
        let cases: toml::Table = text.parse().unwrap();
        let of_case = |case: &toml::Value| case.get("apis").and_then(toml::Value::as_array).cloned();
        let apis = cases.values().filter_map(of_case).flatten();
        let mut apis: Vec<String> = apis.map(|api| api.as_str().unwrap().into()).collect();
        apis.sort();
        apis.dedup();
        all.insert(example, apis);
    }
    all
}

/// The pinned Rust.
fn pin() -> String {
    let manifest: toml::Table = read(&root().join("Cargo.toml")).parse().unwrap();
    manifest["workspace"]["metadata"]["parallax"]["rust"].as_str().unwrap().into()
}

/// rustdoc resolves links to items by their paths, and is a part of every toolchain.
#[test]
fn apis_are_in_the_documentation_of_std() {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("links.rs");
    let mut text = String::new();
    let mut count = 0;
    for api in apis().values().flatten() {
        text.push_str(&format!("//! [`{api}`]\n"));
        count += 1;
    }
    assert!(count > 100, "only {count} APIs were found");
    fs::write(&source, text).unwrap();
    let is_there = Command::new("rustup").arg("--version").output().is_ok();
    // Without rustup, the Rust on PATH is the pinned one, or the harness could not run.
    let words = if is_there {
        vec!["rustup".into(), "run".into(), pin(), "rustdoc".into()]
    } else {
        vec!["rustdoc".into()]
    };
    Command::new(&words[0])
        .args(&words[1..])
        .args(["--deny", "rustdoc::broken_intra_doc_links", "--out-dir"])
        .arg(directory.path().join("doc"))
        .arg(&source)
        .env_remove("RUSTUP_TOOLCHAIN")
        .assert()
        .success();
}

#[test]
fn apis_are_used_by_their_examples() {
    let mut unused = Vec::new();
    for (example, apis) in apis() {
        let mut code = String::new();
        for file in fs::read_dir(example.join("src")).unwrap() {
            code.push_str(&without_comments_and_strings(&read(&file.unwrap().path())));
        }
        let words: Vec<&str> = code.split(|c: char| c != '_' && !c.is_alphanumeric()).collect();
        for api in apis {
            let name = api.rsplit("::").next().unwrap().trim_end_matches('!');
            if !words.contains(&name) {
                unused.push(format!("{}: {api}", example.file_name().unwrap().display()));
            }
        }
    }
    assert!(unused.is_empty(), "the examples do not use these:\n{}", unused.join("\n"));
}

/// Replaces comments, strings and characters of Rust source by spaces.
fn without_comments_and_strings(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skipped = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '"' => end_of_string(rest),
            'r' if !code.ends_with(|c: char| c.is_alphanumeric() || c == '_') => {
                raw_string(rest).unwrap_or(0)
            }
            // A lifetime has no second quote after one character.
            '\'' => character(rest).unwrap_or(0),
            _ => 0,
        };
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    text[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let from = 2 + hashes;
    Some(text[from..].find(&end).map_or(text.len(), |at| from + at + end.len()))
}

fn character(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    match chars.next()? {
        (_, '\\') => text[3..].find('\'').map(|at| 3 + at + 1),
        _ => chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 1),
    }
}

#[test]
fn only_code_counts() {
    let code = without_comments_and_strings("a // b\nc /* d */ \"e\\\"f\" r#\"g\"# 'h' '\\'' &'i j");
    let words: Vec<_> = code.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    assert_eq!(words, ["a", "c", "i", "j"]);
}
