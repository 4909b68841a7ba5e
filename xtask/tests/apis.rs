//! Checks the items of std in the `apis` of all cases: each is in the documentation of the pinned Rust's std, and
//! is used by the source of its example. Those that crates use most, in docs/std-usage.md, each have a case.

mod source;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::assert::OutputAssertExt;

use crate::source::without_comments_and_strings;
use assert_cmd::output::OutputOkExt;

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

/// Functions to which rustdoc cannot link: core defines their type, and std or alloc its functions.
fn cannot_be_linked(api: &str) -> bool {
    // These are there, or this does not compile.
    let _ = (io::Error::new::<&str>, io::Error::other::<&str>);
    let _ = (io::Error::last_os_error, io::Error::from_raw_os_error);
    let names = ["new", "other", "last_os_error", "from_raw_os_error"];
    api.strip_prefix("std::io::Error::").is_some_and(|name| names.contains(&name))
}

/// rustdoc resolves links to items by their paths, and is a part of every toolchain.
#[test]
fn apis_are_in_the_documentation_of_std() {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("links.rs");
    let mut text = String::new();
    let mut count = 0;
    for api in apis().values().flatten().filter(|api| !cannot_be_linked(api)) {
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

/// What `cargo xtask find` says about a case.
struct Case {
    id: String,
    verdicts: String,
    apis: Vec<String>,
}

impl Case {
    /// The worst verdict, as a number; the larger, the better.
    fn rank(&self) -> usize {
        const VERDICTS: [&str; 7] = ["silent", "abort", "error", "output", "build", "wording", "same"];
        // A case without a baseline shows the least.
        let rank = VERDICTS.iter().position(|verdict| self.verdicts.contains(verdict));
        rank.map_or(0, |rank| rank + 1)
    }

    fn link(&self) -> String {
        format!("[{0}](../snapshots/{0}.snap): {1}", self.id, self.verdicts)
    }
}

/// All cases that name an item of std, the worst first.
fn cases() -> Vec<Case> {
    let found =
        Command::new(env!("CARGO_BIN_EXE_xtask")).args(["find", "std::"]).current_dir(root()).unwrap();
    let text = String::from_utf8(found.stdout).unwrap();
    let mut cases = Vec::new();
    for part in text.split("\n\n") {
        let std = part.lines().find_map(|line| line.trim_start().strip_prefix("std  "));
        let (Some(std), Some((id, verdicts))) = (std, part.lines().next().unwrap().split_once("   ")) else {
            continue;
        };
        let verdicts = match verdicts.split_once(", ") {
            Some((one, other))
                if one
                    .strip_prefix("wasip1 ")
                    .is_some_and(|one| other.strip_prefix("wasip2 ") == Some(one)) =>
            {
                &one["wasip1 ".len()..]
            }
            _ => verdicts,
        };
        let apis = std.trim().split(", ").map(String::from).collect();
        cases.push(Case { id: id.into(), verdicts: verdicts.into(), apis });
    }
    cases
}

#[test]
fn most_used_apis_have_cases() {
    let page = root().join("docs/std-usage.md");
    let shown = read(&page);
    let cases = cases();
    let (mut current, mut missing, mut count) = (String::new(), Vec::new(), 0);
    for line in shown.lines() {
        let cells: Vec<_> = line.split(" | ").collect();
        let api = cells.get(1).and_then(|cell| cell.strip_prefix("`std::")?.strip_suffix('`'));
        let Some(api) = api.map(|api| format!("std::{api}")) else {
            current.push_str(line);
            current.push('\n');
            continue;
        };
        count += 1;
        let about: Vec<_> = cases.iter().filter(|case| case.apis.contains(&api)).collect();
        // Of equal ones, the best is the plainest, or that which is about the fewest APIs; the worst is the first.
        let is_plain = |case: &Case| case.id.contains("-everyday/");
        let best =
            about.iter().max_by_key(|case| (case.rank(), is_plain(case), usize::MAX - case.apis.len()));
        let worst = about.iter().filter(|case| case.rank() > 0).min_by_key(|case| case.rank());
        let Some(best) = best else {
            missing.push(api);
            continue;
        };
        let worst =
            worst.filter(|worst| worst.rank() < best.rank()).map_or("—".into(), |worst| worst.link());
        current.push_str(&format!("{} | `{api}` | {} | {worst} |\n", cells[0], best.link()));
    }
    assert!(missing.is_empty(), "no case has these in its `apis`:\n{}", missing.join("\n"));
    assert!(count >= 50, "docs/std-usage.md has only {count} APIs");
    if env::var_os("UPDATE_STD_USAGE").is_some() {
        fs::write(&page, &current).unwrap();
    }
    assert!(
        env::var_os("UPDATE_STD_USAGE").is_some() || shown == current,
        "docs/std-usage.md is out of date; run `UPDATE_STD_USAGE=1 cargo test --package xtask --test apis`"
    );
}
