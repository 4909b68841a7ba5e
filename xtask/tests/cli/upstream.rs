//! `cargo xtask upstream`: the drafts of docs/upstream.md, or of a page that says something else.

#![cfg(target_os = "linux")]

use assert_cmd::cargo::cargo_bin;

use crate::support::processes::assert_no_processes;
use crate::support::{
    AssertOutput, HELLO, OTHER_RUST, Workspace, is_rust_installed, manifest, objects, pinned_rust,
    pinned_wasmtime, require,
};

/// The page of the repository.
const PAGE: &str = include_str!("../../../docs/upstream.md");

/// A workspace with the pins of the repository and this page.
fn workspace(page: &str) -> Workspace {
    let workspace = Workspace::with("hello", HELLO, "");
    let pins = "[workspace.metadata.parallax]\n";
    let rust = format!("{pins}rust = \"{}\"\n", pinned_rust());
    workspace.write("Cargo.toml", &manifest(&pinned_wasmtime()).replace(pins, &rust));
    workspace.write("docs/upstream.md", page);
    workspace
}

/// The page with `from` replaced where it comes first in or after `place`.
fn edited(page: &str, place: &str, from: &str, to: &str) -> String {
    let at = page.find(place).unwrap_or_else(|| panic!("no {place}"));
    let (before, after) = page.split_at(at);
    assert!(after.contains(from), "no {from} after {place}");
    format!("{before}{}", after.replacen(from, to, 1))
}

fn args(line: &str) -> impl Iterator<Item = &str> {
    ["upstream"].into_iter().chain(line.split_whitespace())
}

#[test]
fn every_draft_has_a_state_and_a_reproducer() {
    let workspace = workspace(PAGE);
    let listed = objects(&workspace.xtask().args(args("--list --format json")).assert().code(0));
    let headings = PAGE.lines().filter(|line| line.starts_with("### ")).count();
    assert_eq!(listed.len(), headings);
    assert!(headings >= 17, "{headings}");
    for (index, draft) in listed.iter().enumerate() {
        assert_eq!(draft["number"], index + 1);
        let link = format!("](#{}-", index + 1);
        assert_eq!(PAGE.matches(&link).count(), 1, "the table should link to the draft once: {link}");
        let draft = PAGE.split(&format!("\n### {}. ", index + 1)).nth(1).expect("the draft");
        let draft = draft.split("\n### ").next().expect("the draft");
        assert!(draft.contains("](../snapshots/"), "draft {} names no case", index + 1);
    }
    workspace
        .xtask()
        .args(args("2 --list"))
        .assert()
        .code(0)
        .prints(" 2. wasip2: `lseek`")
        .prints("(not filed)");
    assert!(!workspace.path("target").exists(), "--list must run nothing");
}

#[test]
fn bugs_are_still_there_with_the_pins() {
    let workspace = workspace(PAGE);
    let ran = workspace.xtask().args(args("1 12")).assert().code(0);
    let versions = format!("With rustc {} ", pinned_rust());
    let counts = format!(" and wasmtime {}: 3 still there\n", pinned_wasmtime());
    ran.prints("    wasip1  still there\n    wasip2  still there\n").prints(&versions).prints(&counts);
    let wasmtime = workspace.wasmtime();
    let line = format!("17 --format json --wasmtime {}", wasmtime.display());
    let ran = objects(&workspace.xtask().args(args(&line)).assert().code(0));
    assert_eq!(ran[0]["number"], 17);
    assert_eq!(ran[0]["targets"][0]["verdict"], "still there");
    assert_eq!(ran[1]["still_there"], 2);
    assert_eq!(ran[1]["wasmtime"], format!("wasmtime {}", pinned_wasmtime()));
    workspace.assert_no_scratch();
    assert_no_processes(&workspace);
}

#[test]
fn fixed_and_different_bugs_are_told_apart() {
    // What the programs really do becomes what is expected of draft 1, and something that is neither shown nor expected
    // of draft 12. A native program of draft 15 does something else than the page shows.
    let page = edited(PAGE, "end.p2.wasm\nseek: 10\ncontents: abcd", "contents: abcd", "contents: wxyz");
    let page = edited(
        &page,
        "end.p2.wasm\nseek: 10\ncontents: ab23",
        "contents: ab23456789cd",
        "contents: abcd456789",
    );
    let page = edited(&page, "contents: abcd456789\nseek: 12", "seek: 12", "seek: 10");
    let page =
        edited(&page, "seek: 10\nafter the end: \"\"", "after the end: \"\"", "after the end: \"cd456789\"");
    let page = edited(&page, "across.p1.wasm /dev/shm\nrename: I/O", "I/O error", "No error");
    let page = edited(&page, "$ ./sync\n", "$ ./sync\n", "$ setsid sleep 600 & ./sync\nhello\n");
    let workspace = workspace(&page);
    let ran = workspace.xtask().args(args("1 12 15")).assert().code(100);
    let text = ran.stdout_text();
    let expected = " 1. wasip2: `lseek` to the end does not move a descriptor that was read or written
    wasip2  fixed
12. `EXDEV` becomes `EIO`
    wasip1  different
            $ wasmtime run --dir=. --dir=/dev/shm across.p1.wasm /dev/shm
            │rename: I/O error (os error 29), CrossesDevices: false
            │hard_link: I/O error (os error 29), CrossesDevices: false
    wasip2  still there
15. wasip1: `fd_sync` and `fd_datasync` refuse directories
    native  different
            $ setsid sleep 600 & ./sync
            │file: sync_all: Ok(()), sync_data: Ok(())
            │.: sync_all: Ok(()), sync_data: Ok(())
    wasip1  still there
";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.ends_with(": 2 still there, 1 fixed, 2 different\n"), "{text}");
    workspace.assert_no_scratch();
    assert_no_processes(&workspace);
}

/// A page with one draft, of a program that is not needed. It prints `one`, and should print `two`.
fn small_page(line: &str) -> String {
    let line = format!("{line} # a.p1.wasm");
    format!(
        "| [1](#1-a) | none | a | no |\n\n```sh\ntouch NAME\n```\n\n### 1. a\n\n**Filed:** not yet.\n\n```rust\n\
         // a.rs\n```\n\n```console\n$ {line}\none\n```\n\n**Expected:**\n\n```console\n$ {line}\ntwo\n```\n"
    )
}

#[test]
fn verdict_has_to_hold_twice() {
    let directory = tempfile::tempdir().expect("a temporary directory should be made");
    let file = directory.path().join("file");
    std::fs::write(&file, "two\n").expect("the file should be written");
    let line = format!("cat {0} 2> /dev/null || echo one; rm -f {0}", file.display());
    let workspace = workspace(&small_page(&line));
    // The first run prints `two`, and the second one `one`.
    workspace.xtask().args(args("1")).assert().code(100).prints(" 1. a\n    wasip1  unsteady\nWith ");
    workspace.xtask().args(args("1")).assert().code(0).prints(" 1. a\n    wasip1  still there\nWith ");
}

#[test]
fn named_wasmtime_replaces_the_pinned_one() {
    let workspace =
        workspace(&small_page("wasmtime --version > version; cut -c 1-9 version | sed s/wasmtime./one/"));
    let wasmtime = workspace.wasmtime();
    let other = "48.0.7";
    let pins = workspace.read("Cargo.toml").replace(&pinned_wasmtime(), other);
    workspace.write("Cargo.toml", &pins);
    let path =
        std::env::join_paths([wasmtime.parent().expect("a directory"), "/usr/bin".as_ref(), "/bin".as_ref()]);
    let line = format!("1 --wasmtime {}", pinned_wasmtime());
    let named = format!(" and wasmtime {}: 1 still there", pinned_wasmtime());
    let run = |line: &str| {
        let mut command = workspace.xtask_without_wasmtime();
        command.args(args(line)).env("PATH", path.as_ref().expect("a path"));
        // It is not the named one, which is on `PATH`.
        command.env("WASMTIME", cargo_bin!("xtask")).assert()
    };
    run(&line).code(0).prints(&named);
    run("1 --offline").code(96).says("WASMTIME");
}

#[test]
fn program_that_does_not_compile_is_different() {
    let page = edited(PAGE, "// end.rs", "// end.rs", "// end.rs\ncompile_error!(\"no program\");");
    let ran = workspace(&page).xtask().args(args("1")).assert().code(100);
    ran.prints("wasip2  different").prints("$ rustc --edition 2024 -O end.rs -o end\n").prints("no program");
}

#[test]
fn another_rust_that_has_no_such_bug_has_it_fixed() {
    let has_both =
        ["wasm32-wasip1", "wasm32-wasip2"].iter().all(|triple| is_rust_installed(OTHER_RUST, triple));
    if !require(&format!("Rust {OTHER_RUST} with the wasm targets"), has_both) {
        return;
    }
    let line = format!("1 3 --rust {OTHER_RUST}");
    let ran = workspace(PAGE).xtask().args(args(&line)).assert().code(100);
    ran.prints("written\n    wasip2  fixed\n")
        .prints("a file offset\n    wasip2  still there\n")
        .prints(&format!("With rustc {OTHER_RUST} "));
}

#[test]
fn errors_say_what_is_wrong() {
    let workspace = workspace(PAGE);
    let drafts = PAGE.lines().filter(|line| line.starts_with("### ")).count();
    let says = |line: &str, code: i32, text: &str| {
        workspace.xtask().args(args(line)).assert().code(code).says(text);
    };
    says("99", 4, &format!("error: no draft 99\nhelp: docs/upstream.md has {drafts} drafts"));
    says("first", 2, "first");
    says("1 --rust ../nightly", 2, "expected a toolchain of rustup, such as 1.95.0 or nightly");
    says("1 --wasmtime no/such", 2, "expected a version, such as 48.0.8, or the path of a program");
    says("1 --rust 1.2.3 --offline", 96, "error: Rust 1.2.3 is missing: ");
    says("1 --rust 1.2.3 --offline", 96, "help: rustup toolchain install 1.2.3 --profile minimal");
    says("1 --wasmtime 1.2.3 --offline", 96, "error: wasmtime 1.2.3 is missing: ");
    let other = format!("1 --wasmtime {}", cargo_bin!("xtask").display());
    says(&other, 96, "is not wasmtime");
    workspace.write("docs/upstream.md", &PAGE.replace("**Filed:** not yet.", "**Filed:** soon."));
    says("1", 2, "error: docs/upstream.md: ### 1. ");
    says("--list", 2, "**Filed:** is neither `not yet.` nor a link");
}
