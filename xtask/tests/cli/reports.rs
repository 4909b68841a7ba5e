//! Reports of a run for users and for other programs: lines, JSON and JUnit.

use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::support::require;
use crate::support::{AssertOutput, BYE, HELLO, Workspace, elements, objects};

/// A workspace with an accepted example, a changed one and a new one.
fn one_of_each() -> Workspace {
    let workspace = Workspace::with("as-recorded", HELLO, "");
    workspace.example("changed", HELLO, "[first]\nabout = 'A greeting'\n[second]\ntargets = ['native']\n");
    workspace.test("--accept").code(0);
    workspace.program("changed", BYE);
    workspace.example("new", HELLO, "[default]\ntargets = ['native']\n");
    workspace
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

#[test]
fn json_is_one_object_per_line() {
    let workspace = one_of_each();
    let run = workspace.test_in_ci("--format json").code(100);
    let objects = objects(&run);
    let (cells, cases) = (of_kind(&objects, "cell"), of_kind(&objects, "case"));
    assert_eq!((cells.len(), cases.len(), objects.len()), (8, 4, 13));

    let statuses: Vec<_> =
        cases.iter().map(|case| (case["id"].as_str().unwrap(), case["status"].as_str().unwrap())).collect();
    assert_eq!(
        statuses,
        [
            ("as-recorded/default", "pass"),
            ("changed/first", "fail"),
            ("changed/second", "fail"),
            ("new/default", "new")
        ]
    );
    assert_eq!(cells[0]["id"], "as-recorded/default/default@native");
    assert_eq!(cells[0]["outcome"], "exit 0\nstdout\n│Hello!\n");
    assert_eq!((&cells[0]["status"], &cells[0]["letter"]), (&"pass".into(), &"A".into()));

    let summary = objects.last().expect("there should be a last line");
    assert_eq!(summary["kind"], "summary");
    assert_eq!(
        (&summary["passed"], &summary["failed"], &summary["cells"]),
        (&1.into(), &3.into(), &8.into())
    );
}

#[test]
fn lines_go_to_stderr_and_json_goes_to_stdout() {
    let workspace = one_of_each();
    assert_eq!(workspace.test_in_ci("").code(100).stdout_text(), "");
    workspace.test_in_ci("--format json").code(100).does_not_say("FAIL").does_not_say("{");
}

#[test]
fn json_is_valid_for_any_output_of_a_program() {
    let program = r#"
        use std::io::Write;
        fn main() { std::io::stdout().write_all(b"\"quoted\"\n\x00\x1b[31m\xff\\ \r\n{}").unwrap(); }
    "#;
    let workspace = Workspace::with("noise", program, "[default]\nabout = 'A \"quoted\" line \\\\ and 💩'\n");
    let run = workspace.test("--accept --format json").code(0);
    assert_eq!(of_kind(&objects(&run), "cell").len(), 3);
    let again = workspace.test_in_ci("--format json").code(0);
    assert_eq!(of_kind(&objects(&again), "case")[0]["status"], "pass");
}

#[test]
fn quiet_shows_failures_only_and_verbose_the_commands() {
    let workspace = one_of_each();
    workspace.test_in_ci("--quiet").code(100).says("changed/first").does_not_say("as-recorded");
    workspace
        .test_in_ci("as-recorded --verbose")
        .code(0)
        .says("as-recorded/default/default@wasip1")
        .says("$ wasmtime run ");
}

#[test]
fn colors_follow_options_and_variables() {
    let workspace = one_of_each();
    let escape = "\x1b[";
    workspace.test_in_ci("").code(100).does_not_say(escape);
    workspace.test_in_ci("--color always").code(100).says(escape);
    let with =
        |name: &str, value: &str| workspace.xtask().args(["test", "--check"]).env(name, value).assert();
    with("CLICOLOR_FORCE", "1").code(100).says(escape);
    with("CARGO_TERM_COLOR", "always").code(100).says(escape);
    with("NO_COLOR", "1").code(100).does_not_say(escape);
}

/// Runs the commands that a run prints for failed cells, exactly as they are printed.
#[test]
fn printed_commands_select_the_failed_cells() {
    let workspace = Workspace::with_hello();
    let program =
        r#"fn main() { println!("{}", if cfg!(target_os = "wasi") { "Bye!" } else { "Hello!" }); }"#;
    workspace.program("hello", program);
    let stderr = workspace.test_in_ci("").code(100).stderr_text();
    let commands: Vec<_> =
        stderr.lines().filter_map(|line| Some(line.split_once("cargo xtask test ")?.1)).collect();
    let (accept, alone): (Vec<_>, Vec<_>) =
        commands.into_iter().partition(|command| command.contains("--accept"));
    assert_eq!(alone, ["--exact hello/default/default@wasip1 hello/default/default@wasip2"]);
    workspace.test_in_ci(alone[0]).code(100).says("(2 cells)");
    assert_eq!(accept.len(), 1, "{stderr}");
    workspace.test(accept[0]).code(0);
    workspace.test_in_ci("").code(0);
}

#[test]
fn failure_is_reported_once_with_a_legend_and_a_summary_of_its_cells() {
    let cases =
        "[default]\nabout = 'A greeting'\ngrant.z-here = { dirs = ['.'] }\ngrant.a-here = { dirs = ['.'] }\n";
    let workspace = Workspace::with("hello", HELLO, cases);
    workspace.test("--accept").code(0);
    workspace.program("hello", BYE);
    let run = workspace.test_in_ci("").code(100);
    let stderr = run.stderr_text();
    assert_eq!(stderr.matches("FAIL").count(), 1, "{stderr}");
    assert_eq!(stderr.matches("rerun:").count(), 1, "{stderr}");
    run.says("hello/default: A greeting\n")
        .says("AAA ·AA ·AA   (rows default, z-here, a-here; columns native, wasip1, wasip2)\n")
        .says("differs from snapshots/hello/default.snap: 7 cells: letters unchanged, other text\n");
    // Few cells are listed, in the order of the table.
    let program = r#"fn main() {
        let granted = std::fs::read_dir(".").is_ok() && cfg!(target_env = "p2");
        println!("{}", if granted { "Bye!" } else { "Hello!" });
    }"#;
    workspace.program("hello", program);
    workspace.test_in_ci("").code(100).says(": z-here@wasip2 A→B, a-here@wasip2 A→B\n");
}

#[test]
fn refused_row_is_a_warning_until_it_is_recorded() {
    let workspace = Workspace::with("hello", HELLO, "[default]\nflags.here = ['--dri=.']\n");
    let warning =
        "warning row `here` was refused before the program started: unexpected argument '--dri' found";
    workspace.test("").code(100).says(warning);
    workspace.test("--accept").code(0).says(warning);
    workspace.test("").code(0).does_not_say("warning");
}

/// Runs `xtask` with these arguments on a terminal, and returns what it writes; `None` if this test has to be
/// skipped.
#[cfg(target_os = "linux")]
#[track_caller]
fn on_a_terminal(workspace: &Workspace, args: &str) -> Option<String> {
    let there = std::process::Command::new("script").arg("--version").output();
    if !require("`script` (util-linux)", there.is_ok_and(|ran| ran.status.success())) {
        return None;
    }
    let xtask = workspace.xtask();
    let line = format!("stty cols 60; {} {args}", xtask.get_program().display());
    let wrapper = ["script", "--quiet", "--return", "--command", &line, "/dev/null"];
    let mut command = std::process::Command::new(wrapper[0]);
    command.args(&wrapper[1..]).current_dir(workspace.root()).stdin(std::process::Stdio::null());
    for (name, value) in xtask.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().expect("`script` should start");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
#[cfg(target_os = "linux")]
fn terminal_shows_progress_and_passes_only_if_asked() {
    let flags = "flags.here = ['--dir=.', '--env=LONG=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']\n";
    let workspace = Workspace::with("hello", HELLO, &format!("[default]\n{flags}"));
    let Some(first) = on_a_terminal(&workspace, "test") else { return };
    for shown in ["     Running [", "/5 cells", "         NEW"] {
        assert!(first.contains(shown), "{shown:?} is not in\n{first}");
    }
    assert!(!first.contains("Compiling"), "{first}");
    // A row that is wider than the terminal is cut.
    let rows: Vec<_> = first.lines().filter(|line| line.trim_start().starts_with("here ")).collect();
    assert!(rows.iter().all(|row| row.trim_end().chars().count() == 60 && row.contains('…')), "{rows:?}");
    assert_eq!(rows.len(), 1, "{first}");
    workspace.test("--accept").code(0);
    let quiet = on_a_terminal(&workspace, "test").expect("the program should be there");
    assert!(!quiet.contains("PASS") && quiet.contains("1 passed"), "{quiet}");
    let verbose = on_a_terminal(&workspace, "test -v").expect("the program should be there");
    assert!(verbose.contains("PASS"), "{verbose}");
    workspace.test("").code(0).says("PASS").does_not_say("Running [");
}

#[test]
fn junit_counts_cells_and_failures() {
    let workspace = one_of_each();
    workspace.test_in_ci("--junit report.xml").code(100);
    let elements = elements(&workspace.read("report.xml"));
    let suites: Vec<_> = elements
        .iter()
        .filter(|(name, _)| name == "testsuite")
        .map(|(_, attributes)| (&*attributes["name"], &*attributes["tests"], &*attributes["failures"]))
        .collect();
    assert_eq!(suites, [("as-recorded", "3", "0"), ("changed", "4", "4"), ("new", "1", "1")]);
    let count = |name: &str| elements.iter().filter(|(other, _)| other == name).count();
    assert_eq!((count("testsuites"), count("testcase"), count("failure")), (1, 8, 5));
}

#[test]
fn junit_is_valid_xml_for_any_output_of_a_program() {
    let program = r#"
        use std::io::Write;
        fn main() {
            std::io::stdout().write_all(b"<a b=\"c\" d='e'>&amp; ]]> \x00\x1b\x0b\xff \xef\xbf\xbe\r\n").unwrap();
        }
    "#;
    let workspace = Workspace::with("noise", program, "");
    workspace.test_in_ci("--junit report.xml").code(100);
    let elements = elements(&workspace.read("report.xml"));
    assert_eq!(elements.iter().filter(|(name, _)| name == "failure").count(), 3);
}
