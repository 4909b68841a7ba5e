//! Accidents of a build: a compiler that was killed, or a disk that is full, says nothing about the sources.
//!
//! What an accident ended is tried once more. If the same happens again, there is no result: it is neither an outcome
//! nor recorded.

use std::process::Command;

use anyhow::Result;

use crate::build::message::{CompilerMessage, Message};
use crate::exit;
use crate::provision::tool_context::ToolContext;
use crate::support::terminal::note;
use crate::tools::cargo::{self, Called};

/// What the system says if it is the reason, in the messages of rustc, linkers and cargo.
const SYSTEM: [&str; 6] = [
    "No space left on device",
    "Disk quota exceeded",
    "Cannot allocate memory",
    "LLVM ERROR: out of memory",
    "Too many open files",
    "Resource temporarily unavailable",
];

/// Returns the accident that cargo reports on stderr, if there was one: `No space left on device`, or
/// `signal: 9, SIGKILL: kill` for a process that was killed.
pub fn in_stderr(stderr: &str) -> Option<String> {
    let of_line = |line: &str| {
        // What follows the command line in "process didn't exit successfully: `…` (signal: 9, SIGKILL: kill)".
        let end = line.rsplit_once("` (").and_then(|(_, end)| end.strip_suffix(')'));
        let signal = end.filter(|end| end.starts_with("signal: ")).map(String::from);
        signal.or_else(|| line.strip_prefix(cargo::KILLED).map(String::from)).or_else(|| of_system(line))
    };
    stderr.lines().find_map(of_line)
}

/// Returns the accident that an error of the compiler is about, if it is about one: a linker that was killed, or that
/// the system refused something. Such errors have no code.
pub fn in_message(message: &CompilerMessage) -> Option<String> {
    let error = &message.message;
    if !error.is_error() || error.has_code() {
        return None;
    }
    error.texts().flat_map(str::lines).find_map(|line| {
        // rustc about the linker: "linking with `cc` failed: signal: 9 (SIGKILL)"; and gcc about the one that it calls.
        let linker =
            line.split_once("` failed: ").map(|(_, end)| end).filter(|end| end.starts_with("signal: "));
        let inner = line.split_once("ld terminated with ").map(|(_, end)| end);
        linker.or(inner).map(String::from).or_else(|| of_system(line))
    })
}

fn of_system(line: &str) -> Option<String> {
    SYSTEM.iter().find(|text| line.contains(**text)).map(|text| (*text).to_string())
}

/// Whether the accident concerned one process. Others are about the machine.
pub fn is_of_process(what: &str) -> bool {
    !SYSTEM.contains(&what)
}

/// The accident of a call of cargo that failed, if there was one.
pub fn of(success: bool, stderr: &str, messages: &[Message]) -> Option<String> {
    let of_compiler = |message: &Message| match message {
        Message::CompilerMessage(message) => in_message(message),
        _ => None,
    };
    if success {
        return None;
    }
    in_stderr(stderr).or_else(|| messages.iter().find_map(of_compiler))
}

/// Calls cargo, and reads its messages. After an accident, it is called once more.
///
/// # Errors
/// If cargo cannot be run, or if there is an accident again.
pub fn call_twice(command: &mut Command, context: ToolContext<'_>) -> Result<(Called, Vec<Message>)> {
    let mut call = || -> Result<(Called, Vec<Message>)> {
        let mut messages = Vec::new();
        let called = cargo::call(command, context.progress, context.interrupt, |line| {
            messages.extend(Message::parse(line));
        })?;
        Ok((called, messages))
    };
    let (called, messages) = call()?;
    let Some(what) =
        of(called.success, &called.stderr, &messages).filter(|_| context.interrupt.signal().is_none())
    else {
        return Ok((called, messages));
    };
    note(&format!("The build was ended by an accident ({what}), and is tried again"));
    let (called, messages) = call()?;
    match of(called.success, &called.stderr, &messages).filter(|_| context.interrupt.signal().is_none()) {
        Some(what) => Err(error(&what, &called.stderr)),
        None => Ok((called, messages)),
    }
}

/// The error for an accident that has happened again.
pub fn error(what: &str, stderr: &str) -> anyhow::Error {
    let message = format!("a build was ended by an accident twice: {what}\n{}", stderr.trim_end());
    let help = match is_of_process(what) {
        false => "free what is lacking, and run it again",
        true => {
            "something kills the compiler, or it crashes; memory may be short (CARGO_BUILD_JOBS=1 needs less)"
        }
    };
    exit::error(exit::HARNESS, format!("{message}\nhelp: {help}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accidents_in_the_messages_of_cargo() {
        for (line, expected) in [
            (
                "  process didn't exit successfully: `/bin/rustc -C x` (signal: 9, SIGKILL: kill)",
                Some("signal: 9, SIGKILL: kill"),
            ),
            ("  process didn't exit successfully: `/bin/rustc -C x` (exit status: 1)", None),
            ("  No space left on device (os error 28)", Some("No space left on device")),
            (
                "rustc-LLVM ERROR: IO failure on output stream: No space left on device",
                Some("No space left on device"),
            ),
            ("error: cargo was killed: signal: 9 (SIGKILL)", Some("signal: 9 (SIGKILL)")),
            ("error: could not compile `a` (bin \"a\") due to 1 previous error", None),
        ] {
            assert_eq!(in_stderr(&format!("   Compiling a v0.1.0\n{line}\n")).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn accidents_in_errors_of_the_compiler() {
        let found = |message: &str, code: &str, note: &str| {
            let line = serde_json::json!({"reason": "compiler-message", "package_id": "a#a@1.0.0", "message": {
                "level": "error", "message": message, "code": serde_json::from_str::<serde_json::Value>(code).unwrap(),
                "rendered": "", "children": [{"message": note}],
            }});
            let Some(Message::CompilerMessage(message)) = Message::parse(&line.to_string()) else { panic!() };
            in_message(&message)
        };
        let killed = "linking with `cc` failed: signal: 9 (SIGKILL)";
        assert_eq!(found(killed, "null", "").as_deref(), Some("signal: 9 (SIGKILL)"));
        let inner = "collect2: fatal error: ld terminated with signal 7 [Bus error]";
        let failed = "linking with `cc` failed: exit status: 1";
        assert_eq!(found(failed, "null", inner).as_deref(), Some("signal 7 [Bus error]"));
        assert_eq!(found(failed, "null", "rust-lld: error: undefined symbol: peek"), None);
        let full = "failed to write a.rmeta: No space left on device (os error 28)";
        assert_eq!(found(full, "null", "").as_deref(), Some("No space left on device"));
        // An error about the source may quote anything.
        assert_eq!(found(full, r#"{"code": "E0425", "explanation": null}"#, ""), None);
    }
}
