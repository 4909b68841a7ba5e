//! The harness of Parallax. `xtask/README.md` describes its modules.

mod build;
mod cli;
mod commands;
mod diagnostic;
mod discover;
mod environment;
mod exit;
mod explain;
mod host;
mod installed;
mod model;
mod normalize;
mod process;
mod provision;
mod report;
mod run;
mod session;
mod snapshot;
mod support;
mod tools;
mod workspace;

use std::process::ExitCode;

use crate::cli::Cli;
use crate::support::terminal::say;

fn main() -> ExitCode {
    let cli = Cli::parse();
    process::keep_descriptors();
    let result =
        process::ignore_no_signals().map_err(anyhow::Error::from).and_then(|()| commands::run(cli.command));
    ExitCode::from(result.unwrap_or_else(|error| match error.downcast_ref::<exit::Error>() {
        Some(exit::Error { code, message, is_drawn: true }) => {
            say(message);
            *code
        }
        Some(exit::Error { code, .. }) => {
            say(&format!("error: {error:#}"));
            *code
        }
        None => {
            say(&format!("error: {error:#}"));
            exit::HARNESS
        }
    }))
}
