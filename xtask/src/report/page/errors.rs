//! The table of operating system errors: their numbers and messages, natively and on WASI.

use std::fmt::Write;

use super::markdown::{code, inline};
use crate::model::os_error::{ERRORS, Spelling};

/// Draws the table.
pub fn table() -> String {
    let mut text = String::from(
        "| error | ErrorKind | Linux | wasip1 and wasip2 | message on Linux | message on WASI |\n|---|---|--:|--:|---|---|\n",
    );
    let number = |spelling: &Spelling| match spelling.number {
        0 => "—".into(),
        number => number.to_string(),
    };
    for error in &ERRORS {
        let kind = if error.kind.is_empty() { "—".into() } else { code(error.kind) };
        let message =
            if error.wasi.text == error.linux.text { "the same".into() } else { inline(error.wasi.text) };
        writeln!(
            text,
            "| {} | {kind} | {} | {} | {} | {message} |",
            error.name,
            number(&error.linux),
            number(&error.wasi),
            inline(error.linux.text),
        )
        .expect("writing to a String cannot fail");
    }
    text
}
