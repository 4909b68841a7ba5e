//! How cells are run: how many, how often, in which order, and what is left of them.

use std::fs;
use std::path::PathBuf;
use std::thread;

use assert_cmd::assert::Assert;

use crate::support::{BYE, HELLO, Said, Workspace};

/// Prints another thing in each run, natively.
const RESTLESS: &str = r#"
    fn main() {
        if cfg!(target_os = "wasi") {
            println!("calm");
        } else {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            println!("time {}", now.as_nanos());
        }
    }
"#;

#[test]
fn what_differs_between_repetitions_fails_and_is_never_accepted() {
    let workspace = Workspace::with("restless", RESTLESS, "");
    for args in ["--repeat 3", "--repeat 3 --accept"] {
        workspace
            .test(args)
            .code(100)
            .says("UNSTEADY")
            .says("restless/default/default@native is not the same in every repetition")
            .does_not_say("@wasip1 is not the same");
    }
    // The file may be there for the steady cells, but nothing of the restless one is.
    for (path, text) in workspace.snapshots() {
        assert!(!text.contains("time "), "{}:\n{text}", path.display());
    }
    workspace.test_in_ci("--repeat 3").code(100);
}

#[test]
fn a_restless_program_alone_leaves_no_snapshot() {
    let workspace = Workspace::with("restless", RESTLESS, "[default]\ntargets = ['native']\n");
    workspace.test("--repeat 3 --accept").code(100).says("not the same in every repetition");
    assert_eq!(workspace.snapshots(), [].into());
}

#[test]
fn what_is_the_same_in_every_repetition_passes() {
    let workspace = Workspace::with_hello();
    workspace.test_in_ci("--repeat 3").code(0).does_not_say("repetition");
}

/// The lines of cases, without their times.
fn case_lines(assert: &Assert) -> Vec<String> {
    let stderr = assert.stderr_text();
    let lines = stderr.lines().filter(|line| line.trim_start().starts_with("PASS"));
    lines.map(|line| line.split_once(']').expect("a time in brackets").1.to_string()).collect()
}

#[test]
fn the_order_of_lines_depends_neither_on_jobs_nor_on_shuffling() {
    let cases = "[third]\n[first]\nflags.dir-here = ['--dir=.']\n[second]\ntargets = ['wasip1']\n";
    let workspace = Workspace::with("one", HELLO, cases);
    workspace.example("two", HELLO, "[b]\n[a]\n[c]\n");
    workspace.test("--accept").code(0);
    let plain = case_lines(&workspace.test("").code(0));
    assert_eq!(
        plain,
        [
            " one/third  AAA",
            " one/first  AAA ·AA",
            " one/second  A",
            " two/b  AAA",
            " two/a  AAA",
            " two/c  AAA"
        ]
    );
    for args in ["--shuffle=7 -j 1", "--shuffle=7 -j 4", "--shuffle=8", "--shuffle"] {
        let shuffled = workspace.test_in_ci(args).code(0).says("--shuffle=");
        assert_eq!(case_lines(&shuffled), plain, "{args}");
    }
}

#[test]
fn fail_fast_begins_no_further_case() {
    let program = |greeting: &str| {
        format!(
            r#"fn main() {{
                println!("{greeting}");
                if std::env::args().count() > 1 {{
                    std::thread::sleep(std::time::Duration::from_millis(300));
                }}
            }}"#
        )
    };
    let slow = |name: &str| format!("[{name}]\nargs = ['slow']\ntargets = ['native']\n");
    let cases = format!("[quick]\ntargets = ['native']\n{}", ["b", "c", "d", "e"].map(slow).concat());
    let workspace = Workspace::with("greeting", &program("Hello"), &cases);
    workspace.test("--accept -j 5").code(0);
    workspace.program("greeting", &program("Bye"));
    workspace
        .test_in_ci("--fail-fast -j 1")
        .code(100)
        .says("greeting/quick")
        .says("not run")
        .does_not_say("greeting/e");
    workspace.test_in_ci("-j 5").code(100).says("5 failed").does_not_say("not run");
    // What is accepted is no failure, so nothing ends that run early.
    workspace.test("--fail-fast -j 1 --accept").code(0).says("5 newly accepted");
}

#[test]
fn no_run_builds_and_runs_nothing() {
    let workspace = Workspace::with("hello", "fn main() { std::fs::write(\"made\", \"\").unwrap() }", "");
    workspace.test("--no-run").code(0).does_not_say("hello/default");
    assert!(!workspace.path("snapshots").exists());
    for cell in workspace.listed("") {
        let argv = cell["argv"].as_array().expect("a list");
        let last = PathBuf::from(argv.last().and_then(|word| word.as_str()).expect("a file"));
        assert!(last.is_file(), "{} is not built", last.display());
        assert!(!PathBuf::from(cell["cwd"].as_str().expect("a folder")).exists());
    }
}

#[test]
fn scratch_folders_are_kept_only_if_asked_for() {
    let program = r#"fn main() { std::fs::write("made.txt", "new\n").unwrap(); }"#;
    let workspace = Workspace::with("files", program, "[default]\ntargets = ['native']\n");
    let cwd = PathBuf::from(workspace.listed("")[0]["cwd"].as_str().expect("a folder"));
    workspace.test("--accept").code(0);
    assert!(!cwd.exists());
    workspace.test("--keep-scratch").code(0);
    assert_eq!(fs::read_to_string(cwd.join("made.txt")).expect("what the program wrote"), "new\n");
    workspace.test("").code(0);
    assert!(!cwd.exists());
}

#[test]
fn a_run_leaves_nothing_where_its_cells_ran() {
    let workspace = Workspace::with_hello();
    workspace.program("hello", BYE);
    workspace.test("").code(100);
    assert!(!workspace.scratch().exists(), "{}", workspace.scratch().display());
}

#[test]
fn no_capture_shows_what_programs_print() {
    let workspace = Workspace::with_hello();
    workspace.test("--target native").code(0).does_not_say("Hello!");
    workspace.test("--target native --no-capture").code(0).says("Hello!");
}

#[test]
fn runs_at_once_do_not_disturb_each_other() {
    let workspace = Workspace::with("hello", HELLO, "[a]\n[b]\n[c]\n");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| workspace.test("--accept").code(0));
        }
    });
    workspace.test_in_ci("").code(0);
    workspace.program("hello", BYE);
    workspace.test_in_ci("").code(100);
}
