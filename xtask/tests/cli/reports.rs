//! What a run tells machines.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{BYE, HELLO, Said, Workspace, objects};

/// An accepted example, a changed one, and one that is new.
fn one_of_each() -> Workspace {
    let workspace = Workspace::with("calm", HELLO, "");
    workspace.example("moved", HELLO, "[first]\nabout = 'A greeting'\n[second]\ntargets = ['native']\n");
    workspace.test("--accept").code(0);
    workspace.program("moved", BYE);
    workspace.example("fresh", HELLO, "[default]\ntargets = ['native']\n");
    workspace
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

#[test]
fn json_is_one_object_a_line() {
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
            ("calm/default", "pass"),
            ("fresh/default", "new"),
            ("moved/first", "fail"),
            ("moved/second", "fail")
        ]
    );
    assert_eq!(cells[0]["id"], "calm/default/default@native");
    assert_eq!(cells[0]["outcome"], "exit 0\nstdout\n│Hello!\n");
    assert_eq!((&cells[0]["status"], &cells[0]["letter"]), (&"pass".into(), &"A".into()));

    let summary = objects.last().expect("a last line");
    assert_eq!(summary["kind"], "summary");
    assert_eq!(
        (&summary["passed"], &summary["failed"], &summary["cells"]),
        (&1.into(), &3.into(), &8.into())
    );
}

#[test]
fn people_read_stderr_and_machines_stdout() {
    let workspace = one_of_each();
    assert_eq!(workspace.test_in_ci("").code(100).stdout_text(), "");
    workspace.test_in_ci("--format json").code(100).does_not_say("FAIL").does_not_say("{");
}

#[test]
fn json_is_json_whatever_a_program_prints() {
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
    workspace.test_in_ci("--quiet").code(100).says("moved/first").does_not_say("calm");
    workspace
        .test_in_ci("calm --verbose")
        .code(0)
        .says("calm/default/default@wasip1")
        .says("$ wasmtime run ");
}

#[test]
fn colours_only_where_they_are_wanted() {
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

/// Each failed cell with a command to paste: they are read from the output and run as they stand.
#[test]
fn the_commands_of_a_failure_do_what_they_say() {
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
    assert_eq!(suites, [("calm", "3", "0"), ("fresh", "1", "1"), ("moved", "4", "4")]);
    let count = |name: &str| elements.iter().filter(|(other, _)| other == name).count();
    assert_eq!((count("testsuites"), count("testcase"), count("failure")), (1, 8, 5));
}

#[test]
fn junit_is_xml_whatever_a_program_prints() {
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

#[test]
fn what_a_program_prints_does_nothing_to_the_terminal() {
    let program = r#"fn main() { eprint!("\u{1b}[2J\u{1b}]0;title\u{7}"); print!("\u{9b}31m\r"); }"#;
    let workspace = Workspace::with("noise", program, "");
    for args in ["", "--accept -v", "--no-capture -v"] {
        let stderr = workspace.test(args).stderr_text();
        assert!(stderr.chars().all(|c| c == '\n' || !c.is_control()), "{stderr:?}");
    }
}

/// Reads XML as strictly as these reports need it, and gives the elements with their attributes.
#[track_caller]
fn elements(xml: &str) -> Vec<(String, BTreeMap<String, String>)> {
    assert!(xml.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{fffe}'), "{xml:?}");
    let mut rest =
        xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").expect("a declaration").trim();
    let (mut elements, mut open) = (Vec::new(), Vec::new());
    while let Some((text, after)) = rest.split_once('<') {
        is_text(text);
        let (tag, after) = after.split_once('>').expect("the end of a tag");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut read = BTreeMap::new();
        while let Some((key, value)) = attributes.split_once("=\"") {
            let (value, after) = value.split_once('"').expect("the end of a value");
            is_text(value);
            assert!(read.insert(key.trim().to_string(), value.to_string()).is_none(), "{key} stands twice");
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
fn is_text(text: &str) {
    assert!(!text.contains(['<', '>']), "{text}");
    for entity in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
        assert!(known.iter().any(|known| entity.starts_with(known)), "&{entity}");
    }
}
