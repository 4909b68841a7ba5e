//! How cells are run: in parallel, repeatedly, in which order, and in which directories.

use std::fs;
use std::path::PathBuf;

use assert_cmd::assert::Assert;

use crate::support::{AssertOutput, BYE, HELLO, Workspace, objects};

/// Prints something else in each run, but only on native.
const UNSTEADY: &str = r#"
    fn main() {
        if cfg!(target_os = "wasi") {
            println!("steady");
        } else {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            println!("time {}", now.as_nanos());
        }
    }
"#;

#[test]
fn difference_between_repetitions_fails_and_is_not_accepted() {
    let workspace = Workspace::with("unsteady", UNSTEADY, "");
    for args in ["--repeat 3", "--repeat 3 --accept"] {
        workspace
            .test(args)
            .code(100)
            .says("UNSTEADY")
            .says("unsteady/default/default@native differs between two runs")
            .says("redact")
            .does_not_say("default@wasip1 differs");
    }
    // There may be a snapshot with the other cells, but not with the unsteady one.
    for (path, text) in workspace.snapshots() {
        assert!(!text.contains("time "), "{}:\n{text}", path.display());
    }
    workspace.test_in_ci("--repeat 3").code(100);
}

#[test]
fn case_with_only_unsteady_cells_has_no_snapshot() {
    let workspace = Workspace::with("unsteady", UNSTEADY, "[default]\ntargets = ['native']\n");
    workspace.test("--repeat 3 --accept").code(100).says("differs between two runs");
    assert_eq!(workspace.snapshots(), [].into());
}

/// Prints what the seconds of the clock are, where it runs, or both once a file of the workspace exists.
const CLOCK: &str = r#"
    fn main() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        match &*std::env::args().nth(1).unwrap_or_default() {
            "time" => println!("time {}", now.as_secs()),
            "place" => println!("{}", std::env::current_dir().unwrap().parent().unwrap().display()),
            _ => println!("steady"),
        }
    }
"#;

#[test]
fn what_is_recorded_has_to_be_the_same_in_a_second_run() {
    let cases = "[steady]\n[time]\nargs = ['time']\n[place]\nargs = ['place']\ntargets = ['native']\n";
    let workspace = Workspace::with("clock", CLOCK, cases);
    workspace
        .test("--accept")
        .code(100)
        .says("ACCEPTED")
        .says("clock/time/default@native differs between two runs, so it is not recorded")
        .says("clock/time/default@wasip2 differs between two runs")
        .says("clock/place/default@native differs between two runs")
        .says("  - │time ")
        .says("  + │time ")
        .says("redact = [")
        .says("3 cases (7 cells): 1 passed (1 newly accepted), 2 failed");
    let recorded: Vec<_> = workspace.snapshots().into_keys().collect();
    assert_eq!(recorded, [PathBuf::from("snapshots/clock/steady.snap")]);

    let redact = "redact = [{ pattern = 'time [0-9]+', with = 'time {now}' }]\n";
    workspace.cases("clock", &cases.replace("['time']\n", &format!("['time']\n{redact}")));
    workspace.test("clock/time --accept").code(0).says("ACCEPTED");
    assert!(workspace.read("snapshots/clock/time.snap").contains("│time {now}\n"));
}

#[test]
fn only_what_is_recorded_anew_runs_a_second_time() {
    // Each run adds a line to a file outside of its scratch directory.
    let program = |word: &str| {
        format!(
            r#"fn main() {{
                use std::io::Write;
                println!("{word}");
                let path = std::env::var("CALLS").unwrap();
                let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
                file.write_all(b"run\n").unwrap();
            }}"#
        )
    };
    let workspace = Workspace::new();
    let calls = workspace.path("target-calls");
    let case = |about: &str| {
        format!("[default]\nabout = '{about}'\ntargets = ['native']\nenv.CALLS = '{}'\n", calls.display())
    };
    workspace.example("counts", &program("one"), &case("x"));
    let runs = || {
        let text = fs::read_to_string(&calls).unwrap_or_default();
        let _ = fs::remove_file(&calls);
        text.lines().count()
    };
    let expect = |args: &str, count: usize| {
        workspace.test(args).code(0);
        assert_eq!(runs(), count, "{args}");
    };
    expect("--accept", 2);
    expect("--accept", 1);
    expect("", 1);
    workspace.program("counts", &program("two"));
    expect("--accept", 2);
    expect("--accept --repeat 3", 3);
    // Only the description changes.
    workspace.cases("counts", &case("y"));
    expect("--accept", 1);
}

#[test]
fn time_of_a_case_is_that_of_the_clock() {
    let program = "fn main() { std::thread::sleep(std::time::Duration::from_millis(500)); }";
    let cases = "[default]\nflags.a = ['-Wfuel=1000000000']\nflags.b = ['--dir=.']\n";
    let workspace = Workspace::with("sleeps", program, cases);
    workspace.test("--accept").code(0);
    let objects = objects(&workspace.test("--format json -j 7").code(0));
    let seconds = |kind: &str| -> Vec<f64> {
        let of_kind = objects.iter().filter(|object| object["kind"] == kind);
        of_kind.map(|object| object["seconds"].as_f64().expect("`seconds` should be a number")).collect()
    };
    let (case, sum, all) = (seconds("case")[0], seconds("cell").iter().sum::<f64>(), seconds("summary")[0]);
    assert!(case >= 0.5 && case <= all && case < sum, "case {case}, cells {sum}, run {all}");
}

#[test]
fn equal_repetitions_pass() {
    let workspace = Workspace::with_hello();
    workspace.test_in_ci("--repeat 3").code(0).does_not_say("repetition");
}

/// The lines of cases in stderr, without their times.
fn case_lines(assert: &Assert) -> Vec<String> {
    let stderr = assert.stderr_text();
    let lines = stderr.lines().filter(|line| line.trim_start().starts_with("PASS"));
    lines
        .map(|line| line.split_once(']').expect("the line should have a time in brackets").1.to_string())
        .collect()
}

#[test]
fn order_of_lines_does_not_depend_on_jobs_or_shuffling() {
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
fn fail_fast_starts_no_other_case_after_a_failure() {
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
    // An accepted difference is not a failure, so that this run is not ended early.
    workspace.test("--fail-fast -j 1 --accept").code(0).says("5 newly accepted");
}

#[test]
fn no_run_only_builds() {
    let workspace = Workspace::with("hello", "fn main() { std::fs::write(\"made\", \"\").unwrap() }", "");
    workspace.test("--no-run").code(0).does_not_say("hello/default");
    assert!(!workspace.path("snapshots").exists());
    for cell in workspace.listed("") {
        let argv = cell["argv"].as_array().expect("`argv` should be an array");
        let last = PathBuf::from(
            argv.last().and_then(|word| word.as_str()).expect("`argv` should end with a string"),
        );
        assert!(last.is_file(), "{} is not built", last.display());
        assert!(!PathBuf::from(cell["cwd"].as_str().expect("`cwd` should be a string")).exists());
    }
}

#[test]
fn scratch_directories_are_kept_only_with_keep_scratch() {
    let program = r#"fn main() { std::fs::write("made.txt", "new\n").unwrap(); }"#;
    let workspace = Workspace::with("files", program, "[default]\ntargets = ['native']\n");
    let cwd = PathBuf::from(workspace.listed("")[0]["cwd"].as_str().expect("`cwd` should be a string"));
    workspace.test("--accept").code(0);
    assert!(!cwd.exists());
    workspace.test("--keep-scratch").code(0);
    assert_eq!(fs::read_to_string(cwd.join("made.txt")).expect("the file should be kept"), "new\n");
    workspace.test("").code(0);
    assert!(!cwd.exists());
}

#[test]
fn failed_run_removes_scratch_directories() {
    let workspace = Workspace::with_hello();
    workspace.program("hello", BYE);
    workspace.test("").code(100);
    workspace.assert_no_scratch();
}

#[test]
fn no_capture_shows_what_programs_print() {
    let workspace = Workspace::with_hello();
    workspace.test("--target native").code(0).does_not_say("Hello!");
    workspace.test("--target native --no-capture").code(0).says("Hello!");
}
