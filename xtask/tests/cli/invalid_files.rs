//! Files of users with mistakes, and snapshots that are truncated or have merge conflicts.

use std::fs;

#[cfg(target_os = "linux")]
use crate::support::make_fifo;
use crate::support::{AssertOutput, BYE, HELLO, Workspace};

#[test]
fn mistakes_in_several_cases_files_are_all_reported() {
    let workspace = Workspace::with("first", HELLO, "[default]\nabout = 'x'\narg = ['a']\n");
    workspace.example("second", HELLO, "[default]\n  targets = ['wasip']\ntimeout = '1 day'\n");
    let assert = workspace
        .test("")
        .code(2)
        .says("examples/first/cases.toml:3:1")
        .says("3 | arg = ['a']\n  | ^^^")
        .says("did you mean `args`?")
        .says("examples/second/cases.toml:2:14")
        .says("did you mean `wasip1`?")
        .says("examples/second/cases.toml:3:11")
        .does_not_say("error: error:");
    assert!(assert.stdout_text().is_empty());
    assert!(!workspace.path("target").exists(), "something was built");
}

#[test]
fn mistake_in_a_cases_file_is_a_usage_error_with_its_location() {
    let workspace = Workspace::with("hello", HELLO, "");
    for (cases, location) in [
        ("[default", ":1:"),
        ("args = ['x']\n", ":1:1"),
        ("[default]\nargs = 'x'\n", ":2:8"),
        ("[Default]\n", ":1:2"),
        ("[con]\n", ":1:2"),
        ("[default]\n\n[default]\n", ":3:"),
        ("[default]\nflags.default = []\n", ":2:7"),
        ("[default]\nflags.x = ['--preload=m={wasm:other}']\n", ":2:"),
        ("[default]\nredact = [{ pattern = '(', with = '' }]\n", ":2:"),
        ("[default]\nredact = [{ pattern = 'x', with = \"a\\nexit 0\" }]\n", ":2:35"),
        ("[default]\nredact = [{ pattern = 'x', with = \"\\u001b[2J\" }]\n", ":2:35"),
        ("[default]\nenv = { \"E\\n   native\" = 'x' }\n", ":2:9"),
        ("[default]\nenv = { \"\\u001b[2J\" = 'x' }\n", ":2:9"),
        ("[default]\ngrant.x = { env = [\"\\u202eA\"] }\n", ":2:20"),
        ("[default]\ntargets = []\n", ":2:"),
        ("", ""),
    ] {
        workspace.write("examples/hello/cases.toml", cases);
        workspace.test("--list").code(2).says(&format!("examples/hello/cases.toml{location}"));
    }
}

#[test]
fn mistake_in_a_cases_file_has_help() {
    let workspace = Workspace::with("hello", HELLO, "");
    for (cases, says) in [
        ("[default]\nargs = 'x'\n", "help: this is a list: write `['x']`"),
        ("[default]\ngrant.a = { dirs = \".\" }\n", "help: this is a list: write `[\".\"]`"),
        ("[default]\ntimeout = 10\n", "help: write it as \"10s\", \"500ms\" or \"2m\""),
        ("[one]\n[two]\n[one]\n", "error: duplicate table `one`"),
        ("[one]\n[two]\n[one]\n", "help: the first one is in line 1; rename or remove one"),
        ("[one]\nargs = []\n[two]\nargs = []\nargs = []\n", "error: duplicate key `args`"),
        ("[one]\nargs = []\n[two]\nargs = []\nargs = []\n", "help: the first one is in line 4;"),
        ("[one]\nargs = ['{home}']\n", "error: unknown placeholder `{home}`"),
        (
            "[one]\nargs = ['{home}']\n",
            "help: the placeholders here are `{cwd}`, `{mount}`, `{byte:XX}`, `{port}`",
        ),
        ("[one]\nargs = ['{cdw}/a']\n", "help: did you mean `{cwd}`?"),
        ("[one]\nargs = ['caf{bytes:e9}']\n", "help: did you mean `{byte:XX}`?"),
        ("[one]\nargs = ['{byte}']\n", "unknown placeholder `{byte}`"),
        ("[one]\nenv.A = '{cwdd}'\n", "help: did you mean `{cwd}`?"),
        ("[one]\ngrant.a = { dirs = ['{cw}'] }\n", "help: did you mean `{cwd}`?"),
        (
            "[one]\nflags.a = ['--dir={bin}']\n",
            "the placeholders here are `{cwd}`, `{mount}`, `{wasm:NAME}`, `{port}`",
        ),
    ] {
        workspace.write("examples/hello/cases.toml", cases);
        workspace.test("--list").code(2).says(says);
    }
    // Other braces stand for themselves.
    workspace.cases("hello", "[one]\nargs = ['{\"a\": {}}', '{ x }', '{X}', '{0}', 'a{2,}', '{', '{cwd']\n");
    workspace.test("--list").code(0);
}

#[test]
#[cfg(unix)]
fn linked_crate_that_is_a_workspace_has_help() {
    let workspace = Workspace::with("hello", HELLO, "");
    let manifest = "[package]\nname = \"mine\"\nedition = \"2024\"\n[workspace]\n";
    workspace.write("../mine/Cargo.toml", manifest);
    workspace.write("../mine/src/main.rs", HELLO);
    std::os::unix::fs::symlink("../../mine", workspace.path("examples/mine"))
        .expect("the link should be made");
    workspace
        .test("")
        .code(101)
        .says("multiple workspace roots")
        .says("help: an example cannot be a workspace of its own");
}

#[test]
fn workspace_without_the_parallax_table_is_a_usage_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"examples/*\"]\n");
    workspace.test("").code(2).says("workspace.metadata.parallax");
}

#[test]
#[cfg(unix)]
fn example_names_that_are_not_allowed_are_usage_errors() {
    for name in ["Cat", "con", "lpt1", "a.b", "_x", "ä", "3d", "deps"] {
        let workspace = Workspace::with("hello", HELLO, "");
        workspace.example(name, HELLO, "");
        for command in ["test", "test --accept", "test --list"] {
            workspace.xtask().args(command.split(' ')).assert().code(2).says(&format!("examples/{name}: "));
        }
        assert!(!workspace.path("snapshots").exists() && !workspace.path("target").exists());
    }
}

/// Asserts that each kind of run ends with an error at this line if the snapshot has this text, and
/// does not change the file.
#[track_caller]
fn assert_snapshot_error(workspace: &Workspace, text: &str, line: usize) {
    let file = "snapshots/hello/default.snap";
    workspace.write(file, text);
    let before = workspace.files();
    let location = format!("{file}:{line}: ");
    for args in ["", "--accept", "--check", "--target native --accept"] {
        workspace.test(args).code(101).says(&location).does_not_say("NEW").does_not_say("FAIL");
    }
    workspace.test_in_ci("").code(101).says(&location);
    assert_eq!(workspace.files(), before, "{text}");
}

/// A workspace with an accepted snapshot, and the text of the snapshot:
/// ```text
///  1  ---
///  2  source: examples/hello/src/main.rs
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
/// The program has changed since then, but a run that cannot read the snapshot must not report that.
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
fn truncated_snapshot_is_an_error() {
    let (workspace, text) = with_snapshot();
    let up_to = |part: &str| &text[..text.find(part).expect("the snapshot should contain it") + part.len()];
    for (truncated, line) in [
        ("", 1),
        (up_to("--"), 1),
        (up_to("source: examples"), 2),
        (up_to("greeting\"\n"), 3),
        (up_to("$ hello\n"), 5),
        (up_to("│one\n"), 5),
        (up_to("default      A"), 10),
        (up_to("default      A\n"), 10),
        (up_to("A  exit 0"), 12),
        (up_to("│Hel"), 14),
    ] {
        assert_snapshot_error(&workspace, truncated, line);
    }
}

#[test]
fn snapshot_that_ends_after_the_column_titles_is_an_error() {
    let (workspace, text) = with_snapshot();
    let (before, _) = text.split_once("default").expect("the table should have a row");
    assert_snapshot_error(&workspace, before, 9);
}

/// Asserts that a merge conflict in this line, which is `theirs` on the other branch, is an error.
#[track_caller]
fn assert_conflict_is_an_error(line: usize, theirs: &str) {
    let (workspace, text) = with_snapshot();
    let conflict = |(number, ours): (usize, &str)| match number + 1 == line {
        true => format!("<<<<<<< HEAD\n{ours}\n=======\n{theirs}\n>>>>>>> branch\n"),
        false => format!("{ours}\n"),
    };
    let conflicting: String = text.lines().enumerate().map(conflict).collect();
    assert_snapshot_error(&workspace, &conflicting, line);
}

#[test]
fn conflict_in_the_description_is_an_error() {
    assert_conflict_is_an_error(3, "description: A farewell");
}

#[test]
fn conflict_in_the_command_line_is_an_error() {
    assert_conflict_is_an_error(5, "$ hello again");
}

#[test]
fn conflict_in_stdin_is_an_error() {
    assert_conflict_is_an_error(7, "│another");
}

#[test]
fn conflict_in_the_table_is_an_error() {
    assert_conflict_is_an_error(10, "default      B");
}

#[test]
fn conflict_in_the_exit_code_is_an_error() {
    assert_conflict_is_an_error(12, "A  exit 1");
}

#[test]
fn conflict_in_stdout_is_an_error() {
    assert_conflict_is_an_error(14, "   │Bye!");
}

#[test]
fn conflict_of_whole_snapshots_is_an_error() {
    let (workspace, text) = with_snapshot();
    assert_snapshot_error(&workspace, &format!("<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> branch\n"), 1);
}

#[test]
fn snapshot_that_is_not_valid_utf8_is_an_error() {
    let (workspace, _) = with_snapshot();
    let file = workspace.path("snapshots/hello/default.snap");
    fs::write(&file, b"---\n\xff\n").expect("the file should be written");
    workspace.test("--accept").code(101).says("snapshots/hello/default.snap:");
    assert_eq!(fs::read(file).expect("the file should be readable"), b"---\n\xff\n");
}

#[test]
fn directory_without_a_package_is_a_usage_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    fs::create_dir(workspace.path("examples/empty")).expect("the directory should be made");
    workspace.test("--list").code(2).says("error: examples/empty: no Cargo.toml\n").says(
        "help: remove the directory, or add what is missing; `cargo xtask new NAME` creates an example\n",
    );
}

#[test]
fn empty_fixture_directory_is_a_usage_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    fs::create_dir_all(workspace.path("examples/hello/fixture/outer/inner"))
        .expect("the directories should be made");
    workspace
        .test("")
        .code(2)
        .says("examples/hello/fixture/outer/inner: an empty directory")
        .does_not_say("examples/hello/fixture/outer:");
    workspace.write("examples/hello/fixture/outer/inner/file.txt", "");
    workspace.test("--accept").code(0);
}

#[test]
#[cfg(target_os = "linux")]
fn fixture_that_cannot_be_copied_is_a_usage_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    let fixture = workspace.path("examples/hello/fixture");
    let deep = fixture.join(["d"; 70].join("/"));
    fs::create_dir_all(deep).expect("the directories should be made");
    make_fifo(&fixture.join("pipe"));
    fs::write(fixture.join("large"), vec![b'x'; 1_048_577]).expect("the file should be written");
    workspace
        .test("")
        .code(2)
        .says("examples/hello/fixture/pipe: not a file, directory or link")
        .says("examples/hello/fixture/large: 1048577 bytes")
        .says(": more than 64 nested directories");
}
