//! Programs that print more than anybody wants, or what nobody should see as it is.

#![cfg(target_os = "linux")]

use std::io::Read;
use std::thread;
use std::time::Duration;

use crate::processes::{assert_nothing_runs, within, xtask};
use crate::support::{Said, Workspace};

/// Prints many gigabytes, unless it is stopped.
const FLOOD: &str = r#"
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

/// The most memory that a process ever had, in kilobytes, if it is there.
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn endless_output_is_cut_and_takes_neither_memory_nor_space() {
    let cases = "[calm]\nargs = ['calm']\n[lines]\nargs = ['lines']\n[nothing]\nargs = ['nothing']\n";
    let workspace = Workspace::with("flood", FLOOD, cases);
    workspace.test("flood/calm --accept").code(0);
    // With as many at a time as there are cells, the harness holds the output of all of them.
    let mut run = xtask(&workspace, "test --accept -j 9").spawn().expect("a run");
    let mut said = run.stderr.take().expect("a pipe");
    let reader = thread::spawn(move || {
        let mut text = String::new();
        said.read_to_string(&mut text).map(|_| text)
    });
    let mut peak = 0;
    let status = within(Duration::from_secs(60), "the end of a run that is flooded", || {
        peak = peak.max(peak_memory(run.id()).unwrap_or(0));
        run.try_wait().expect("a child of this test")
    });
    assert_nothing_runs(&workspace);
    let said = reader.join().expect("a thread that reads").expect("what the run says");
    assert_eq!(status.code(), Some(0), "{said}");
    assert!((1..100 << 10).contains(&peak), "{peak} kB");

    for case in ["lines", "nothing"] {
        let recorded = workspace.read(&format!("snapshots/flood/{case}.snap"));
        assert!(recorded.contains("\ndefault      A       A       A\n\nA  too much output\n"), "{recorded}");
        assert!(recorded.ends_with("\n   (cut here)\n"), "{recorded}");
        assert!(recorded.len() < 10 << 10, "{} bytes", recorded.len());
    }
    assert!(workspace.read("snapshots/flood/lines.snap").contains("\n   │It rains and rains.\n"));
    // Where it is cut must not depend on how the output came.
    workspace.test_in_ci("").code(0);
}

/// Prints bytes that terminals, CIs and files of text make something of, on both streams.
const NOISE: &str = r#"
    use std::io::Write;

    fn main() {
        let case = std::env::args().nth(1).unwrap();
        let bytes: Vec<u8> = match &*case {
            "controls" => (0..=255).chain(*b"\n").collect(),
            "terminal" => b"\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m\xc2\x9b31m \x1bc\n".to_vec(),
            "returns" => b"one\rtwo\r\nthree\r".to_vec(),
            "open-end" => b"no line feed".to_vec(),
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

/// What a run says in all forms that it has for it, each with its name.
fn all_that_is_said(workspace: &Workspace) -> Vec<(&'static str, String)> {
    let forms =
        ["", "--no-capture", "--no-capture --verbose", "--quiet", "--format json", "--accept", "--check"];
    let said = |form: &'static str| {
        let run = workspace
            .xtask()
            .arg("test")
            .args(form.split_whitespace())
            .env("GITHUB_ACTIONS", "true")
            .assert();
        (form, format!("{}{}", run.stderr_text(), run.stdout_text()))
    };
    forms.map(said).into()
}

#[test]
fn no_byte_is_lost_and_none_reaches_the_terminal_as_it_is() {
    let names = ["controls", "terminal", "returns", "open-end", "blanks", "commands"];
    let cases: String = names.map(|name| format!("[{name}]\nargs = ['{name}']\n")).concat();
    let workspace = Workspace::with("noise", NOISE, &cases);
    // The first of these finds no snapshots, the last but one accepts, the last one checks that.
    for (form, said) in all_that_is_said(&workspace) {
        let raw = said.chars().find(|c| *c != '\n' && c.is_control());
        assert_eq!(raw, None, "with {form:?}");
        assert!(!said.contains('\u{fffd}'), "something is lost with {form:?}");
    }
    workspace.test_in_ci("").code(0).says("6 passed");
    let recorded = workspace.read("snapshots/noise/terminal.snap");
    assert!(
        recorded.contains(r"│\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}[31mred\u{1b}[0m\u{9b}31m \u{1b}c"),
        "{recorded}"
    );
    let recorded = workspace.read("snapshots/noise/returns.snap");
    assert!(recorded.contains("   │one\\rtwo\\r\n   │three\\r\n   (no newline at the end)\n"), "{recorded}");

    // With colours there are escapes of the harness itself, but none of a program's.
    let run = workspace.test("--no-capture --color always").code(0).stderr_text();
    let escapes: Vec<_> = run.split('\x1b').skip(1).collect();
    let is_colour = |escape: &&str| {
        let (digits, _) = escape.strip_prefix('[').and_then(|rest| rest.split_once('m')).unwrap_or(("?", ""));
        digits.chars().all(|c| c.is_ascii_digit() || c == ';')
    };
    assert!(!escapes.is_empty() && escapes.iter().all(is_colour));
}

#[test]
fn a_very_long_line_is_kept_as_it_is() {
    let workspace = Workspace::with("noise", NOISE, "[default]\nargs = ['long-line']\n");
    workspace.test("--accept --no-capture").code(0);
    let recorded = workspace.read("snapshots/noise/default.snap");
    assert!(recorded.contains(&format!("   │{}\n", "x".repeat(500_000))));
    workspace.test_in_ci("").code(0);
}

/// GitHub's runner takes a line for a command if it begins with `::` behind any white space, or has
/// `##[` anywhere (actions/runner, `src/Runner.Common/ActionCommand.cs`).
#[track_caller]
fn assert_no_command(form: &str, said: &str) {
    for line in said.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "with {form:?}: {line:?}");
    }
}

#[test]
fn what_a_program_prints_is_no_command_to_github() {
    let workspace = Workspace::with("noise", NOISE, "[default]\nargs = ['commands']\n");
    for (form, said) in all_that_is_said(&workspace) {
        assert_no_command(form, &said);
    }
}

/// The words of the compiler and of build scripts are shown, too, and they hold words of the program.
#[test]
fn what_a_compiler_prints_is_no_command_to_github() {
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
    for (form, said) in all_that_is_said(&workspace) {
        assert_no_command(form, &said);
    }
}
