//! Asks tools about themselves, such as for their version. A tool may hang or print without end, so each
//! question has limits.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::{self, End, Interrupt, Limits, Streams};

/// How long a tool may take to answer, and how much it may print.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), output: 64 * 1024 };

/// What a tool answered.
pub struct Answer {
    /// What it printed on stdout.
    pub stdout: String,
    pub end: End,
}

/// Runs `command`, and returns what it printed. If it takes more than 5 s or prints more than 64 KiB, it is
/// killed with its process group. Ends the process if an interrupt comes meanwhile.
///
/// # Errors
/// If there is no answer. The error says why, as a sentence about the tool that begins with "it".
pub fn ask(command: Command, interrupt: &Interrupt) -> Result<Answer, String> {
    // A tool has no scratch directory, so that only its process group is found.
    let no_scratch = Path::new("a tool has no scratch directory");
    let ran = process::run(command, no_scratch, b"", Streams::Recorded, LIMITS, interrupt, None)
        .map_err(|error| format!("it cannot be run: {error}"))?;
    let Some(ran) = ran else {
        Interrupt::report_and_end_by(interrupt.signal().unwrap_or_default());
    };
    match ran.end {
        End::TimedOut => Err(format!("it does not answer within {} s", LIMITS.timeout.as_secs())),
        End::TooMuchOutput => Err(format!("it prints more than {} KiB", LIMITS.output / 1024)),
        end => Ok(Answer { stdout: String::from_utf8_lossy(&ran.stdout).into_owned(), end }),
    }
}

/// As [`ask`], for a command that must succeed. Returns what it printed, without white space at the end.
///
/// # Errors
/// If there is no answer, or if the command fails.
pub fn ask_successfully(command: Command, interrupt: &Interrupt) -> Result<String, String> {
    match ask(command, interrupt)? {
        Answer { stdout, end: End::Exit(0) } => Ok(stdout.trim_end().to_string()),
        Answer { end, .. } => Err(format!("it ends with {end}")),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    /// The answer of a shell script.
    fn answer(script: &str) -> Result<String, String> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", script]);
        ask_successfully(shell, &Interrupt::never())
    }

    #[test]
    fn answers_are_bounded_in_time_and_size() {
        assert_eq!(answer("echo tool 1.2; echo noise >&2"), Ok("tool 1.2".into()));
        assert_eq!(answer("exit 3"), Err("it ends with exit 3".into()));
        assert_eq!(answer("while :; do echo flood; done"), Err("it prints more than 64 KiB".into()));
        assert_eq!(answer("while :; do echo flood >&2; done"), Err("it prints more than 64 KiB".into()));
        let started = Instant::now();
        assert_eq!(answer("sleep 600 & wait"), Err("it does not answer within 5 s".into()));
        assert!(started.elapsed() < Duration::from_secs(60));
        let missing = ask(Command::new("/no/such/tool"), &Interrupt::never());
        assert!(missing.is_err_and(|error| error.starts_with("it cannot be run: No such file")));
    }
}
