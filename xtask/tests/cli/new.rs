//! `xtask new`.

use crate::support::{AssertOutput, HELLO, Workspace};

#[test]
fn new_example_passes_after_it_was_accepted() {
    let workspace = Workspace::with_hello();
    workspace
        .xtask()
        .args(["new", "greeter"])
        .assert()
        .code(0)
        .prints("examples/greeter")
        .prints("cargo xtask test greeter/");
    workspace.test_in_ci("greeter/").code(100).says("NEW");
    replace_texts(&workspace);
    workspace.test("greeter/ --accept").code(0).says("AAA").does_not_say("warning");
    workspace.test_in_ci("").code(0).says("2 passed");
}

#[test]
fn new_makes_the_examples_directory() {
    let workspace = Workspace::new();
    workspace.xtask().args(["new", "greeter"]).assert().code(0);
    replace_texts(&workspace);
    workspace.test("--accept").code(0).says("1 passed");
}

/// A program whose difference has a rule.
const READS: &str = r#"//! Reads a file.

fn main() {
    match std::fs::read_to_string("there.txt") {
        Ok(text) => print!("{text}"),
        Err(error) => println!("there.txt: {error}"),
    }
}
"#;

/// A workspace with a page and rules, and the example `reader`.
fn with_rules() -> Workspace {
    let workspace = Workspace::with("reader", READS, "[default]\nabout = 'No file'\n");
    workspace.write("examples/reader/fixture/there.txt", "text\n");
    workspace.test("--accept").code(0);
    xtask(&workspace, "why --all").code(0);
    xtask(&workspace, "divergences").code(0);
    workspace
}

#[track_caller]
fn xtask(workspace: &Workspace, args: &str) -> assert_cmd::assert::Assert {
    workspace.xtask().args(args.split(' ')).assert()
}

#[test]
fn accepting_records_all_that_ci_checks() {
    let workspace = with_rules();
    xtask(&workspace, "new greeter").code(0);
    replace_texts(&workspace);
    workspace.program("greeter", READS);
    workspace.write("examples/greeter/fixture/there.txt", "text\n");
    workspace
        .test("greeter/ --accept")
        .code(0)
        .says("UPDATED snapshots/rules.txt\n    +greeter/first/default@wasip1 no-preopen\n")
        .says("UPDATED DIVERGENCES.md\n")
        .says("next: cargo xtask ci greeter");
    for check in ["why --all --check", "divergences --check", "test --check", "ci greeter"] {
        xtask(&workspace, check).code(0);
    }
    let snapshot = workspace.read("snapshots/greeter/first.snap");
    let table = snapshot.split_once("\n---\n").unwrap().1;
    let document = |table: &str| format!("<!-- snapshot: greeter/first -->\n```text\n{table}```\n");
    workspace.write("README.md", &document(table));
    xtask(&workspace, "ci greeter").code(0);
    workspace.write("README.md", &document(&table.replace("first", "other").replace("exit 0", "exit 1")));
    xtask(&workspace, "ci greeter")
        .code(100)
        .prints("ok      rules\n")
        .prints("FAILED  pages\n        the table in README.md differs from snapshots/greeter/first.snap\n");

    // An accepted change, in one cell, of a rule.
    let cases = workspace.read("examples/greeter/cases.toml");
    workspace.cases(
        "greeter",
        &cases.replace("[first]\n", "[first]\nbaseline = 'here'\ngrant.here = { dirs = ['.'] }\n"),
    );
    workspace.program("greeter", &READS.replace("there.txt", "../there.txt"));
    let cell = "greeter/first/here@wasip2";
    workspace
        .test(&format!("--accept --exact {cell}"))
        .code(0)
        .says("+greeter/first/here@wasip2 left-preopen\n");
    workspace.test("greeter --accept").code(0).says("+greeter/first/here@wasip1 left-preopen\n");
    for check in ["why --all --check", "divergences --check", "test --check"] {
        xtask(&workspace, check).code(0);
    }

    // What no case has is removed from all files.
    workspace.cases("greeter", &cases.replace("[first]", "[other]"));
    workspace.test("").code(100).says("ORPHAN snapshots/rules.txt: 4 cells of greeter/first\n");
    workspace.test("--accept --prune").code(0).says("    -greeter/first/here@wasip1 left-preopen\n");
    for check in ["why --all --check", "divergences --check", "test --check"] {
        xtask(&workspace, check).code(0);
    }
}

#[test]
fn snapshots_are_kept_if_the_rules_cannot_be_written() {
    let workspace = with_rules();
    let rules = format!("<<<<<<< HEAD\n{}", workspace.read("snapshots/rules.txt"));
    workspace.write("snapshots/rules.txt", &rules);
    workspace.program("reader", &READS.replace("there.txt", "absent.txt"));
    workspace
        .test("--accept")
        .code(101)
        .says("error: the snapshots are written, but not the rules behind them: ")
        .says("rules.txt:1: ");
    assert_eq!(workspace.read("snapshots/rules.txt"), rules);
    assert!(workspace.read("snapshots/reader/default.snap").contains("absent.txt: No such file"));
    workspace.test("--check").code(0);
}

#[test]
fn other_commands_leave_out_what_is_not_recorded() {
    let workspace = with_rules();
    xtask(&workspace, "new greeter").code(0);
    let note = "note: without greeter/first: not recorded yet\n";
    xtask(&workspace, "find reader").code(0).says(note).prints("1 case\n");
    xtask(&workspace, "divergences --check").code(0).says(note);
    xtask(&workspace, "divergences").code(0).says(note);
    xtask(&workspace, "why --all --check").code(0).says(note);
    xtask(&workspace, "why reader/default@wasip1").code(0).prints("[rule: no-preopen;");
    xtask(&workspace, "grants reader/default").code(0);
    xtask(&workspace, "grants --all").code(0);
}

#[test]
fn ci_says_what_of_an_example_is_not_right() {
    let workspace = with_rules();
    workspace
        .cases("reader", "[default]\napis = ['std::fs::reed', 'std::fs::read', 'std::fs::read_to_string']\n");
    workspace.program("reader", &READS.replace("print!(\"{text}\")", "print!(\"{}\", text.clone())"));
    let checked = xtask(&workspace, "ci reader").code(100);
    checked
        .prints("FAILED  descriptions\n        examples/reader/cases.toml: [default] has no `about`")
        .prints("ok      formatting\n")
        .prints("reader: std has no `std::fs::reed`; did you mean `std::fs::read`?")
        .prints("reader: the source does not use `std::fs::read`\n")
        .prints("help: correct `apis` in examples/reader/cases.toml\n")
        .prints("ok      clippy\n")
        .prints("FAILED  outcomes, twice\n")
        .prints("cargo xtask test reader/ --accept\n")
        .prints("ok      rules\n");
    xtask(&workspace, "ci raeder").code(4).says("no example `raeder`\nhelp: did you mean `reader`?");
}

/// Replaces the texts of the template in the new example `greeter`.
fn replace_texts(workspace: &Workspace) {
    let manifest = workspace.read("examples/greeter/Cargo.toml");
    let manifest = manifest.replace("What this example shows, in a phrase", "Greets");
    workspace
        .write("examples/greeter/Cargo.toml", &manifest.replace("A section of DIVERGENCES.md", "std::io"));
    let cases = workspace.read("examples/greeter/cases.toml");
    workspace.cases("greeter", &cases.replace("One line for the reader: what this case shows", "A greeting"));
}

#[test]
fn texts_of_the_template_are_not_recorded() {
    let workspace = Workspace::with_hello();
    workspace.xtask().args(["new", "greeter"]).assert().code(0);
    let divergences = || workspace.xtask().arg("divergences").assert();
    for refused in [workspace.test("--accept"), workspace.test("greeter/ --accept")] {
        refused
            .code(2)
            .says("`description` is still the text of the template")
            .says("examples/greeter/Cargo.toml:3:16")
            .says("`area` is still the text of the template")
            .says("`about` is still the text of the template")
            .says("examples/greeter/cases.toml:6:10");
    }
    assert!(!workspace.path("snapshots/greeter").exists() && !workspace.path("DIVERGENCES.md").exists());
    // Other examples are not affected.
    workspace.test("hello --accept").code(0);
    replace_texts(&workspace);
    workspace.test("--accept").code(0);
    divergences().code(0);
    assert!(workspace.read("DIVERGENCES.md").contains("A greeting"));
}

#[test]
fn invalid_name_is_a_usage_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    let before = workspace.files();
    for name in
        ["Greeter", "a b", "a/b", "../up", "/up", "..", ".", "", "_x", "con", "ä", "x.y", &"x".repeat(65)]
    {
        workspace.xtask().args(["new", name]).assert().code(2);
    }
    // With a package of such a name, cargo could no longer read the workspace or run the harness.
    for name in ["3d", "build", "deps", "examples", "incremental"] {
        workspace.xtask().args(["new", name]).assert().code(2).says(&format!("`{name}`"));
    }
    workspace.xtask().arg("new").assert().code(2);
    assert_eq!(workspace.files(), before);
}

#[test]
fn existing_example_is_not_changed() {
    let workspace = Workspace::with("hello", HELLO, "");
    let before = workspace.files();
    workspace.xtask().args(["new", "hello"]).assert().code(2).says("examples/hello");
    assert_eq!(workspace.files(), before);
}

#[test]
fn name_of_a_module_is_a_usage_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.module("hello", "helper", HELLO);
    let before = workspace.files();
    workspace.xtask().args(["new", "helper"]).assert().code(2).says("examples/hello/modules/helper");
    assert_eq!(workspace.files(), before);
}

/// cargo does not read a workspace with two packages of the same name, and could not run the harness.
#[test]
fn names_of_all_packages_of_the_workspace_are_taken() {
    let workspace = Workspace::with("hello", HELLO, "");
    // The name of a package can differ from that of its directory.
    for (directory, name) in [("tools/cargo", "cargo-parallax"), ("xtask", "xtask")] {
        workspace.write(&format!("{directory}/Cargo.toml"), &format!("[package]\nname = \"{name}\"\n"));
        workspace.write(&format!("{directory}/src/main.rs"), HELLO);
        workspace.member(directory);
    }
    let before = workspace.files();
    for (name, directory) in [("cargo-parallax", "tools/cargo"), ("xtask", "xtask")] {
        let taken = format!("{directory} already has this name\nhelp: choose another name\n");
        workspace.xtask().args(["new", name]).assert().code(2).says(&format!("error: {taken}"));
        let package = workspace.path("examples/hello");
        let check = workspace.xtask().arg("check").arg(package).args(["--keep", name]).assert();
        check.code(2).says(&format!("error: cannot keep hello as an example: {taken}"));
    }
    assert_eq!(workspace.files(), before);
}
