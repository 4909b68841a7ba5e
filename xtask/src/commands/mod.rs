//! The commands of `cargo xtask`, each in a file or a directory of its name, and what several of them share.

pub mod check;
pub mod check_tests;
pub mod ci;
pub mod divergences;
pub mod doctor;
pub mod find;
pub mod grants;
pub mod layout;
pub mod list;
mod named;
pub mod new;
pub mod test;
pub mod upstream;
pub mod why;

use anyhow::Result;

use crate::cli::Command;
use crate::environment::Environment;
use crate::exit;
use crate::installed;
use crate::run::watchdog;
use crate::session::Session;
use crate::support::edition::{COMMAND, is_installed};
use crate::support::terminal::say;
use crate::tools::progress::Progress;
use crate::workspace::Workspace;

/// Runs a command, and returns the exit code.
///
/// # Errors
/// If the command itself fails; see [`exit::Error`] for the exit code.
pub fn run(command: Command) -> Result<u8> {
    let env = Environment::of_process();
    if let Command::Watchdog { run, own_dir, scratch } = command {
        return watchdog::watch(run, &own_dir, &scratch);
    }
    let workspace = match is_installed() {
        true => installed::workspace(&env)?,
        false => Workspace::around(&std::env::current_dir()?, env.target_dir.clone())?,
    };
    match command {
        Command::Test(args) => test::test(&workspace, &env, &args).map(|ended| ended.code),
        Command::Layout(args) => layout::layout(&workspace, &env, &args),
        Command::New { name } => new::new(&workspace, &name),
        Command::Divergences { check } => divergences::divergences(&workspace, &env, check),
        Command::Check(args) => match &args.tests {
            Some(tests) => check_tests::check(&workspace, &env, &args, tests),
            None => check::check(&workspace, &env, &args),
        },
        Command::Grants(args) => grants::grants(&workspace, &env, &args),
        Command::Upstream(args) => upstream::upstream(&workspace, &env, &args),
        Command::Why(args) => why::why(&workspace, &env, &args),
        Command::Find { words, rule, target, all } => {
            find::find(&workspace, &words, rule.as_deref(), target, all)
        }
        Command::Ci { examples } => ci::ci(&workspace, &env, &examples),
        Command::Doctor => doctor::doctor(&workspace, &env),
        Command::Setup { offline } => {
            Session::open(&workspace, &env, offline, Progress::of(&env, false))?
                .provision(&workspace.columns)?;
            let next = if is_installed() { "check PATH" } else { "test" };
            say(&format!("Everything is set up; run: {COMMAND} {next}"));
            Ok(exit::OK)
        }
        Command::Watchdog { .. } => unreachable!("handled above, because it needs no workspace"),
    }
}
