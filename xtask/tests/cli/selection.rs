//! Which cells a command line selects, and what `--list` prints about them.

use std::collections::BTreeMap;
use std::fs;
use std::process;

use crate::support::{AssertOutput, HELLO, Workspace, objects};

const CAT: &str =
    "[sample]\nargs = ['sample.txt']\nflags.dir-here = ['--dir=.']\n[absent]\ntargets = ['native']\n";

fn two_examples() -> Workspace {
    let workspace = Workspace::with("cat", HELLO, CAT);
    workspace.example("hello", HELLO, "");
    workspace
}

#[test]
fn list_prints_the_ids_of_all_cells() {
    let workspace = two_examples();
    workspace.test("--list").code(0).stdout(
        "\
cat/sample/default@native
cat/sample/default@wasip1
cat/sample/default@wasip2
cat/sample/dir-here@wasip1
cat/sample/dir-here@wasip2
cat/absent/default@native
hello/default/default@native
hello/default/default@wasip1
hello/default/default@wasip2
",
    );
    assert!(!workspace.path("target").exists(), "something was built");
}

#[test]
fn filters_select_cells() {
    let workspace = two_examples();
    for (args, ids) in [
        ("dir-here", "cat/sample/dir-here@wasip1\ncat/sample/dir-here@wasip2\n"),
        ("--exact cat/absent", "cat/absent/default@native\n"),
        ("--exact hello/default/default@wasip2", "hello/default/default@wasip2\n"),
        ("cat --target native", "cat/sample/default@native\ncat/absent/default@native\n"),
        ("--flag-set dir-here --target wasip2", "cat/sample/dir-here@wasip2\n"),
        ("--skip cat --skip wasip", "hello/default/default@native\n"),
        ("--partition 2/3", "cat/absent/default@native\n"),
        ("cat/sample --target wasm32-wasip2", "cat/sample/default@wasip2\ncat/sample/dir-here@wasip2\n"),
    ] {
        workspace.test(&format!("--list {args}")).code(0).stdout(ids);
    }
}

#[test]
fn whole_name_selects_nothing_else() {
    let workspace = Workspace::with("cat", HELLO, "[sample]\ntargets = ['native']\n");
    let others =
        "[cat]\ntargets = ['native']\n[sample]\ntargets = ['native']\n[cats]\ntargets = ['native']\n";
    workspace.example("concat", HELLO, others);
    for args in ["cat", "cat/", "cat/sample", "cat/sample/", "cat/sample/default", "--exact cat/sample"] {
        workspace.test(&format!("--list {args}")).code(0).stdout("cat/sample/default@native\n");
    }
    workspace.test("--list concat/cat").code(0).stdout("concat/cat/default@native\n");
    workspace.test("cat/ --accept").code(0).does_not_say("matched");
    let accepted: Vec<_> = workspace.snapshots().into_keys().collect();
    assert_eq!(accepted, [std::path::Path::new("snapshots/cat/sample.snap")]);
    // A part of ids can match more than was meant, so the summary says what it matched.
    workspace.test("sample --check").code(100).says("`sample` matched 2 examples: cat, concat\n");
    workspace.test("concat/ca --check").code(100).does_not_say("matched");
}

#[test]
fn filter_that_matches_nothing_is_an_error_with_a_suggestion() {
    let workspace = two_examples();
    workspace.test("helo").code(4).says("did you mean `hello`?").says("--list");
    workspace.test("--list helo").code(4).says("did you mean `hello`?");
    workspace.test("--exact cat").code(4);
    workspace.test("hello/defualt").code(4).says("did you mean `hello/default`?");
    workspace.test("--flag-set dir-hero").code(4).says("did you mean `dir-here`?");
    workspace.test("cat --row nope").code(4).says("the rows of the selected cases: default, dir-here\n");
    workspace.test("hello --row dir-here").code(4).says("the rows of the selected cases: default\n");
    workspace.test("ca/").code(4).says("did you mean `cat`?").says("without the `/` it is any part of an id");
    workspace.test("--shuffle=x").code(2).says("expected a whole number");
    workspace.test("--target wasip3").code(2).says("wasip3");
    workspace.test("--partition 4/3").code(2).says("4/3");
    workspace.test("--no-such-flag").code(2);
}

#[test]
fn filter_matches_nothing_in_a_workspace_without_examples() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path("examples")).expect("the directory should be made");
    workspace.test("").code(4);
}

/// Prints how it was called, which differs between native and wasmtime.
const CALLED: &str = r#"
    fn main() {
        let words: Vec<_> = std::env::args().skip(1).collect();
        println!("{words:?}");
        println!("{:?}", std::env::var("GREETING"));
        println!("{}", std::fs::read_dir(".").is_ok());
    }
"#;

#[test]
fn listed_commands_have_the_recorded_outcomes() {
    let cases = "[default]\nargs = ['a b', '{cwd}', \"it's\"]\nenv.GREETING = 'good day'\n\
                 flags.all = ['--dir=.', '--env=GREETING']\n";
    let workspace = Workspace::with("called", CALLED, cases);
    let run = workspace.test("--accept --format json").code(0);
    let outcomes: BTreeMap<_, _> = objects(&run)
        .into_iter()
        .filter(|object| object["kind"] == "cell")
        .map(|cell| {
            (
                cell["id"].to_string(),
                cell["outcome"].as_str().expect("`outcome` should be a string").to_string(),
            )
        })
        .collect();
    let recorded = workspace.read("snapshots/called/default.snap");

    fs::remove_dir_all(workspace.path("target")).expect("the directory should be removed");
    let cells = workspace.listed("");
    assert_eq!(cells.len(), 5);
    let scratch = workspace.scratch();
    workspace.test("--no-run").code(0);
    for cell in cells {
        let text =
            |value: &serde_json::Value| value.as_str().expect("the value should be a string").to_string();
        let argv: Vec<String> =
            cell["argv"].as_array().expect("`argv` should be an array").iter().map(text).collect();
        let env = cell["env"]
            .as_object()
            .expect("`env` should be an object")
            .iter()
            .map(|(name, value)| (name, text(value)));
        let cwd = text(&cell["cwd"]);
        fs::create_dir_all(&cwd).expect("the scratch directory should be made");
        let mut command = process::Command::new(&argv[0]);
        let output = command
            .args(&argv[1..])
            .env_clear()
            .envs(env)
            .current_dir(&cwd)
            .output()
            .expect("the program should start");

        let stdout =
            String::from_utf8(output.stdout).expect("stdout should be valid UTF-8").replace(&cwd, "{cwd}");
        let lines: Vec<_> = stdout.lines().map(|line| format!("│{}\n", line.replace('\\', "\\\\"))).collect();
        let outcome = format!(
            "exit {}\nstdout\n{}",
            output.status.code().expect("the program should have an exit code"),
            lines.concat()
        );
        let id = cell["id"].to_string();
        assert_eq!(outcome, outcomes[&id], "{id}");
        for line in outcome.lines() {
            assert!(recorded.contains(line), "{id}: {line}\n{recorded}");
        }
    }
    fs::remove_dir_all(scratch).expect("the scratch directories should be removed");
}

#[test]
fn commands_work_in_any_directory_of_the_workspace() {
    let workspace = two_examples();
    let directory = workspace.path("examples/cat/src");
    let listed = workspace.xtask_in(&directory).args(["test", "--list"]).assert().code(0).stdout_text();
    assert_eq!(listed, workspace.test("--list").code(0).stdout_text());
}
