//! Reports of a run for users and for other programs: lines, JSON and JUnit.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{AssertOutput, BYE, HELLO, Workspace, objects};

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
    assert_eq!(alone, ["--exact hello/default/default@wasip1", "--exact hello/default/default@wasip2"]);
    for command in alone {
        workspace.test_in_ci(command).code(100).says("(1 cell)");
    }
    assert_eq!(accept.len(), 1, "{stderr}");
    workspace.test(accept[0]).code(0);
    workspace.test_in_ci("").code(0);
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

/// Parses the part of XML that these reports use, strictly. Returns the elements with their attributes.
#[track_caller]
fn elements(xml: &str) -> Vec<(String, BTreeMap<String, String>)> {
    assert!(xml.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{fffe}'), "{xml:?}");
    let mut rest = xml
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")
        .expect("there should be a declaration")
        .trim();
    let (mut elements, mut open) = (Vec::new(), Vec::new());
    while let Some((text, after)) = rest.split_once('<') {
        assert_is_text(text);
        let (tag, after) = after.split_once('>').expect("the tag should have an end");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut read = BTreeMap::new();
        while let Some((key, value)) = attributes.split_once("=\"") {
            let (value, after) = value.split_once('"').expect("the value should have an end");
            assert_is_text(value);
            assert!(read.insert(key.trim().to_string(), value.to_string()).is_none(), "{key} occurs twice");
            attributes = after;
        }
        assert_eq!(attributes.trim(), "", "in <{tag}>");
        assert!(!open.is_empty() || elements.is_empty(), "a second root <{tag}>");
        elements.push((name.to_string(), read));
        if !is_empty {
            open.push(name.to_string());
        }
    }
    assert_eq!((open, rest), (Vec::new(), ""));
    elements
}

#[track_caller]
fn assert_is_text(text: &str) {
    assert!(!text.contains(['<', '>']), "{text}");
    for entity in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
        assert!(known.iter().any(|known| entity.starts_with(known)), "&{entity}");
    }
}
