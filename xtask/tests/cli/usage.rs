//! Wrong command lines and help: what they contain is shown, and neither a terminal nor a CI system acts on it.

#![cfg(unix)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::support::{AssertOutput, Workspace};

#[test]
fn terminals_and_ci_systems_do_not_act_on_a_wrong_command_line() {
    let workspace = Workspace::new();
    let hostile = "a\x1b[2J\u{202e}\n::error::x\n##[error]y";
    let shown = "a\\u{1b}[2J\\u{202e}\n: :error::x\n## [error]y";
    let lines: [&[&str]; 5] = [
        &[hostile],
        &["test", "--timeout", hostile],
        &["test", "--format", hostile],
        &["help", hostile],
        &["new", "hello", hostile],
    ];
    for line in lines {
        // The second time as on a terminal, which shows colors.
        for colors in ["", "1"] {
            let asked = workspace.xtask().args(line).env("CLICOLOR_FORCE", colors).assert().code(2);
            let stderr = asked.says(shown).stderr_text();
            assert!(!stderr.contains(['\x1b', '\u{202e}']), "{stderr:?}");
        }
    }
    let no_text = OsStr::from_bytes(b"a\xff\x1b[2J");
    workspace.xtask().arg(no_text).assert().code(2).says("a\u{fffd}\\u{1b}[2J");
}

#[test]
fn name_of_a_variable_is_visible() {
    let workspace = Workspace::new();
    let refused = workspace.xtask().args(["check", ".", "--env", "A\nB=1"]).assert().code(2);
    refused.says("a name has no `=` and no hidden characters; this one has `\\n`");
}

#[test]
fn help_has_styles_on_a_terminal_only() {
    let workspace = Workspace::new();
    for args in [["--help"].as_slice(), &["help", "test"], &["check", "--help"]] {
        let help = |colors| {
            workspace.xtask().args(args).env("CLICOLOR_FORCE", colors).assert().code(0).stdout_text()
        };
        let (plain, styled) = (help(""), help("1"));
        assert!(plain.contains("\nOptions:\n") && !plain.contains('\x1b'), "{plain}");
        assert!(styled.contains("\x1b[1mUsage:\x1b[0m cargo xtask"), "{styled}");
        assert_eq!(styled.replace("\x1b[1m", "").replace("\x1b[0m", ""), plain);
    }
    workspace.xtask().assert().code(2).says("Usage: cargo xtask <COMMAND>");
}
