//! What libtest, the harness of `#[test]`, is called with and what it prints (The rustc book, "Tests").

use crate::process::End;

/// The arguments with which a test binary lists its tests.
pub const LIST: [&str; 3] = ["--list", "--format", "terse"];

/// The further argument with which it lists only those that are ignored.
pub const IGNORED: &str = "--ignored";

/// Whether libtest keeps what a test prints to itself. It shows it if the test fails, but a panic that aborts loses
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    Captured,
    Shown,
}

/// Returns the arguments with which a test binary runs only the test `name`.
pub fn arguments(name: &str, output: Output) -> Vec<&str> {
    let shown = (output == Output::Shown).then_some("--nocapture");
    [name, "--exact"].into_iter().chain(shown).collect()
}

/// Reads the names in a list of tests. Benchmarks are left out.
pub fn list(stdout: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(stdout);
    text.lines().filter_map(|line| line.strip_suffix(": test")).map(String::from).collect()
}

/// How the run of one test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Ignored,
    /// libtest ignores it because it should panic, and a panic cannot be caught on this target.
    ShouldPanic,
    /// The binary has no such test.
    Absent,
    Failed,
}

/// Reads how the test `name` ended, from the end and the standard output of its run.
pub fn verdict(name: &str, end: End, stdout: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(stdout);
    let result = text.lines().rev().find_map(|line| line.strip_prefix("test result: ok. "));
    let (End::Exit(0), Some(result)) = (end, result) else { return Verdict::Failed };
    let is_some = |what: &str| result.split("; ").any(|count| count == format!("1 {what}"));
    match () {
        () if is_some("passed") => Verdict::Passed,
        () if is_some("ignored") && text.contains(&format!("test {name} - should panic ... ignored")) => {
            Verdict::ShouldPanic
        }
        () if is_some("ignored") => Verdict::Ignored,
        () => Verdict::Absent,
    }
}

/// A panic as std reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// The file, the line and the column, such as `src/lib.rs:3:17`.
    pub at: String,
    pub message: String,
}

/// Finds the first panic in the output of a run.
pub fn panic(output: &str) -> Option<Panic> {
    let mut lines = output.lines().skip_while(|line| !is_report(line));
    let at = lines.next()?.split_once(" panicked at ")?.1.strip_suffix(':')?.to_string();
    let is_end = |line: &&str| {
        line.starts_with("note: run with `RUST_BACKTRACE")
            || line.starts_with("stack backtrace:")
            || is_report(line)
    };
    let message: Vec<_> = lines.take_while(|line| !is_end(line)).collect();
    Some(Panic { at, message: message.join("\n").trim_end().into() })
}

fn is_report(line: &str) -> bool {
    line.contains("thread '") && line.contains(" panicked at ") && line.ends_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_names_of_tests() {
        assert_eq!(list(b"a::b: test\nspeed: benchmark\nc - should: test\n"), ["a::b", "c - should"]);
        assert!(list(b"").is_empty());
    }

    #[test]
    fn verdicts_are_those_of_libtest() {
        let read = |line: &str, result: &str| {
            let text = format!(
                "\nrunning 1 test\n{line}\n\ntest result: {result}; 0 measured; 12 filtered out; finished in 0.00s\n\n"
            );
            verdict("a::b", End::Exit(0), text.as_bytes())
        };
        assert_eq!(read("test a::b ... ok", "ok. 1 passed; 0 failed; 0 ignored"), Verdict::Passed);
        assert_eq!(read("test a::b ... ignored", "ok. 0 passed; 0 failed; 1 ignored"), Verdict::Ignored);
        let should_panic = read("test a::b - should panic ... ignored", "ok. 0 passed; 0 failed; 1 ignored");
        assert_eq!(should_panic, Verdict::ShouldPanic);
        assert_eq!(read("", "ok. 0 passed; 0 failed; 0 ignored"), Verdict::Absent);
        assert_eq!(read("test a::b ... FAILED", "FAILED. 0 passed; 1 failed; 0 ignored"), Verdict::Failed);
        let passed = b"test result: ok. 1 passed; 0 failed; 0 ignored\n";
        assert_eq!(verdict("a", End::Exit(1), passed), Verdict::Failed);
        assert_eq!(verdict("a", End::TimedOut, b""), Verdict::Failed);
        let wrong = b"test result: ok. 11 passed; 0 failed; 0 ignored\n";
        assert_eq!(verdict("a", End::Exit(0), wrong), Verdict::Absent);
    }

    #[test]
    fn panics_are_read() {
        let output = "test a ... hello\n\nthread 'main' (1) panicked at src/lib.rs:5:42:\nassertion failed\n  left: 1\n\
                      note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\nmore\n";
        let found = panic(output).unwrap();
        assert_eq!((&*found.at, &*found.message), ("src/lib.rs:5:42", "assertion failed\n  left: 1"));
        assert_eq!(panic("test a ... ok\n"), None);
        assert_eq!(panic("thread 'x' panicked at a:1:2:").unwrap().message, "");
    }
}
