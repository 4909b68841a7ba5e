//! Programs that print too much, control characters, or commands of a CI system.

#![cfg(target_os = "linux")]

use std::io::Read;
use std::thread;
use std::time::Duration;

use crate::support::processes::assert_no_processes;
use crate::support::runs::xtask_under;
use crate::support::wait::wait_at_most;
use crate::support::{AssertOutput, Workspace};

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

#[test]
fn control_characters_are_escaped_and_no_byte_is_lost() {
    let names = ["controls", "terminal", "returns", "no-line-feed", "blanks", "commands"];
    let cases: String = names.map(|name| format!("[{name}]\nargs = ['{name}']\n")).concat();
    let workspace = Workspace::with("noise", NOISE, &cases);
    // The first runs find no snapshots, the last but one accepts, and the last one checks.
    for (options, output) in all_output(&workspace) {
        let raw = output.chars().find(|c| *c != '\n' && c.is_control());
        assert_eq!(raw, None, "with {options:?}");
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
/// `src/Runner.Common/ActionCommand.cs`).
#[track_caller]
fn assert_no_command(options: &str, output: &str) {
    for line in output.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "with {options:?}: {line:?}");
    }
}

#[test]
fn output_of_a_program_is_not_a_github_command() {
    let workspace = Workspace::with("noise", NOISE, "[default]\nargs = ['commands']\n");
    for (options, output) in all_output(&workspace) {
        assert_no_command(options, &output);
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
        eprintln!("::error::x\n##[error]x");
        std::process::exit(1);
    }"#;
    workspace.write("examples/script/build.rs", script);
    let warns = "fn main() {\n#[deprecated(note = \"one\\n::error::x\\n##[error]x\")] fn old() {}\nold(); }";
    workspace.example("warns", warns, "");
    for (options, output) in all_output(&workspace) {
        assert_no_command(options, &output);
    }
}
