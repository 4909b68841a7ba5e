//! The harness of Parallax. `README.md` beside this folder maps its files.

mod build;
mod call;
mod cases;
mod cell;
mod ci;
mod cli;
mod compare;
mod compiled;
mod compose;
mod composition;
mod divergences;
mod doctor;
mod environment;
mod example;
mod failures;
mod fault;
mod files;
mod fixture;
mod guard;
mod json;
mod junit;
mod layout;
mod list;
mod lock;
mod name;
mod new;
mod normalize;
mod outcome;
mod peer;
mod process;
mod random;
mod report;
mod run;
mod schedule;
mod scratch;
mod slots;
mod snapshot;
mod stop;
mod table;
mod target;
mod terminal;
mod test;
mod text;
mod toolchain;
mod version;
mod wasmtime;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser};
use xshell::Shell;

use crate::cli::{Cli, Command};
use crate::environment::Environment;
use crate::snapshot::Keeping;
use crate::stop::{Stop, exit};
use crate::target::Target;
use crate::terminal::say;
use crate::workspace::Workspace;

fn main() -> ExitCode {
    // Before there is any thread: it changes the environment of this process.
    let asked = snapshot::claim_environment();
    let code = asked.and_then(|asked| run(Cli::parse().command, asked)).unwrap_or_else(|error| {
        // Faults of files are drawn with their own `error:` each.
        let text = format!("{error:#}");
        say(&if text.starts_with("error") { text } else { format!("error: {text}") });
        error.downcast_ref::<Stop>().map_or(exit::HARNESS, |stop| stop.code)
    });
    ExitCode::from(code)
}

fn run(command: Command, asked: Option<Keeping>) -> Result<u8> {
    let env = Environment::of_process();
    if let Command::Completions { shell } = command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "xtask", &mut script);
        terminal::print(&String::from_utf8(script)?)?;
        return Ok(exit::OK);
    }
    if let Command::Guard { scratch } = command {
        return guard::watch(&scratch);
    }
    let workspace = Workspace::around(&std::env::current_dir()?, env.target_dir.clone())?;
    match command {
        Command::Test(args) => test::test(&workspace, &env, &args, asked),
        Command::Layout(args) => layout::layout(&workspace, &env, &args),
        Command::New { name } => new::new(&workspace, &name),
        Command::Divergences { check } => divergences::divergences(&workspace, &env, check),
        Command::Ci => ci::ci(&workspace, &env),
        Command::Doctor => doctor::doctor(&workspace, &env),
        Command::Setup { offline } => {
            toolchain::provision(&Shell::new()?, &env, &workspace, &Target::ALL.into(), offline, &say)?;
            say("All is set up: cargo xtask test");
            Ok(exit::OK)
        }
        Command::Completions { .. } | Command::Guard { .. } => {
            unreachable!("they need no workspace and are done above")
        }
    }
}
