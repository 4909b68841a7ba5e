//! Which cells a command line selects, and what `--list` tells of them.

use std::collections::BTreeMap;
use std::fs;
use std::process;

use crate::support::{HELLO, Said, Workspace, objects};

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
    ] {
        workspace.test(&format!("--list {args}")).code(0).stdout(ids);
    }
}

#[test]
fn a_filter_that_matches_nothing_is_an_error_with_a_suggestion() {
    let workspace = two_examples();
    workspace.test("helo").code(4).says("did you mean `hello`?").says("--list");
    workspace.test("--list helo").code(4).says("did you mean `hello`?");
    workspace.test("--exact cat").code(4);
    workspace.test("hello/defualt").code(4).says("did you mean `hello/default`?");
    workspace.test("--flag-set dir-hero").code(4).says("did you mean `dir-here`?");
    workspace.test("--shuffle=x").code(2).says("a whole number is expected");
    workspace.test("--target wasip3").code(2).says("wasip3");
    workspace.test("--partition 4/3").code(2).says("4/3");
    workspace.test("--no-such-flag").code(2);
}

#[test]
fn a_workspace_without_examples_matches_nothing() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path("examples")).expect("a folder");
    workspace.test("").code(4);
}

/// Says how it was called, which is not the same natively and under wasmtime.
const CALLED: &str = r#"
    fn main() {
        let words: Vec<_> = std::env::args().skip(1).collect();
        println!("{words:?}");
        println!("{:?}", std::env::var("GREETING"));
        println!("{}", std::fs::read_dir(".").is_ok());
    }
"#;

#[test]
fn whoever_runs_a_listed_cell_sees_what_the_snapshot_shows() {
    let cases = "[default]\nargs = ['a b', '{cwd}', \"it's\"]\nenv.GREETING = 'good day'\n\
                 flags.all = ['--dir=.', '--env=GREETING']\n";
    let workspace = Workspace::with("called", CALLED, cases);
    let run = workspace.test("--accept --format json").code(0);
    let outcomes: BTreeMap<_, _> = objects(&run)
        .into_iter()
        .filter(|object| object["kind"] == "cell")
        .map(|cell| (cell["id"].to_string(), cell["outcome"].as_str().expect("a text").to_string()))
        .collect();
    let recorded = workspace.read("snapshots/called/default.snap");

    fs::remove_dir_all(workspace.path("target")).expect("what was built");
    let cells = workspace.listed("");
    assert_eq!(cells.len(), 5);
    let scratch = workspace.scratch();
    workspace.test("--no-run").code(0);
    for cell in cells {
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_string();
        let argv: Vec<String> = cell["argv"].as_array().expect("a list").iter().map(text).collect();
        let env = cell["env"].as_object().expect("a table").iter().map(|(name, value)| (name, text(value)));
        let cwd = text(&cell["cwd"]);
        fs::create_dir_all(&cwd).expect("the folder of the cell");
        let mut command = process::Command::new(&argv[0]);
        let output =
            command.args(&argv[1..]).env_clear().envs(env).current_dir(&cwd).output().expect("a run");

        let stdout = String::from_utf8(output.stdout).expect("UTF-8").replace(&cwd, "{cwd}");
        let lines: Vec<_> = stdout.lines().map(|line| format!("│{}\n", line.replace('\\', "\\\\"))).collect();
        let outcome =
            format!("exit {}\nstdout\n{}", output.status.code().expect("an exit code"), lines.concat());
        let id = cell["id"].to_string();
        assert_eq!(outcome, outcomes[&id], "{id}");
        for line in outcome.lines() {
            assert!(recorded.contains(line), "{id}: {line}\n{recorded}");
        }
    }
    fs::remove_dir_all(scratch).expect("the folders of the cells");
}

#[test]
fn commands_work_from_any_folder_of_the_workspace() {
    let workspace = two_examples();
    let folder = workspace.path("examples/cat/src");
    let listed = workspace.xtask_in(&folder).args(["test", "--list"]).assert().code(0).stdout_text();
    assert_eq!(listed, workspace.test("--list").code(0).stdout_text());
}

#[test]
fn completions_are_printed() {
    let workspace = Workspace::new();
    for shell in ["bash", "zsh", "fish"] {
        workspace.xtask().args(["completions", shell]).assert().code(0).prints("xtask");
    }
    workspace.xtask().args(["completions", "cmd"]).assert().code(2);
}
