//! Programs that print too much, control characters, or commands of a CI system.

#![cfg(target_os = "linux")]

use std::io::Read;
use std::thread;
use std::time::Duration;

use crate::support::processes::assert_no_processes;
use crate::support::runs::xtask_under;
use crate::support::wait::wait_at_most;
use crate::support::{AssertOutput, Workspace, make_fifo};

/// Prints many gigabytes if it is not stopped.
const ENDLESS: &str = r#"
    use std::io::Write;

    fn main() {
        let line: &[u8] = match &*std::env::args().nth(1).unwrap() {
            "lines" => b"It rains and rains.\n",
            "nothing" => b"\0",
            _ => return,
        };
        let chunk = line.repeat(1 << 12);
        let mut stdout = std::io::stdout().lock();
        for _ in 0..1 << 20 {
            if stdout.write_all(&chunk).is_err() {
                return;
            }
        }
    }
"#;

/// The peak memory of a process in kilobytes, if the process exists.
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn endless_output_is_truncated_with_bounded_memory() {
    let cases = "[quiet]\nargs = ['quiet']\n[lines]\nargs = ['lines']\n[nothing]\nargs = ['nothing']\n";
    let workspace = Workspace::with("endless", ENDLESS, cases);
    workspace.test("endless/quiet --accept").code(0);
    // All cells run at the same time, so that the harness holds the output of all of them.
    let mut run = xtask_under(&workspace, &[], "test --accept -j 9").spawn().expect("xtask should start");
    let mut stderr = run.stderr.take().expect("stderr should be a pipe");
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let mut peak = 0;
    let status = wait_at_most(Duration::from_secs(60), "the end of the run", || {
        peak = peak.max(peak_memory(run.id()).unwrap_or(0));
        run.try_wait().expect("the run should be a child of this process")
    });
    assert_no_processes(&workspace);
    let stderr = reader.join().expect("the thread should not panic").expect("stderr should be readable");
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!((1..100 << 10).contains(&peak), "peak memory: {peak} kB");

    for case in ["lines", "nothing"] {
        let recorded = workspace.read(&format!("snapshots/endless/{case}.snap"));
        assert!(recorded.contains("\ndefault      A       A       A\n\nA  too much output\n"), "{recorded}");
        assert!(recorded.ends_with("\n   (cut here)\n"), "{recorded}");
        assert!(recorded.len() < 10 << 10, "{} bytes", recorded.len());
    }
    assert!(workspace.read("snapshots/endless/lines.snap").contains("\n   │It rains and rains.\n"));
    // The output is truncated at the same place, whatever the sizes of the reads were.
    workspace.test_in_ci("").code(0);
}

/// Prints bytes with a meaning for terminals, CI systems or text files to stdout and stderr.
const NOISE: &str = r#"
    use std::io::Write;

    fn main() {
        let case = std::env::args().nth(1).unwrap();
        let bytes: Vec<u8> = match &*case {
            "controls" => (0..=255).chain(*b"\n").collect(),
            "terminal" => b"\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m\xc2\x9b31m \x1bc\n".to_vec(),
            "returns" => b"one\rtwo\r\nthree\r".to_vec(),
            "no-line-feed" => b"no line feed".to_vec(),
            "blanks" => b"blanks  \n\t\n \n\n\n".to_vec(),
            "long-line" => [&b"x".repeat(500_000)[..], b"\n"].concat(),
            "commands" => b"::error::x\n  ::error::x\n\r::error::x\n##[error]x\nsee ##[error]x\n\
                            \xef\xbb\xbf::error::x\n\x1b[1m::error::x\n#\x00#[error]x\n".to_vec(),
            _ => return,
        };
        std::io::stdout().write_all(&bytes).unwrap();
        std::io::stderr().write_all(&bytes).unwrap();
        std::fs::write("::error::x", b"::error::x\n##[error]x\n").ok();
    }
"#;

/// What a run prints with different options, each with these options.
fn all_output(workspace: &Workspace) -> Vec<(&'static str, String)> {
    let options =
        ["", "--no-capture", "--no-capture --verbose", "--quiet", "--format json", "--accept", "--check"];
    let output = |options: &'static str| {
        let run = workspace
            .xtask()
            .arg("test")
            .args(options.split_whitespace())
            .env("GITHUB_ACTIONS", "true")
            .assert();
        (options, format!("{}{}", run.stderr_text(), run.stdout_text()))
    };
    options.map(output).into()
}

/// Asserts that a terminal would only show this output.
#[track_caller]
fn assert_no_controls(options: &str, output: &str) {
    let line = output.lines().find(|line| line.contains(is_acted_upon));
    assert_eq!(line, None, "with {options:?}");
}

/// Whether a terminal acts upon this character, or shows the text around it in another order.
fn is_acted_upon(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text that clears a screen, moves the cursor, ends a line or changes the direction.
const HOSTILE: &str = "a\u{1b}[2J\u{9b}2J\r::error::b\u{202e}c\u{7f}";

/// Asserts that commands print only harmless output, whatever their exit code is, and that it contains
/// `expected`.
#[track_caller]
fn assert_harmless(workspace: &Workspace, commands: &[&str], expected: &str) {
    for command in commands {
        let run = workspace.xtask().args(command.split_whitespace()).assert();
        let output = format!("{}{}", run.stderr_text(), run.stdout_text());
        assert_no_controls(command, &output);
        assert_no_command(command, &output);
        assert!(output.contains(expected), "{command:?} does not print {expected:?}: {output}");
    }
}

const ALL: [&str; 4] =
    ["test --check", "test --check --verbose", "test --check --format json", "test --check --quiet"];

#[test]
fn recorded_lines_do_not_reach_the_terminal_as_they_are() {
    let workspace = Workspace::with_hello();
    let good = workspace.read("snapshots/hello/default.snap");
    workspace.write("snapshots/hello/default.snap", &good.replace("│Hello!", &format!("│{HOSTILE}")));
    assert_harmless(
        &workspace,
        &["test --check", "test --check --verbose"],
        r"-    │a\u{1b}[2J\u{9b}2J\r::error::b\u{202e}c\u{7f}",
    );
    // A page that is drawn from this snapshot has none of it, either.
    workspace.test("--check").code(100);
    workspace.xtask().arg("divergences").assert().code(0);
    assert_no_controls("divergences", &workspace.read("DIVERGENCES.md"));
    for broken in [
        good.replace(" A       A       A", &format!(" A       A       {HOSTILE}")),
        good.replace("   stdout", &format!("   {HOSTILE}")),
        format!("{good}\n{HOSTILE}\n"),
        good.replace("source: ", &format!("{HOSTILE}: ")),
    ] {
        workspace.write("snapshots/hello/default.snap", &broken);
        assert_harmless(&workspace, &["test --check", "divergences"], "");
    }
}

#[test]
fn names_and_descriptions_do_not_reach_the_terminal_as_they_are() {
    let workspace = Workspace::with_hello();
    let text = "\"a\\u001b[2J\\u009b2J\\r::error::b\\u202ec\"";
    workspace.cases("hello", &format!("[default]\nabout = {text}\n"));
    assert_harmless(&workspace, &ALL[..2], r"this one has `\u{1b}`");
    workspace.cases("hello", &format!("[default]\nargs = [{text}]\n"));
    workspace.write(&format!("snapshots/hello/{HOSTILE}\n::error::x.snap"), "");
    assert_harmless(&workspace, &ALL, "");
    workspace.test("--accept").code(0);
    workspace.xtask().arg("divergences").assert().code(0);
    assert_no_controls("divergences", &workspace.read("DIVERGENCES.md"));

    make_fifo_in(&workspace, &format!("examples/hello/fixture/{HOSTILE}"));
    assert_harmless(&workspace, &ALL[..1], "");
    workspace.write(&format!("examples/{HOSTILE}/src/main.rs"), "fn main() {}");
    assert_harmless(&workspace, &["test --list", "test --check", "divergences"], "");
}

fn make_fifo_in(workspace: &Workspace, path: &str) {
    let path = workspace.path(path);
    std::fs::create_dir_all(path.parent().expect("a file has a parent"))
        .expect("the directory should be made");
    make_fifo(&path);
}

#[test]
fn control_characters_are_escaped_and_no_byte_is_lost() {
    let names = ["controls", "terminal", "returns", "no-line-feed", "blanks", "commands"];
    let cases: String = names.map(|name| format!("[{name}]\nargs = ['{name}']\n")).concat();
    let workspace = Workspace::with("noise", NOISE, &cases);
    // The first runs find no snapshots, the last but one accepts, and the last one checks.
    for (options, output) in all_output(&workspace) {
        assert_no_controls(options, &output);
        assert!(!output.contains('\u{fffd}'), "bytes are lost with {options:?}");
    }
    workspace.test_in_ci("").code(0).says("6 passed");
    let recorded = workspace.read("snapshots/noise/terminal.snap");
    assert!(
        recorded.contains(r"│\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}[31mred\u{1b}[0m\u{9b}31m \u{1b}c"),
        "{recorded}"
    );
    let recorded = workspace.read("snapshots/noise/returns.snap");
    assert!(recorded.contains("   │one\\rtwo\\r\n   │three\\r\n   (no newline at the end)\n"), "{recorded}");

    // With colors, all escape sequences are colors: they are those of the harness, not of a program.
    let run = workspace.test("--no-capture --color always").code(0).stderr_text();
    let escapes: Vec<_> = run.split('\x1b').skip(1).collect();
    let is_color = |escape: &&str| {
        let (digits, _) = escape.strip_prefix('[').and_then(|rest| rest.split_once('m')).unwrap_or(("?", ""));
        digits.chars().all(|c| c.is_ascii_digit() || c == ';')
    };
    assert!(!escapes.is_empty() && escapes.iter().all(is_color));
}

#[test]
fn very_long_line_is_recorded_in_full() {
    let workspace = Workspace::with("noise", NOISE, "[default]\nargs = ['long-line']\n");
    workspace.test("--accept --no-capture").code(0);
    let recorded = workspace.read("snapshots/noise/default.snap");
    assert!(recorded.contains(&format!("   │{}\n", "x".repeat(500_000))));
    workspace.test_in_ci("").code(0);
}

/// Asserts that GitHub's runner sees no command in this output. A line is a command if it starts with
/// `::` after any white space, or contains `##[` (actions/runner,
/// `src/Runner.Common/ActionCommand.cs`). A carriage return ends a line, too.
#[track_caller]
fn assert_no_command(options: &str, output: &str) {
    for line in output.split(['\n', '\r']) {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "with {options:?}: {line:?}");
    }
}

#[test]
fn output_of_a_program_is_not_a_github_command() {
    let workspace = Workspace::with("noise", NOISE, "[default]\nargs = ['commands']\n");
    for (options, output) in all_output(&workspace) {
        assert_no_command(options, &output);
        assert_no_controls(options, &output);
    }
}

/// Messages of the compiler and of build scripts are printed, and contain text of the program.
#[test]
fn message_of_the_compiler_is_not_a_github_command() {
    let program = "fn main() { compile_error!(\"one\\n::error::x\\n##[error]x\"); }";
    let workspace = Workspace::with("broken", program, "");
    workspace.example("script", "fn main() {}", "");
    let script = r#"fn main() {
        println!("cargo:warning=one\n::error::x\n##[error]x");
        println!("cargo::warning=x\r::error::x\r##[error]x");
        eprintln!("::error::x\n##[error]x\nx\r::error::x\nBlocking\r::error::x\nBlocking ##[error]x");
        std::process::exit(1);
    }"#;
    workspace.write("examples/script/build.rs", script);
    let warns = "fn main() {\n#[deprecated(note = \"one\\n::error::x\\n##[error]x\")] fn old() {}\nold(); }";
    workspace.example("warns", warns, "");
    workspace.example("warned", "fn main() {}", "");
    let script = r#"fn main() { println!("cargo::warning=x\r::error::x\u{9b}2J \x1b[2J ##[error]x"); }"#;
    workspace.write("examples/warned/build.rs", script);
    for (options, output) in all_output(&workspace) {
        assert_no_command(options, &output);
        assert_no_controls(options, &output);
    }
}
