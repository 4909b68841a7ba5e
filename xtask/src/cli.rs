//! The command line. Each type lists its arguments with their help texts, as in `cargo xtask help test`, and
//! reads what was given for them.
//!
//! clap's derive macro would need less code here, but see `support/fields.rs` for what such macros cost. A test
//! reads every argument, as the compiler does not check their names and types.

use std::any::Any;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, ArgMatches, ValueEnum, value_parser};

use crate::build::foreign::Choice;
use crate::model::case::DEFAULT_ROW;
use crate::model::filter::Filter;
use crate::model::name;
use crate::model::target::Target;
use crate::report::human::{Color, Format};
use crate::session::minimize::Equality;
use crate::session::probe::Allowed;
use crate::support::duration;

/// The command line of the harness.
#[derive(Debug)]
pub struct Cli {
    pub command: Command,
}

impl Cli {
    /// Reads the command line of this process. If it asks for help or is wrong, this prints that and ends the
    /// process.
    pub fn parse() -> Cli {
        Cli::of(Cli::command().get_matches())
    }

    /// Reads a command line that begins with the name of the program. If it is wrong, this ends the process.
    pub fn parse_from(line: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Cli {
        Cli::of(Cli::command().get_matches_from(line))
    }

    fn command() -> clap::Command {
        clap::Command::new("xtask")
            .bin_name("cargo xtask")
            .version(env!("CARGO_PKG_VERSION"))
            .about("Build and run Rust programs for native, wasm32-wasip1 and wasm32-wasip2, and compare what they do")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands(Command::all())
    }

    fn of(mut matches: ArgMatches) -> Cli {
        let (name, matches) = matches.remove_subcommand().expect("a command is required");
        Cli { command: Command::of(&name, matches) }
    }
}

/// A command with its arguments.
#[derive(Debug)]
pub enum Command {
    Test(Box<TestArgs>),
    New {
        name: String,
    },
    Layout(LayoutArgs),
    Divergences {
        check: bool,
    },
    Check(Box<CheckArgs>),
    Grants(Box<GrantsArgs>),
    Find {
        words: Vec<String>,
        target: Option<Target>,
    },
    Ci,
    Setup {
        offline: bool,
    },
    Doctor,
    /// Kills what a run leaves behind if the run itself is killed. Every run starts this.
    Watchdog {
        run: u32,
        own_dir: PathBuf,
        scratch: PathBuf,
    },
}

impl Command {
    fn all() -> [clap::Command; 11] {
        let command = clap::Command::new;
        [
            TestArgs::add_to(described(
                command("test"),
                "Build and run the examples for every target, and compare the outcomes with the snapshots",
                "Missing tools (Rust's wasm targets, wasmtime) are installed first.\n\
                 \n\
                 Exit codes: 0 everything is as recorded; 100 a cell differs from its snapshot or has none; 101 the \
                 harness failed, a cell has no outcome, or an example does not compile natively; 4 nothing matched the \
                 filter; 96 something is missing and cannot be installed; 2 wrong usage, or a malformed cases.toml or \
                 Cargo.toml; 129, 130, 131 and 143 interrupted by SIGHUP, SIGINT, SIGQUIT or SIGTERM.",
            )),
            command("new")
                .about("Create a new example that builds, with a first case")
                .arg(positional("name", "NAME").help("Name of the example: lowercase letters, digits, `-` and `_`")),
            described(
                command("layout"),
                "Draw where modules lie in the memories that they share, and report overlaps",
                "The modules are those that wasmtime instantiates for a row on wasip1, or the given files. A row whose \
                 program shares no memory with other modules is drawn only if it is named.\n\
                 \n\
                 Exit codes: 0 nothing overlaps; 100 something overlaps.",
            )
            .args(LayoutArgs::all()),
            described(
                command("divergences"),
                "Update DIVERGENCES.md: what differs from native in each case, and which flags restore it",
                "The page is generated from the accepted snapshots and the descriptions of the examples; nothing is \
                 built or run. In CI the page is only checked, as with --check.\n\
                 \n\
                 Exit codes: 0 the page is up to date; 100 it is out of date, or a case has no snapshot; 101 a \
                 snapshot is malformed; 2 wrong usage, or a malformed file.",
            )
            .arg(flag("check").help("Write nothing, and fail if the page is out of date")),
            described(
                command("check"),
                "Check a program that is not in the catalogue: does it do on WASI what it does natively?",
                "The program is compiled for all targets in a directory of the harness, with the pinned Rust, and run \
                 natively and under the pinned wasmtime: each time in a new copy of --cwd, so that nothing of yours is \
                 changed. Then the least flags are searched with which it does on WASI what it does natively. A \
                 search grants the copy of --cwd and the variables of --env; other directories and the network only if \
                 --allow-dir and --allow-network say so. A native program is not confined, though.\n\
                 \n\
                 The number of runs depends on the search: some ten for each target.\n\
                 \n\
                 Exit codes: 0 it does on WASI what it does natively, perhaps with flags; 100 it does not; 101 it does not \
                 compile natively, or the harness failed; 96 something is missing and cannot be installed; 2 wrong usage.",
            )
            .args(CheckArgs::all())
            .args(allowed()),
            described(
                command("grants"),
                "Search the least flags with which a case of the catalogue does on WASI what it does natively",
                "A search grants the directories of the case's own copy and the variables of the case; other directories and the network only \
                 if --allow-dir and --allow-network say so.\n\
                 \n\
                 Exit codes: 0 flags were found for every target; 100 not for every target; 4 there is no such case.",
            )
            .arg(positional("case", "EXAMPLE/CASE").help("The case, such as cat/sample"))
            .args(allowed()),
            described(
                command("find"),
                "Look up a function, an error or a topic in the catalogue: what differs, the grant, and what to do",
                "The cases about an item of std are printed, the worst first: its path, or the end of it. For any other words, \
                 these are the cases that match all of them in the id, the area, the description, the items of std, the \
                 verdicts, the flags and the lines that differ; if there is no such case, in the output of the programs. \
                 Upper and lower case are the same.\n\
                 \n\
                 Exit codes: 0 something was found; 4 nothing was found; 100 a case has no snapshot; 2 wrong usage, or a \
                 malformed file.",
            )
            .arg(
                positional("words", "WORD")
                    .num_args(1..)
                    .action(ArgAction::Append)
                    .help("What to look for, such as try_clone, NotADirectory or \"current directory\""),
            )
            .arg(
                option("target", "TARGET")
                    .value_parser(wasm_target)
                    .help("Show only this target: wasip1 or wasip2"),
            ),
            command("ci").about(
                "Run every check that CI runs: formatting, clippy, the harness's own tests, `test --check`, and \
                 `divergences --check`",
            ),
            described(
                command("setup"),
                "Set up what `test` needs, and do nothing else",
                "This adds the wasm targets of Rust, and installs wasmtime: from the archive of its release, or else \
                 with cargo-binstall, or else by compiling it.\n\
                 \n\
                 PARALLAX_WASMTIME_DOWNLOADS is the address of a mirror of wasmtime's releases.",
            )
            .arg(flag("offline").help("Run without accessing the network, and report what is missing")),
            command("doctor").about(
                "List the tools and targets: where they were found, whether they are suitable, and how to fix what \
                 is not",
            ),
            command("watchdog")
                .about("Kill what a run leaves behind if the run itself is killed; every run starts this")
                .hide(true)
                .arg(positional("run", "RUN").value_parser(value_parser!(u32)).help("Process ID of the run"))
                .arg(
                    positional("own_dir", "OWN_DIR")
                        .value_parser(value_parser!(PathBuf))
                        .help("Directory of the harness in the target directory"),
                )
                .arg(
                    positional("scratch", "SCRATCH")
                        .value_parser(value_parser!(PathBuf))
                        .help("Directory of the run's scratch directories"),
                ),
        ]
    }

    fn of(name: &str, mut matches: ArgMatches) -> Command {
        let matches = &mut matches;
        match name {
            "test" => Command::Test(Box::new(TestArgs::of(matches))),
            "new" => Command::New { name: required(matches, "name") },
            "layout" => Command::Layout(LayoutArgs::of(matches)),
            "divergences" => Command::Divergences { check: matches.get_flag("check") },
            "check" => Command::Check(Box::new(CheckArgs::of(matches))),
            "grants" => Command::Grants(Box::new(GrantsArgs {
                case: required(matches, "case"),
                target: matches.remove_one("target"),
                equality: required(matches, "equal"),
                allowed: Allowed::of(matches),
                offline: matches.get_flag("offline"),
            })),
            "find" => {
                Command::Find { words: several(matches, "words"), target: matches.remove_one("target") }
            }
            "ci" => Command::Ci,
            "setup" => Command::Setup { offline: matches.get_flag("offline") },
            "doctor" => Command::Doctor,
            "watchdog" => Command::Watchdog {
                run: required(matches, "run"),
                own_dir: required(matches, "own_dir"),
                scratch: required(matches, "scratch"),
            },
            _ => unreachable!("clap knows only the commands above, not {name}"),
        }
    }
}

/// The arguments of `test`.
#[derive(Debug)]
pub struct TestArgs {
    pub selection: Selection,
    pub snapshots: Snapshots,

    pub list: bool,
    pub no_run: bool,
    pub jobs: Option<usize>,
    pub fail_fast: bool,
    pub no_capture: bool,
    pub timeout: Option<Duration>,
    pub repeat: usize,
    /// `Some(None)` without a seed.
    pub shuffle: Option<Option<u64>>,
    pub keep_scratch: bool,
    pub offline: bool,

    pub format: Format,
    pub junit: Option<PathBuf>,
    pub color: Option<Color>,
    pub verbose: bool,
    pub quiet: bool,
}

impl TestArgs {
    fn add_to(command: clap::Command) -> clap::Command {
        command
            .next_help_heading("Selection")
            .args(Selection::all())
            .next_help_heading("Snapshots")
            .args(Snapshots::all())
            .args(TestArgs::all())
    }

    fn all() -> [Arg; 15] {
        [
            flag("list")
                .help("Print the ids of the selected cells, and run nothing")
                .long_help(
                    "Print the ids of the selected cells, and run nothing\n\
                     \n\
                     With `--format json`, print one object per line, with id, argv, env, cwd and, if there is one, peer. The \
                     programs in argv and the directories exist only after a run with `--keep-scratch`.",
                )
                .conflicts_with_all(["accept", "review", "prune", "no-run"]),
            flag("no-run")
                .help("Build the selected examples, but do not run them")
                .conflicts_with_all(["accept", "review", "prune"]),
            option("jobs", "N")
                .short('j')
                .value_parser(at_least_one)
                .help("Number of cells to run at a time [default: one per core; idle cells do not count]"),
            flag("fail-fast").help("Start no new cells after the first case that differs"),
            flag("no-capture").help("Show the output of the programs; cells run one at a time"),
            option("timeout", "TIME")
                .value_parser(duration::parse)
                .help("How long a cell may run, such as 10s, 500ms or 2m; overrides cases.toml"),
            option("repeat", "N")
                .default_value("1")
                .value_parser(at_least_one)
                .help("Run each cell N times; a cell whose outcomes differ fails, and is never accepted"),
            option("shuffle", "SEED")
                .num_args(0..=1)
                .require_equals(true)
                .value_parser(seed)
                .help("Start the cells in a random order; the same SEED gives the same order"),
            flag("keep-scratch").help("Do not remove the scratch directories of the cells"),
            flag("offline").help("Run without accessing the network"),
            option("format", "FORMAT")
                .value_parser(value_parser!(Format))
                .default_value("human")
                .help("Format of the report"),
            option("junit", "PATH")
                .value_parser(value_parser!(PathBuf))
                .help("Also write a JUnit report to this file"),
            option("color", "WHEN").value_parser(value_parser!(Color)).help("When to use colors"),
            flag("verbose")
                .short('v')
                .help(
                    "Show the command line of each cell and how it ended, and each crate that is compiled; on a terminal, also \
                     cases that pass",
                )
                .conflicts_with("quiet"),
            flag("quiet").short('q').help("Show only failures and the summary"),
        ]
    }

    fn of(matches: &mut ArgMatches) -> TestArgs {
        TestArgs {
            selection: Selection::of(matches),
            snapshots: Snapshots::of(matches),
            list: matches.get_flag("list"),
            no_run: matches.get_flag("no-run"),
            jobs: matches.remove_one("jobs"),
            fail_fast: matches.get_flag("fail-fast"),
            no_capture: matches.get_flag("no-capture"),
            timeout: matches.remove_one("timeout"),
            repeat: required(matches, "repeat"),
            shuffle: matches.contains_id("shuffle").then(|| matches.remove_one("shuffle")),
            keep_scratch: matches.get_flag("keep-scratch"),
            offline: matches.get_flag("offline"),
            format: required(matches, "format"),
            junit: matches.remove_one("junit"),
            color: matches.remove_one("color"),
            verbose: matches.get_flag("verbose"),
            quiet: matches.get_flag("quiet"),
        }
    }
}

/// The arguments of `grants`.
#[derive(Debug)]
pub struct GrantsArgs {
    pub case: String,
    pub target: Option<Target>,
    pub equality: Equality,
    pub allowed: Allowed,
    pub offline: bool,
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
    pub target: Option<Target>,
    pub equality: Equality,
    pub allowed: Allowed,
    pub offline: bool,
    pub args: Vec<String>,
}

impl CheckArgs {
    fn all() -> [Arg; 14] {
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
                .help("Directory of which each run gets a copy to work in [default: an empty one]"),
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
        ]
    }

    fn of(matches: &mut ArgMatches) -> CheckArgs {
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
            },
            native: matches.remove_one("native"),
            wasm: several(matches, "wasm"),
            cwd: matches.remove_one("cwd"),
            stdin: matches.remove_one("stdin"),
            env: several(matches, "env"),
            flags: several(matches, "flags"),
            target: matches.remove_one("target"),
            equality: required(matches, "equal"),
            allowed: Allowed::of(matches),
            offline: matches.get_flag("offline"),
            args: several(matches, "args"),
        }
    }
}

/// The arguments of a search for flags.
fn allowed() -> [Arg; 5] {
    [
        option("target", "TARGET").value_parser(wasm_target).help("Only this target: wasip1 or wasip2"),
        option("equal", "WHAT")
            .value_parser(value_parser!(Equality))
            .default_value("output")
            .help("What has to be as natively"),
        option("allow-dir", "DIR")
            .action(ArgAction::Append)
            .help("Directory of the host that the search may grant"),
        flag("allow-network").help("The search may grant the network"),
        flag("offline").help("Run without accessing the network"),
    ]
}

impl Allowed {
    fn of(matches: &mut ArgMatches) -> Allowed {
        Allowed { directories: several(matches, "allow-dir"), network: matches.get_flag("allow-network") }
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

/// The arguments of `layout`.
#[derive(Debug)]
pub struct LayoutArgs {
    pub what: Vec<String>,
    pub memory: Option<String>,
    pub format: LayoutFormat,
}

impl LayoutArgs {
    fn all() -> [Arg; 3] {
        [
            positional("what", "EXAMPLE[/CASE[/ROW]]|FILE").num_args(1..).action(ArgAction::Append).help(
                "An example, a case or a row; or files (.wasm, .wat) in the order of instantiation, each as FILE or \
                 NAME=FILE",
            ),
            option("memory", "MODULE.NAME")
                .help("Draw only this memory or table, named as modules import it"),
            option("format", "FORMAT")
                .value_parser(value_parser!(LayoutFormat))
                .default_value("human")
                .help("Format of the drawing on stdout"),
        ]
    }

    fn of(matches: &mut ArgMatches) -> LayoutArgs {
        LayoutArgs {
            what: several(matches, "what"),
            memory: matches.remove_one("memory"),
            format: required(matches, "format"),
        }
    }
}

/// What `layout` prints on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutFormat {
    Human,
    Json,
    Svg,
}

impl ValueEnum for LayoutFormat {
    fn value_variants<'a>() -> &'a [LayoutFormat] {
        &[LayoutFormat::Human, LayoutFormat::Json, LayoutFormat::Svg]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            LayoutFormat::Human => PossibleValue::new("human").help("Text"),
            LayoutFormat::Json => PossibleValue::new("json").help("One JSON object per row"),
            LayoutFormat::Svg => PossibleValue::new("svg").help("A picture of one row"),
        })
    }
}

/// The selected cells. The id of a cell is EXAMPLE/CASE/ROW@COLUMN, such as cat/sample/dir-here@wasip2.
#[derive(Debug)]
pub struct Selection {
    pub filters: Vec<String>,
    pub exact: bool,
    pub skip: Vec<String>,
    pub target: Vec<Target>,
    pub row: Vec<String>,
    pub partition: Option<(usize, usize)>,
}

impl Selection {
    fn all() -> [Arg; 6] {
        [
            positional("filters", "FILTER").required(false).num_args(1..).action(ArgAction::Append).help(
                "Names of examples (cat or cat/), ids of cases (cat/sample), rows or cells (cat/sample/dir-here@wasip2), \
                 or other parts of the ids of cells; a cell is selected if any of them matches",
            ),
            flag("exact")
                .help("Match whole ids of cells (EXAMPLE/CASE/ROW@COLUMN) or cases (EXAMPLE/CASE)")
                .requires("filters"),
            option("skip", "PART").action(ArgAction::Append).help("Skip cells whose id contains PART"),
            option("target", "TARGET")
                .action(ArgAction::Append)
                .value_parser(target)
                .help("Select only this target: native, wasip1 or wasip2"),
            option("row", "NAME").action(ArgAction::Append).alias("flag-set").help("Select only this row"),
            option("partition", "M/N")
                .value_parser(partition)
                .help("Select only the M-th of N parts of the cases, such as 1/3"),
        ]
    }

    fn of(matches: &mut ArgMatches) -> Selection {
        Selection {
            filters: several(matches, "filters"),
            exact: matches.get_flag("exact"),
            skip: several(matches, "skip"),
            target: several(matches, "target"),
            row: several(matches, "row"),
            partition: matches.remove_one("partition"),
        }
    }

    /// The filter that selects these cells.
    pub fn filter(&self) -> Filter {
        Filter {
            parts: self.filters.clone(),
            exact: self.exact,
            skip: self.skip.clone(),
            targets: self.target.clone(),
            rows: self.row.clone(),
            partition: self.partition,
        }
    }
}

/// What to do about differences. Without any of these options, a snapshot that differs is written beside the
/// accepted one for `cargo insta review`; in CI nothing is written.
#[derive(Debug)]
pub struct Snapshots {
    pub accept: bool,
    pub review: bool,
    pub check: bool,
    pub prune: bool,
}

impl Snapshots {
    fn all() -> [Arg; 4] {
        [
            flag("accept")
                .help("Accept the current outcomes of the selected cells")
                .long_help(
                    "Accept the current outcomes of the selected cells\n\
                     \n\
                     Outcomes that are new or have changed are run a second time. If the two runs differ, they are not \
                     accepted.",
                )
                .conflicts_with_all(["check", "review"]),
            flag("review")
                .help("Review the differences with `cargo insta review` after the run")
                .conflicts_with("check"),
            flag("check").help("Write no snapshots, even if something differs"),
            flag("prune")
                .help("Remove orphans: snapshots, rows, columns and cells that belong to no case any more")
                .conflicts_with("check"),
        ]
    }

    fn of(matches: &mut ArgMatches) -> Snapshots {
        Snapshots {
            accept: matches.get_flag("accept"),
            review: matches.get_flag("review"),
            check: matches.get_flag("check"),
            prune: matches.get_flag("prune"),
        }
    }
}

/// A command with a headline, and more text that only its own help shows.
fn described(command: clap::Command, headline: &'static str, text: &str) -> clap::Command {
    command.about(headline).long_about(format!("{headline}\n\n{text}"))
}

/// The option `--NAME`, without a value.
fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

/// The option `--NAME VALUE`.
fn option(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

/// An argument without a name, which must be given.
fn positional(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).value_name(value).required(true)
}

/// Takes the value of an argument that is required or has a default.
fn required<T: Any + Clone + Send + Sync>(matches: &mut ArgMatches, name: &str) -> T {
    matches.remove_one(name).expect("clap checks that it is there")
}

/// Takes all values of an argument.
fn several<T: Any + Clone + Send + Sync>(matches: &mut ArgMatches, name: &str) -> Vec<T> {
    matches.remove_many(name).into_iter().flatten().collect()
}

fn target(text: &str) -> Result<Target, String> {
    Target::named(text).ok_or_else(|| format!("expected one of {}", Target::ALL.map(Target::name).join(", ")))
}

fn wasm_target(text: &str) -> Result<Target, String> {
    Target::named(text).filter(|target| target.is_wasm()).ok_or_else(|| "expected wasip1 or wasip2".into())
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("expected NAME=VALUE".into()),
    }
}

fn row_of_flags(text: &str) -> Result<(String, Vec<String>), String> {
    match text.split_once('=') {
        Some((name, flags)) if name::problem(name).is_none() && name != DEFAULT_ROW => {
            Ok((name.into(), flags.split_whitespace().map(String::from).collect()))
        }
        _ => Err("expected NAME='FLAGS', such as here='--dir=.'".into()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number >= 1 => Ok(number),
        _ => Err("expected a number from 1".into()),
    }
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "expected a whole number, such as a run with --shuffle prints".into())
}

fn partition(text: &str) -> Result<(usize, usize), String> {
    let numbers =
        text.split_once('/').and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)));
    match numbers {
        Some((part, parts)) if part >= 1 && part <= parts => Ok((part, parts)),
        _ => Err("expected M/N with 1 ≤ M ≤ N, such as 1/3".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// What is read from `line`, which begins with the name of the command.
    fn read(line: &str) -> String {
        let Cli { command } = Cli::parse_from(["xtask"].into_iter().chain(line.split(' ')));
        format!("{command:?}")
    }

    #[test]
    fn every_argument_is_read() {
        let none = "Test(TestArgs { \
            selection: Selection { filters: [], exact: false, skip: [], target: [], row: [], partition: None }, \
            snapshots: Snapshots { accept: false, review: false, check: false, prune: false }, \
            list: false, no_run: false, jobs: None, fail_fast: false, no_capture: false, timeout: None, \
            repeat: 1, shuffle: None, keep_scratch: false, offline: false, format: Human, junit: None, \
            color: None, verbose: false, quiet: false })";
        assert_eq!(read("test"), none);
        for (argument, default, given) in [
            ("cat dog/", "filters: []", r#"filters: ["cat", "dog/"]"#),
            ("--skip a --skip b", "skip: []", r#"skip: ["a", "b"]"#),
            ("--target wasip1", "target: []", "target: [Wasip1]"),
            ("--row a --flag-set b", "row: []", r#"row: ["a", "b"]"#),
            ("--partition 1/3", "partition: None", "partition: Some((1, 3))"),
            ("--accept", "accept: false", "accept: true"),
            ("--review", "review: false", "review: true"),
            ("--check", "check: false", "check: true"),
            ("--prune", "prune: false", "prune: true"),
            ("--list", "list: false", "list: true"),
            ("--no-run", "no_run: false", "no_run: true"),
            ("--jobs 2", "jobs: None", "jobs: Some(2)"),
            ("-j 2", "jobs: None", "jobs: Some(2)"),
            ("--fail-fast", "fail_fast: false", "fail_fast: true"),
            ("--no-capture", "no_capture: false", "no_capture: true"),
            ("--timeout 2s", "timeout: None", "timeout: Some(2s)"),
            ("--repeat 3", "repeat: 1", "repeat: 3"),
            ("--shuffle", "shuffle: None", "shuffle: Some(None)"),
            ("--shuffle=7", "shuffle: None", "shuffle: Some(Some(7))"),
            ("--keep-scratch", "keep_scratch: false", "keep_scratch: true"),
            ("--offline", "offline: false", "offline: true"),
            ("--format json", "format: Human", "format: Json"),
            ("--junit a.xml", "junit: None", r#"junit: Some("a.xml")"#),
            ("--color never", "color: None", "color: Some(Never)"),
            ("-v", "verbose: false", "verbose: true"),
            ("-q", "quiet: false", "quiet: true"),
        ] {
            assert!(none.contains(default), "{default}");
            assert_eq!(read(&format!("test {argument}")), none.replace(default, given), "{argument}");
        }
        assert!(read("test cat --exact").contains("exact: true"));
        for (line, command) in [
            ("new cat", r#"New { name: "cat" }"#),
            ("layout a b", r#"Layout(LayoutArgs { what: ["a", "b"], memory: None, format: Human })"#),
            (
                "layout a --memory m.n --format svg",
                r#"Layout(LayoutArgs { what: ["a"], memory: Some("m.n"), format: Svg })"#,
            ),
            ("divergences", "Divergences { check: false }"),
            ("divergences --check", "Divergences { check: true }"),
            ("ci", "Ci"),
            ("setup", "Setup { offline: false }"),
            ("setup --offline", "Setup { offline: true }"),
            ("doctor", "Doctor"),
            ("watchdog 1 a b", r#"Watchdog { run: 1, own_dir: "a", scratch: "b" }"#),
        ] {
            assert_eq!(read(line), command);
        }
    }

    #[test]
    fn partitions_are_parsed() {
        assert_eq!(partition("1/3"), Ok((1, 3)));
        for bad in ["", "1", "0/3", "4/3", "a/b", "1/0"] {
            assert!(partition(bad).is_err(), "{bad}");
        }
    }
}
