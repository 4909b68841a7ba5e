//! The arguments of `cargo xtask check` and `cargo xtask grants`, which search what a program needs.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, ArgMatches, ValueEnum, value_parser};

use crate::build::foreign::Choice;
use crate::cli::arguments::{
    directory, flag, option, positional, required, row_of_flags, several, variable, wasm_target,
};
use crate::cli::package_tests::TestsArgs;
use crate::model::target::Target;
use crate::report::human::Format;
use crate::session::minimize::Equality;
use crate::session::probe::Allowed;
use crate::support::duration;
use crate::support::edition::is_installed;

/// The arguments of `grants`.
#[derive(Debug)]
pub struct GrantsArgs {
    /// `None` for all cases that a recorded row makes the same.
    pub case: Option<String>,
    pub target: Option<Target>,
    pub equality: Equality,
    pub allowed: Allowed,
    pub offline: bool,
}

/// The arguments of `why`.
#[derive(Debug)]
pub struct WhyArgs {
    /// `None` for all cells whose rule is recorded.
    pub cell: Option<String>,
    pub check: bool,
    pub trace: bool,
    pub offline: bool,
}

impl WhyArgs {
    /// The installed program has only what does not change the catalogue.
    pub fn all() -> Vec<Arg> {
        let cell = positional("cell", "CELL").help(
            "EXAMPLE (all its cases in brief), EXAMPLE/CASE, EXAMPLE/CASE/ROW or EXAMPLE/CASE/ROW@TARGET [default: the \
             baseline, all targets]",
        );
        let mut args = vec![
            flag("trace").help("Show all calls of WASI, and all native ones that strace sees"),
            flag("offline").help("Run without accessing the network, and report what is missing"),
        ];
        if is_installed() {
            args.push(cell);
            return args;
        }
        args.extend([
            cell.required(false).required_unless_present("all").conflicts_with("all"),
            flag("all")
                .conflicts_with("trace")
                .help("Find the rules of all cells that differ in their baseline or without flags, and update snapshots/rules.txt"),
            flag("check").requires("all").help("Write nothing, and fail if snapshots/rules.txt is out of date"),
        ]);
        args
    }

    pub fn of(matches: &mut ArgMatches) -> WhyArgs {
        WhyArgs {
            cell: matches.remove_one("cell"),
            check: !is_installed() && matches.get_flag("check"),
            trace: matches.get_flag("trace"),
            offline: matches.get_flag("offline"),
        }
    }
}

/// The arguments of `check`.
#[derive(Debug)]
pub struct CheckArgs {
    pub choice: Choice,
    pub native: Option<PathBuf>,
    pub wasm: Vec<PathBuf>,
    pub cwd: Option<PathBuf>,
    pub stdin: Option<PathBuf>,
    pub env: Vec<(String, String)>,
    /// Rows by name, with their flags.
    pub flags: Vec<(String, Vec<String>)>,
    /// A file in the format of `cases.toml`.
    pub cases: Option<PathBuf>,
    /// How long each run may take, of the program or of a test.
    pub timeout: Option<Duration>,
    pub trace: bool,
    /// The name of the example to make.
    pub keep: Option<String>,
    pub format: Format,
    pub target: Option<Target>,
    pub equality: Equality,
    pub allowed: Allowed,
    pub offline: bool,
    pub args: Vec<String>,
    /// With `--tests`, the tests of the package are checked instead of a program.
    pub tests: Option<TestsArgs>,
}

impl GrantsArgs {
    pub fn own() -> [Arg; 2] {
        [
            positional("case", "EXAMPLE/CASE")
                .required(false)
                .required_unless_present("all")
                .help("The case, such as cat/sample"),
            flag("all").conflicts_with("case").help(
                "Compare what the search finds with the rows of the catalogue that make a target the same as native",
            ),
        ]
    }

    pub fn of(matches: &mut ArgMatches) -> GrantsArgs {
        GrantsArgs {
            case: matches.remove_one("case"),
            target: matches.remove_one("target"),
            equality: required(matches, "equal"),
            allowed: Allowed::of(matches),
            offline: matches.get_flag("offline"),
        }
    }
}

impl CheckArgs {
    pub fn all() -> [Arg; 20] {
        [
            positional("path", "PATH")
                .value_parser(value_parser!(PathBuf))
                .required(false)
                .required_unless_present("wasm")
                .help("Directory of a package or workspace"),
            positional("args", "ARGS")
                .num_args(0..)
                .last(true)
                .required(false)
                .help("Arguments of the program"),
            option("package", "NAME").short('p').help("Package of the workspace"),
            option("bin", "NAME").help("Program of the package").conflicts_with("example"),
            option("example", "NAME").help("Example of the package"),
            option("features", "FEATURES").short('F').help("Features of the package to activate"),
            flag("all-features").help("Activate all features of the package"),
            flag("no-default-features").help("Do not activate the default feature of the package"),
            option("profile", "NAME").help(
                "Profile of cargo in which the package is built [default: release; with --tests: test]",
            ),
            option("native", "FILE")
                .value_parser(value_parser!(PathBuf))
                .requires("wasm")
                .conflicts_with("path")
                .help("Native program that is already compiled"),
            option("wasm", "FILE")
                .value_parser(value_parser!(PathBuf))
                .action(ArgAction::Append)
                .requires("native")
                .help("The same program as a core module or as a component; can be given twice"),
            option("cwd", "DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Directory of which each run gets a copy to work in, of at most 512 MiB [default: an empty one]"),
            option("stdin", "FILE")
                .value_parser(value_parser!(PathBuf))
                .help("File with the standard input [default: no input]"),
            option("env", "NAME=VALUE")
                .action(ArgAction::Append)
                .value_parser(variable)
                .help("Variable of the native program; a guest sees it only with --env of wasmtime"),
            option("flags", "NAME='FLAGS'")
                .action(ArgAction::Append)
                .value_parser(row_of_flags)
                .help("Further row with flags of wasmtime, such as here='--dir=.'"),
            option("cases", "FILE")
                .value_parser(value_parser!(PathBuf))
                .conflicts_with_all(["args", "stdin", "env", "flags"])
                .help("File with cases and rows in the format of cases.toml; all its cases are checked"),
            option("timeout", "TIME").value_parser(duration::parse).help(
                "How long each run may take, such as 10s, 500ms or 2m [default: 10s, or as in --cases; for a test 60s]",
            ),
            flag("trace").help(
                "Show all calls of WASI where the program differs, and all native ones that strace sees",
            ),
            option("keep", "NAME")
                .help("Make an example of the program, with these arguments, input and rows"),
            option("format", "FORMAT")
                .value_parser(value_parser!(Format))
                .default_value("human")
                .help("Format of the answer"),
        ]
    }

    pub fn of(matches: &mut ArgMatches) -> CheckArgs {
        let mut features = Vec::new();
        if let Some(named) = matches.remove_one::<String>("features") {
            features.extend(["--features".to_string(), named]);
        }
        for name in ["all-features", "no-default-features"] {
            features.extend(matches.get_flag(name).then(|| format!("--{name}")));
        }
        CheckArgs {
            choice: Choice {
                path: matches.remove_one("path").unwrap_or_default(),
                package: matches.remove_one("package"),
                bin: matches.remove_one("bin"),
                example: matches.remove_one("example"),
                features,
                profile: matches.remove_one("profile"),
            },
            native: matches.remove_one("native"),
            wasm: several(matches, "wasm"),
            cwd: matches.remove_one("cwd"),
            stdin: matches.remove_one("stdin"),
            env: several(matches, "env"),
            flags: several(matches, "flags"),
            cases: matches.remove_one("cases"),
            timeout: matches.remove_one("timeout"),
            trace: matches.get_flag("trace"),
            keep: matches.remove_one("keep"),
            format: required(matches, "format"),
            target: matches.remove_one("target"),
            equality: required(matches, "equal"),
            allowed: Allowed::of(matches),
            offline: matches.get_flag("offline"),
            args: several(matches, "args"),
            tests: TestsArgs::of(matches),
        }
    }
}

/// The arguments of a search for flags.
pub fn allowed() -> [Arg; 6] {
    [
        option("target", "TARGET").value_parser(wasm_target).help("Only this target: wasip1 or wasip2"),
        option("equal", "WHAT")
            .value_parser(value_parser!(Equality))
            .default_value("output")
            .help("What must be the same as natively"),
        option("allow-dir", "DIR")
            .action(ArgAction::Append)
            .value_parser(directory)
            .help("Directory of the host that the search may grant"),
        flag("allow-network").help("The search may grant the network, and the lookup of names"),
        flag("allow-env").help("The search may grant the whole environment"),
        flag("offline").help("Run without accessing the network"),
    ]
}

impl Allowed {
    fn of(matches: &mut ArgMatches) -> Allowed {
        Allowed {
            directories: several(matches, "allow-dir"),
            network: matches.get_flag("allow-network"),
            whole_env: matches.get_flag("allow-env"),
        }
    }
}

impl ValueEnum for Equality {
    fn value_variants<'a>() -> &'a [Equality] {
        &[Equality::End, Equality::Output, Equality::All]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Equality::End => PossibleValue::new("end").help("How it ends"),
            Equality::Output => {
                PossibleValue::new("output").help("All but numbers and messages of operating system errors")
            }
            Equality::All => PossibleValue::new("all").help("Everything"),
        })
    }
}
