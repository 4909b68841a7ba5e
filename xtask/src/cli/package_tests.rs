//! The arguments of `cargo xtask check --tests`.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, value_parser};

use crate::cli::arguments::{flag, option, several};

/// What the user said about tests, with `--tests`.
#[derive(Debug)]
pub struct TestsArgs {
    pub lib: bool,
    /// Files in `tests/`, by name.
    pub tests: Vec<String>,
    pub junit: Option<PathBuf>,
}

impl TestsArgs {
    pub fn all() -> [Arg; 4] {
        let of_tests = |arg: Arg| arg.requires("tests").help_heading("Options of --tests");
        [
            flag("tests")
                .conflicts_with_all(["native", "wasm", "cwd", "stdin", "env", "flags", "cases", "example"])
                .help("Check the tests of the package; ARGS are parts of the names of those to run")
                .long_help(
                    "Check the tests of the package, as cargo test builds them; those of documentation are left out. \
                     ARGS are parts of the names of tests to run, or else all are.\n\
                     \n\
                     Each test is run by itself in a copy of the workspace, first natively. One that passes there is \
                     run on each target without flags, and if it fails, with flags until it passes or none is left to \
                     try: the copy of the package as `.` and at its own path, an empty directory for temporary files, \
                     the variables that cargo sets, and what --allow-dir and --allow-network say. A native test can \
                     still reach the package itself, by the path that is compiled in.\n\
                     \n\
                     Only a test that fails on a target and passes natively is a difference: the exit code is then 100.",
                )
                .help_heading("Options of --tests"),
            of_tests(flag("lib").help("The unit tests of the library, and no others that are not named")),
            of_tests(
                option("test", "NAME")
                    .action(ArgAction::Append)
                    .help("A file in tests/, and no others that are not named"),
            ),
            of_tests(
                option("junit", "PATH")
                    .value_parser(value_parser!(PathBuf))
                    .help("File for a report in the format of JUnit"),
            ),
        ]
    }

    /// Reads the arguments, or returns `None` without `--tests`.
    pub fn of(matches: &mut ArgMatches) -> Option<TestsArgs> {
        matches.get_flag("tests").then(|| TestsArgs {
            lib: matches.get_flag("lib"),
            tests: several(matches, "test"),
            junit: matches.remove_one("junit"),
        })
    }
}
