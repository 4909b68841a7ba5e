//! `xtask divergences`, which writes DIVERGENCES.md from the snapshots.

use assert_cmd::assert::Assert;

use crate::support::{AssertOutput, BYE, HELLO, Workspace, pinned_wasmtime, snapshot};

const PAGE: &str = "DIVERGENCES.md";

/// The table of a case in which both targets differ from native.
const GRANTED: &str = "\
$ cat
            native  wasip1  wasip2  wasmtime flags
default       A       B       B
dir-here      ·       A       A     --dir=.

A  exit 0

B  exit 1
";

/// The table of a case in which no target differs from native.
const EQUAL: &str = "\
$ cat
           native  wasip1  wasip2
default      A       A       A

A  exit 0
";

/// A workspace with the example `cat`, which has an area, and its snapshot. The example was not run.
fn with_snapshot() -> Workspace {
    let workspace =
        Workspace::with("cat", HELLO, "[sample]\nabout = 'Not granted'\ngrant.dir-here = { dirs = ['.'] }\n");
    write_metadata(&workspace, "area = \"std::fs\"\n");
    workspace.write("snapshots/cat/sample.snap", &snapshot(GRANTED));
    workspace
}

/// Writes the manifest of the example `cat`, with these lines in `[package.metadata.parallax]`.
fn write_metadata(workspace: &Workspace, lines: &str) {
    let manifest = "[package]\nname = \"cat\"\nedition = \"2024\"\ndescription = \"Copies a file\"\n\n";
    workspace.write("examples/cat/Cargo.toml", &format!("{manifest}[package.metadata.parallax]\n{lines}"));
}

#[track_caller]
fn divergences(workspace: &Workspace, args: &str) -> Assert {
    workspace.xtask().arg("divergences").args(args.split_whitespace()).assert()
}

#[track_caller]
fn divergences_in_ci(workspace: &Workspace) -> Assert {
    workspace.xtask().arg("divergences").env("CI", "true").assert()
}

#[test]
fn written_page_is_up_to_date() {
    let workspace = with_snapshot();
    divergences(&workspace, "").code(0).prints("Wrote DIVERGENCES.md: 1 case of 1 example\n");
    let page = workspace.read(PAGE);
    let section = "### `std::fs`\n\n\
        | case | wasip1 | wasip2 | native → here | grant | what to do |\n|---|---|---|---|---|---|\n\
        | [cat/sample](snapshots/cat/sample.snap): Not granted ([source](examples/cat/src/main.rs)) \
        | error | error | `exit 0` → `exit 1` | — | `--dir=.` |\n";
    assert!(page.contains(section), "{page}");
    let before = workspace.files();
    divergences(&workspace, "--check").code(0).prints("DIVERGENCES.md is up to date");
    divergences(&workspace, "").code(0).prints("DIVERGENCES.md is up to date");
    divergences_in_ci(&workspace).code(0);
    assert_eq!(workspace.files(), before);
}

#[test]
fn nothing_is_built_or_run() {
    let workspace = with_snapshot();
    workspace.xtask().arg("divergences").env("PATH", "").env("CARGO", "absent").assert().code(0);
    assert!(!workspace.path("target").exists());
}

#[test]
fn page_names_the_pinned_versions() {
    let workspace = with_snapshot();
    let manifest = workspace.read("Cargo.toml");
    let pin = |rust: &str| {
        let table = "[workspace.metadata.parallax]\n";
        workspace.write("Cargo.toml", &manifest.replace(table, &format!("{table}rust = \"{rust}\"\n")));
    };
    pin("1.2.3");
    divergences(&workspace, "").code(0);
    let page = workspace.read(PAGE);
    let pinned = pinned_wasmtime();
    assert!(page.contains(&format!("with Rust 1.2.3 and wasmtime {pinned}.")), "{page}");
    pin("stable");
    divergences(&workspace, "")
        .code(2)
        .says("`rust` in [workspace.metadata.parallax]")
        .says("not a version: \"stable\"");
}

#[test]
fn outdated_page_fails_the_check_and_is_not_changed() {
    let workspace = with_snapshot();
    divergences(&workspace, "").code(0);
    workspace.write("snapshots/cat/sample.snap", &snapshot(EQUAL));
    let before = workspace.files();
    let assert_outdated = |ran: Assert| {
        ran.code(100)
            .says("DIVERGENCES.md is out of date")
            .says("-| [error](#errors) | 1 | 1 |")
            .says("+| [error](#errors) | 0 | 0 |")
            .says("help: cargo xtask divergences\n");
    };
    assert_outdated(divergences(&workspace, "--check"));
    assert_outdated(divergences_in_ci(&workspace));
    assert_eq!(workspace.files(), before);
    divergences(&workspace, "").code(0).prints("Wrote");
    divergences(&workspace, "--check").code(0);
}

#[test]
fn missing_page_fails_the_check() {
    let workspace = with_snapshot();
    let before = workspace.files();
    divergences(&workspace, "--check").code(100).says("there is no DIVERGENCES.md yet");
    divergences_in_ci(&workspace).code(100).says("help: cargo xtask divergences\n");
    assert_eq!(workspace.files(), before);
}

#[test]
fn edited_page_fails_the_check() {
    let workspace = with_snapshot();
    divergences(&workspace, "").code(0);
    let page = workspace.read(PAGE);
    for edited in ["".to_string(), format!("{page}A word.\n"), page.replace('\n', "\r\n")] {
        workspace.write(PAGE, &edited);
        divergences(&workspace, "--check").code(100).says("out of date");
    }
    std::fs::write(workspace.path(PAGE), b"\xff\n").expect("the file should be written");
    divergences(&workspace, "--check").code(100);
    divergences(&workspace, "").code(0);
    assert_eq!(workspace.read(PAGE), page);
}

#[test]
fn example_without_an_area_is_listed_under_other() {
    let workspace = with_snapshot();
    workspace.example("plain", HELLO, "");
    workspace.write("snapshots/plain/default.snap", &snapshot(EQUAL));
    divergences(&workspace, "").code(0).prints("2 cases of 2 examples");
    let page = workspace.read(PAGE);
    assert!(page.contains("\n### Other\n\n- [plain/default](snapshots/plain/default.snap): "), "{page}");
    assert!(page.contains("\n| Other | 1 |  |  |  |  |  |  | 1 |\n"), "{page}");
}

#[test]
fn new_example_is_listed_under_other() {
    let workspace = Workspace::new();
    workspace.xtask().args(["new", "greeter"]).assert().code(0);
    workspace.write("snapshots/greeter/first.snap", &snapshot(EQUAL));
    let manifest = workspace.read("examples/greeter/Cargo.toml").replace("What this example shows", "Greets");
    let manifest = manifest.replace("A section of DIVERGENCES.md", "Other");
    workspace.write("examples/greeter/Cargo.toml", &manifest);
    workspace.cases("greeter", "[first]\nabout = 'A greeting'\n");
    divergences(&workspace, "").code(0);
    let page = workspace.read(PAGE);
    assert!(page.contains("\n### Other\n"), "{page}");
    let manifest = workspace.read("examples/greeter/Cargo.toml");
    workspace.write("examples/greeter/Cargo.toml", &manifest.replace("\"Other\"", "\"std::io\""));
    divergences(&workspace, "").code(0);
    assert!(workspace.read(PAGE).contains("\n### `std::io`\n"));
}

#[test]
fn special_characters_are_escaped() {
    let workspace = with_snapshot();
    workspace.cases("cat", "[sample]\nabout = 'a | b, *c* and `d`, `std::thread::spawn`'\n");
    divergences(&workspace, "").code(0);
    let row = r": a \| b, \*c\* and `d`, `std::thread::spawn` (";
    assert!(workspace.read(PAGE).contains(row), "{}", workspace.read(PAGE));
}

#[test]
fn cases_without_a_snapshot_are_left_out() {
    let workspace = with_snapshot();
    workspace.cases(
        "cat",
        "[sample]\nabout = 'Not granted'\ngrant.dir-here = { dirs = ['.'] }\n[absent]\n[other]\n",
    );
    divergences(&workspace, "")
        .code(0)
        .prints("Wrote DIVERGENCES.md: 1 case of 1 example\n")
        .says("note: without cat/absent and 1 more case: not recorded yet\n");
    divergences(&workspace, "--check").code(0).says("note: without cat/absent");
    assert!(!workspace.read(PAGE).contains("cat/absent"));
}

/// docs/std-usage.md has tables whose rows name cases.
#[test]
fn cases_of_items_of_std_are_kept_up_to_date() {
    let workspace = with_snapshot();
    let page = |cases: &str| {
        format!("# Title\n\n| crates | API | at best | at worst |\n|--:|---|---|---|\n{cases}\nEnd\n")
    };
    workspace.write("docs/std-usage.md", &page("| 28 | `std::fs::File::open` | old | — |\n"));
    divergences(&workspace, "")
        .code(100)
        .says("docs/std-usage.md: no case has this in its `apis`: std::fs::File::open");
    workspace.cases("cat", "[sample]\nabout = 'Not granted'\napis = ['std::fs::File::open']\ngrant.dir-here = { dirs = ['.'] }\n");
    divergences(&workspace, "").code(0).prints("Wrote docs/std-usage.md");
    let row = "| 28 | `std::fs::File::open` | [cat/sample](../snapshots/cat/sample.snap): error | — |\n";
    assert_eq!(workspace.read("docs/std-usage.md"), page(row));
    divergences(&workspace, "--check").code(0).prints("docs/std-usage.md is up to date");
    workspace.write("docs/std-usage.md", &page(&row.replace("error", "same")));
    divergences(&workspace, "--check").code(100).says("docs/std-usage.md is out of date");
}

#[test]
fn invalid_snapshot_is_an_error() {
    let workspace = with_snapshot();
    let valid = snapshot(GRANTED);
    for (invalid, line) in [
        ("".to_string(), 1),
        (valid[..valid.find("\nB  exit").expect("the table should have the outcome")].to_string(), 6),
        (format!("<<<<<<< HEAD\n{valid}=======\n{valid}>>>>>>> branch\n"), 1),
    ] {
        workspace.write("snapshots/cat/sample.snap", &invalid);
        for args in ["", "--check"] {
            let message = format!("snapshots/cat/sample.snap:{line}: malformed snapshot");
            divergences(&workspace, args).code(101).says(&message);
        }
    }
    assert!(!workspace.path(PAGE).exists());
}

#[test]
fn invalid_area_is_a_usage_error_with_its_location() {
    let workspace = with_snapshot();
    for (lines, message) in [
        ("area = 3\n", ":7:8\n"),
        ("area = \"\"\n", ":7:8\n"),
        ("area = \" \"\n", "`area` is empty"),
        ("area = \"a\\nb\"\n", "`area` is one line of visible text"),
        ("area = [\"std::fs\"]\n", "7 | area = [\"std::fs\"]\n  |        ^^^^^^^^^^^"),
        ("aera = \"std::fs\"\n", "did you mean `area`?"),
    ] {
        write_metadata(&workspace, lines);
        divergences(&workspace, "").code(2).says("examples/cat/Cargo.toml:7:").says(message);
        workspace.test("--list").code(2).says(message);
    }
    assert!(!workspace.path(PAGE).exists());
}

#[test]
fn description_can_be_inherited_from_the_workspace() {
    let workspace = with_snapshot();
    let manifest = workspace.read("examples/cat/Cargo.toml");
    let inherited = manifest.replace("description = \"Copies a file\"", "description.workspace = true");
    workspace.write("examples/cat/Cargo.toml", &inherited);
    divergences(&workspace, "").code(0);
}

#[test]
fn accepting_updates_the_page() {
    let workspace =
        Workspace::with("hello", HELLO, "[default]\nabout = 'Equal'\ntargets = ['native', 'wasip1']\n");
    workspace.test("--accept").code(0).does_not_say(PAGE);
    assert!(!workspace.path(PAGE).exists(), "the run made a page, but must only update one that exists");
    divergences(&workspace, "").code(0);

    workspace.cases("hello", "[default]\nabout = 'Different'\ntargets = ['native', 'wasip1']\n");
    workspace.test("").code(100).does_not_say("UPDATED");
    divergences(&workspace, "").code(0);
    workspace.program("hello", r#"fn main() { println!("{}", usize::BITS); }"#);
    workspace.test("--accept").code(0).says("UPDATED DIVERGENCES.md");
    divergences(&workspace, "--check").code(0);
    assert!(workspace.read(PAGE).contains(
        ": Different ([source](examples/hello/src/main.rs)) | output | — | wasip1: `64` → `32` | — | — |"
    ));

    workspace.program("hello", BYE);
    workspace.write("snapshots/second/default.snap", "malformed");
    workspace.example("second", HELLO, "");
    let before = workspace.read(PAGE);
    workspace
        .test("hello/ --accept")
        .code(0)
        .says("DIVERGENCES.md could not be updated")
        .says("cargo xtask divergences\n");
    assert_eq!(workspace.read(PAGE), before);
}

/// What only the page shows is no part of a snapshot.
#[test]
fn accepting_updates_the_page_if_only_a_remedy_has_changed() {
    let workspace = Workspace::with(
        "hello",
        r#"fn main() { println!("{}", usize::BITS); }"#,
        "[default]\nremedy = 'one'\n",
    );
    workspace.test("--accept").code(0);
    divergences(&workspace, "").code(0);
    workspace.cases("hello", "[default]\nremedy = 'other'\n");
    workspace.test("hello/ --accept").code(0).says("UPDATED DIVERGENCES.md");
    divergences(&workspace, "--check").code(0);
}

#[test]
fn full_run_updates_the_page_after_a_review() {
    let workspace = Workspace::with_hello();
    workspace.example("second", HELLO, "");
    workspace.test("--accept").code(0);
    divergences(&workspace, "").code(0);

    workspace.program("hello", r#"fn main() { println!("{}", usize::BITS); }"#);
    workspace.test("").code(100).does_not_say("UPDATED");
    let accepted = workspace.path("snapshots/hello/default.snap");
    std::fs::rename(accepted.with_extension("snap.new"), accepted)
        .expect("the snapshot should be accepted, as `cargo insta review` does");
    workspace.test("hello/").code(0).does_not_say(PAGE);
    workspace.test("--check").code(0).does_not_say(PAGE);
    workspace.test("").code(0).says("UPDATED DIVERGENCES.md");
    workspace.test("").code(0).does_not_say(PAGE);
    divergences(&workspace, "--check").code(0);
}
