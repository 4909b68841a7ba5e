//! The arguments of `cargo xtask upstream`.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, value_parser};

use crate::cli::arguments::{flag, option, positional, required, several};
use crate::model::version::Version;
use crate::report::human::Format;

/// The arguments of `upstream`.
#[derive(Debug)]
pub struct UpstreamArgs {
    /// The numbers of drafts; none for all.
    pub numbers: Vec<usize>,
    pub list: bool,
    /// A toolchain, by the name that rustup has for it.
    pub rust: Option<String>,
    pub wasmtime: Option<WasmtimeChoice>,
    pub format: Format,
    pub offline: bool,
}

/// A wasmtime that the user names.
#[derive(Clone, Debug)]
pub enum WasmtimeChoice {
    Version(Version),
    Path(PathBuf),
}

impl UpstreamArgs {
    pub fn all() -> [Arg; 6] {
        [
            positional("numbers", "NUMBER")
                .required(false)
                .num_args(1..)
                .action(ArgAction::Append)
                .value_parser(value_parser!(usize))
                .help("The numbers of drafts [default: all]"),
            flag("list").help("Print the drafts and whether they are filed, and run nothing"),
            option("rust", "TOOLCHAIN").value_parser(toolchain).help(
                "The Rust that compiles the programs, such as 1.95.0 or nightly, which is installed if it is missing \
                 [default: the pinned one]",
            ),
            option("wasmtime", "VERSION|PATH").value_parser(wasmtime).help(
                "The wasmtime that runs the programs: a version, which is installed if it is missing, or the path of \
                 a program [default: the pinned one]",
            ),
            option("format", "FORMAT")
                .value_parser(value_parser!(Format))
                .default_value("human")
                .help("Format of the answer on stdout"),
            flag("offline").help("Run without accessing the network, and report what is missing"),
        ]
    }

    pub fn of(matches: &mut ArgMatches) -> UpstreamArgs {
        UpstreamArgs {
            numbers: several(matches, "numbers"),
            list: matches.get_flag("list"),
            rust: matches.remove_one("rust"),
            wasmtime: matches.remove_one("wasmtime"),
            format: required(matches, "format"),
            offline: matches.get_flag("offline"),
        }
    }
}

/// A name that rustup could have for a toolchain. What it installs is below a directory of this name.
fn toolchain(text: &str) -> Result<String, String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    match text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_part) {
        true => Ok(text.into()),
        false => Err("expected a toolchain of rustup, such as 1.95.0 or nightly".into()),
    }
}

fn wasmtime(text: &str) -> Result<WasmtimeChoice, String> {
    let path = PathBuf::from(text);
    match text.parse() {
        Ok(version) => Ok(WasmtimeChoice::Version(version)),
        Err(_) if path.is_file() => Ok(WasmtimeChoice::Path(path)),
        Err(_) => Err("expected a version, such as 48.0.8, or the path of a program".into()),
    }
}
