//! Files that people write, or that a merge has spoilt.

use crate::support::{BYE, HELLO, Said, Workspace};

#[test]
fn all_malformed_cases_are_shown_at_once_with_place_and_suggestion() {
    let workspace = Workspace::with("first", HELLO, "[default]\nabout = 'x'\narg = ['a']\n");
    workspace.example("second", HELLO, "[default]\n  targets = ['wasip']\ntimeout = '1 day'\n");
    let says = workspace
        .test("")
        .code(2)
        .says("examples/first/cases.toml:3:1")
        .says("3 | arg = ['a']\n  | ^^^")
        .says("did you mean `args`?")
        .says("examples/second/cases.toml:2:14")
        .says("did you mean `wasip1`?")
        .says("examples/second/cases.toml:3:11")
        .does_not_say("error: error:");
    assert!(says.stdout_text().is_empty());
    assert!(!workspace.path("target").exists(), "something was built");
}

#[test]
fn each_mistake_in_cases_is_a_usage_error_with_its_place() {
    let workspace = Workspace::with("hello", HELLO, "");
    for (cases, place) in [
        ("[default", ":1:"),
        ("args = ['x']\n", ":1:1"),
        ("[default]\nargs = 'x'\n", ":2:8"),
        ("[Default]\n", ":1:2"),
        ("[con]\n", ":1:2"),
        ("[default]\n\n[default]\n", ":3:"),
        ("[default]\nflags.default = []\n", ":2:7"),
        ("[default]\nflags.x = ['--preload=m={wasm:other}']\n", ":2:"),
        ("[default]\nredact = [{ pattern = '(', with = '' }]\n", ":2:"),
        ("[default]\ntargets = []\n", ":2:"),
        ("", ""),
    ] {
        workspace.write("examples/hello/cases.toml", cases);
        workspace.test("--list").code(2).says(&format!("examples/hello/cases.toml{place}"));
    }
}

#[test]
fn a_workspace_outside_of_parallax_is_told_what_is_missing() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"examples/*\"]\n");
    workspace.test("").code(2).says("workspace.metadata.parallax");
}

/// Asserts that a spoilt snapshot ends each run with an error at its line, and is left as it is.
#[track_caller]
fn is_a_hard_error(workspace: &Workspace, spoilt: &str, line: usize) {
    let file = "snapshots/hello/default.snap";
    workspace.write(file, spoilt);
    let before = workspace.files();
    let place = format!("{file}:{line}: ");
    for args in ["", "--accept", "--check", "--target native --accept"] {
        workspace.test(args).code(101).says(&place).does_not_say("NEW").does_not_say("FAIL");
    }
    workspace.test_in_ci("").code(101).says(&place);
    assert_eq!(workspace.files(), before, "{spoilt}");
}

/// A workspace with an accepted snapshot, and its text:
/// ```text
///  1  ---
///  2  source: xtask/src/snapshot.rs
///  3  description: A greeting
///  4  ---
///  5  $ hello
///  6  stdin
///  7  │one
///  8  │two
///  9             native
/// 10  default      A
/// 11
/// 12  A  exit 0
/// 13     stdout
/// 14     │Hello!
/// ```
/// The program has changed since: neither that nor what the file says may look like news.
fn with_snapshot() -> (Workspace, String) {
    let cases = "[default]\nabout = 'A greeting'\nstdin = \"one\\ntwo\\n\"\ntargets = ['native']\n";
    let workspace = Workspace::with("hello", HELLO, cases);
    workspace.test("--accept").code(0);
    let text = workspace.read("snapshots/hello/default.snap");
    assert_eq!(text.lines().count(), 14, "{text}");
    workspace.program("hello", BYE);
    (workspace, text)
}

#[test]
fn a_truncated_snapshot_is_a_hard_error() {
    let (workspace, text) = with_snapshot();
    let up_to = |part: &str| &text[..text.find(part).expect("a part of the snapshot") + part.len()];
    for (cut, line) in [
        ("", 1),
        (up_to("--"), 1),
        (up_to("source: xtask"), 2),
        (up_to("greeting\n"), 3),
        (up_to("$ hello\n"), 5),
        (up_to("│one\n"), 5),
        (up_to("default      A"), 10),
        (up_to("default      A\n"), 10),
        (up_to("A  exit 0"), 12),
        (up_to("│Hel"), 14),
    ] {
        is_a_hard_error(&workspace, cut, line);
    }
}

#[test]
fn a_snapshot_that_ends_with_the_titles_of_its_table_is_a_hard_error() {
    let (workspace, text) = with_snapshot();
    let (before, _) = text.split_once("default").expect("a row");
    is_a_hard_error(&workspace, before, 9);
}

/// Both sides of a merge changed a line, and git left both with its marks.
#[track_caller]
fn conflict_is_a_hard_error(line: usize, theirs: &str) {
    let (workspace, text) = with_snapshot();
    let conflict = |(number, ours): (usize, &str)| match number + 1 == line {
        true => format!("<<<<<<< HEAD\n{ours}\n=======\n{theirs}\n>>>>>>> branch\n"),
        false => format!("{ours}\n"),
    };
    let spoilt: String = text.lines().enumerate().map(conflict).collect();
    is_a_hard_error(&workspace, &spoilt, line);
}

#[test]
fn a_conflict_in_the_description_is_a_hard_error() {
    conflict_is_a_hard_error(3, "description: A farewell");
}

#[test]
fn a_conflict_in_the_command_line_is_a_hard_error() {
    conflict_is_a_hard_error(5, "$ hello again");
}

#[test]
fn a_conflict_in_stdin_is_a_hard_error() {
    conflict_is_a_hard_error(7, "│another");
}

#[test]
fn a_conflict_in_the_table_is_a_hard_error() {
    conflict_is_a_hard_error(10, "default      B");
}

#[test]
fn a_conflict_in_how_a_program_ends_is_a_hard_error() {
    conflict_is_a_hard_error(12, "A  exit 1");
}

#[test]
fn a_conflict_in_what_a_program_prints_is_a_hard_error() {
    conflict_is_a_hard_error(14, "   │Bye!");
}

#[test]
fn a_conflict_of_whole_snapshots_is_a_hard_error() {
    let (workspace, text) = with_snapshot();
    is_a_hard_error(&workspace, &format!("<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> branch\n"), 1);
}

#[test]
fn a_snapshot_that_is_no_text_is_a_hard_error() {
    let (workspace, _) = with_snapshot();
    let file = workspace.path("snapshots/hello/default.snap");
    std::fs::write(&file, b"---\n\xff\n").expect("a written file");
    workspace.test("--accept").code(101).says("snapshots/hello/default.snap:");
    assert_eq!(std::fs::read(file).expect("the file"), b"---\n\xff\n");
}

#[test]
fn a_folder_that_git_would_not_keep_is_a_usage_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    std::fs::create_dir_all(workspace.path("examples/hello/fixture/outer/inner")).expect("folders");
    workspace
        .test("")
        .code(2)
        .says("examples/hello/fixture/outer/inner: an empty folder")
        .does_not_say("examples/hello/fixture/outer:");
    workspace.write("examples/hello/fixture/outer/inner/file.txt", "");
    workspace.test("--accept").code(0);
}

#[test]
#[cfg(target_os = "linux")]
fn what_no_cell_could_be_given_is_a_usage_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    let fixture = workspace.path("examples/hello/fixture");
    let deep = fixture.join(["d"; 70].join("/"));
    std::fs::create_dir_all(deep).expect("folders");
    let pipe = fixture.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    std::fs::write(fixture.join("large"), vec![b'x'; 1_048_577]).expect("a written file");
    workspace
        .test("")
        .code(2)
        .says("examples/hello/fixture/pipe: neither file, folder nor link")
        .says("examples/hello/fixture/large: 1048577 bytes")
        .says(": more than 64 folders deep");
}
