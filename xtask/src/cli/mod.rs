//! The command line. Each type lists its arguments with their help texts, as in `cargo xtask help test`, and
//! reads what was given for them.
//!
//! clap's derive macro would need less code here, but see `support/fields.rs` for what such macros cost. A test
//! reads every argument, as the compiler does not check their names and types.

mod answer;
pub mod arguments;
mod layout;
mod package_tests;
mod search;
mod test;
mod upstream;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::Styles;
use clap::{ArgAction, ArgMatches, value_parser};

use crate::cli::answer::end_with;
use crate::cli::arguments::{described, flag, option, positional, required, several, wasm_target};
pub use crate::cli::layout::{LayoutArgs, LayoutFormat};
pub use crate::cli::package_tests::TestsArgs;
pub use crate::cli::search::{CheckArgs, GrantsArgs, WhyArgs};
pub use crate::cli::test::TestArgs;
pub use crate::cli::upstream::{UpstreamArgs, WasmtimeChoice};
use crate::model::target::Target;
use crate::support::edition::{COMMAND, is_installed};
use crate::support::terminal::text_width;

/// The commands that the installed program does not have: they write to a clone, or compare its programs with its
/// snapshots or its documents.
const ONLY_IN_A_CLONE: [&str; 6] = ["test", "new", "layout", "divergences", "upstream", "ci"];

/// The command line of the harness.
#[derive(Debug)]
pub struct Cli {
    pub command: Command,
}

impl Cli {
    /// Reads the command line of this process. If it asks for help or is wrong, this prints that and ends the
    /// process.
    pub fn parse() -> Cli {
        let mut line: Vec<_> = std::env::args_os().collect();
        // cargo passes on the name of the command that it was asked for.
        if is_installed() && line.get(1).is_some_and(|word| word == "parallax") {
            line.remove(1);
        }
        Cli::parse_from(line)
    }

    /// Reads a command line that begins with the name of the program. If it asks for help or is wrong, this prints
    /// that and ends the process.
    pub fn parse_from(line: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Cli {
        Cli::of(Cli::command().try_get_matches_from(line).unwrap_or_else(|answer| end_with(&answer)))
    }

    fn command() -> clap::Command {
        let command = clap::Command::new("xtask")
            .bin_name(COMMAND)
            .version(env!("CARGO_PKG_VERSION"))
            .about("Build and run Rust programs for native, wasm32-wasip1 and wasm32-wasip2, and compare what they do")
            .term_width(text_width())
            .styles(Styles::plain())
            .subcommand_required(true)
            .arg_required_else_help(true);
        if !is_installed() {
            return command.subcommands(Command::all());
        }
        let is_everywhere = |command: &clap::Command| !ONLY_IN_A_CLONE.contains(&command.get_name());
        command.subcommands(Command::all().into_iter().filter(is_everywhere)).after_help(format!(
            "In a clone of Parallax, `cargo xtask` has further commands: {}",
            ONLY_IN_A_CLONE.join(", ")
        ))
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
    Why(WhyArgs),
    Upstream(UpstreamArgs),
    Find {
        words: Vec<String>,
        rule: Option<String>,
        target: Option<Target>,
        all: bool,
    },
    Ci {
        /// All checks if there are none.
        examples: Vec<String>,
    },
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
    fn all() -> [clap::Command; 13] {
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
                 built or run. The cases that docs/std-usage.md names are updated, too. Cases without a snapshot are \
                 left out. In CI the pages are only checked, as with --check.\n\
                 \n\
                 Exit codes: 0 the pages are up to date; 100 one is out of date; 101 a snapshot is malformed; 2 wrong \
                 usage, or a malformed file.",
            )
            .arg(flag("check").help("Write nothing, and fail if a page is out of date")),
            described(
                command("check"),
                "Check a program that is not in the catalogue: does it do on WASI what it does natively?",
                "The program is compiled for all targets as its user compiles it: with the configuration files of cargo that \
                 apply in PATH, the variables of the environment, and the Rust that rust-toolchain.toml names, if that \
                 is installed with the targets; otherwise with the pinned Rust. cargo writes only to a directory of the \
                 harness, also Cargo.lock. The answer says what was used beyond the defaults.\n\
                 \n\
                 The program is run natively and under the pinned wasmtime: each time in a new copy of --cwd, so that nothing of yours is \
                 changed. Then the smallest set of flags is found with which it does on WASI what it does natively. A \
                 search grants the copy of --cwd and the variables of --env; other directories and the network only if \
                 --allow-dir and --allow-network say so. A native program is not confined, though, but no link in the copy \
                 leads to what you have: what a link leads to is copied, too.\n\
                 \n\
                 How often it runs at most is said before. With --cases, arguments, input, variables and rows are those of \
                 a file in the format of cases.toml, which CONTRIBUTING.md describes. With --keep, what was checked becomes an \
                 example of the catalogue, unless the program depends on packages by path or git.\n\
                 \n\
                 A program that does not always do the same natively is compared in what it always does; what differs from run \
                 to run is shown.\n\
                 \n\
                 Exit codes: 0 it does on WASI what it does natively, perhaps with flags; 100 it does not; 101 it does not \
                 compile or end natively, or does not always end in the same way, or the harness failed; 96 something is missing and cannot be installed; 2 wrong usage.",
            )
            .args(CheckArgs::all())
            .args(TestsArgs::all())
            .args(search::allowed()),
            described(
                command("grants"),
                "Find the smallest set of flags with which a case of the catalogue does on WASI what it does natively",
                "A search grants the directories of the case's own copy and the variables of the case; other directories and the network only \
                 if --allow-dir and --allow-network say so.\n\
                 \n\
                 Exit codes: 0 flags were found for every target; 100 not for every target; 4 there is no such case.",
            )
            .args(GrantsArgs::own())
            .args(search::allowed()),
            described(
                command("why"),
                "Explain why a cell differs from native: the rule, the calls of WASI, and what to do",
                "The program is run twice under wasmtime: the outcome is that of the first run, and in the second one \
                 wasmtime traces the calls of WASI, while the program has no stderr. If strace is installed, it shows \
                 what the program does natively.\n\
                 \n\
                 What the catalogue says about the case comes first. A rule is named only if it is proven by what was \
                 observed. DIVERGENCES.md lists the rules.\n\
                 \n\
                 Exit codes: 0 a rule explains each cell that differs, or the case says what happens (its `about`); \
                 100 neither is there for a cell, or with --all snapshots/rules.txt was out of date; 4 there is no \
                 such cell.",
            )
            .args(WhyArgs::all()),
            described(
                command("find"),
                "Look up a function, an error or a topic in the catalogue: what differs, the grant, and what to do",
                "The cases about an item of std are printed, the worst first: its path, or the end of it. For any other words, \
                 these are the cases that match all of them in the id, the area, the description, the items of std, the \
                 verdicts, the flags and the lines that differ; if there is no such case, in the output of the programs. \
                 Upper and lower case are the same.\n\
                 \n\
                 Exit codes: 0 something was found; 4 nothing was found; 2 wrong usage, or a malformed file.",
            )
            .arg(
                positional("words", "WORD")
                    .num_args(1..)
                    .action(ArgAction::Append)
                    .required(false)
                    .required_unless_present("rule")
                    .help(
                        "What to look for, such as try_clone, NotADirectory or \"current directory\"; after `--`, \
                         also a flag, such as --dir",
                    ),
            )
            .arg(flag("all").help("Show all cases in full, not only the worst ones"))
            .arg(option("rule", "RULE").help("Show only the cases that this rule explains, such as no-preopen"))
            .arg(
                option("target", "TARGET")
                    .value_parser(wasm_target)
                    .help("Show only this target: wasip1 or wasip2"),
            ),
            described(
                command("upstream"),
                "Run the drafts of docs/upstream.md, and tell which of the bugs are still there and which are fixed",
                "Each draft of the page has a program, command lines, and what they print now and should print. The program is \
                 compiled in a directory of the harness, and the command lines are run there. A bug is `still there` on a \
                 target if all they print is what the page shows, and `fixed` if it is what the page expects. Anything else \
                 is `different`. What is not still there is run a second time, and is `unsteady` if that says something else.\n\
                 \n\
                 Exit codes: 0 all are still there; 100 one is not; 4 there is no such draft; 96 something is missing and \
                 cannot be installed; 2 wrong usage, or a malformed page.",
            )
            .args(UpstreamArgs::all()),
            described(
                command("ci"),
                "Run every check that CI runs, or what CI checks of an example",
                "All checks are formatting, clippy, clippy for macOS and Windows, the oldest Rust that the harness supports, \
                 the harness's own tests, the items of std that cases name, `test --check`, `why --all --check`, \
                 `grants --all` and `divergences --check`.\n\
                 \n\
                 For an example these are its descriptions, formatting, the items of std that it names, clippy, its \
                 outcomes in two runs, its rules, the search for its flags, and the pages.\n\
                 \n\
                 Exit codes: 0 all checks passed; 100 a check failed; 4 there is no such example; 96 something is \
                 missing and cannot be installed; 2 a file in examples/ is malformed.",
            )
            .arg(
                positional("examples", "EXAMPLE")
                    .required(false)
                    .num_args(1..)
                    .action(ArgAction::Append)
                    .help("Check only these examples, which takes seconds"),
            ),
            described(
                command("setup"),
                "Set up what the other commands need, and do nothing else",
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
            "grants" => Command::Grants(Box::new(GrantsArgs::of(matches))),
            "why" => Command::Why(WhyArgs::of(matches)),
            "find" => Command::Find {
                words: several(matches, "words"),
                rule: matches.remove_one("rule"),
                target: matches.remove_one("target"),
                all: matches.get_flag("all"),
            },
            "upstream" => Command::Upstream(UpstreamArgs::of(matches)),
            "ci" => Command::Ci { examples: several(matches, "examples") },
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
            (
                "upstream",
                "Upstream(UpstreamArgs { numbers: [], list: false, rust: None, wasmtime: None, format: Human, \
                 offline: false })",
            ),
            (
                "upstream 1 17 --rust nightly --wasmtime 48.0.8 --format json --offline",
                "Upstream(UpstreamArgs { numbers: [1, 17], list: false, rust: Some(\"nightly\"), wasmtime: \
                 Some(Version(Version { major: 48, minor: 0, patch: 8 })), format: Json, offline: true })",
            ),
            (
                "upstream --list --wasmtime Cargo.toml",
                "Upstream(UpstreamArgs { numbers: [], list: true, rust: None, wasmtime: \
                 Some(Path(\"Cargo.toml\")), format: Human, offline: false })",
            ),
            ("ci", "Ci { examples: [] }"),
            ("why a/b", r#"Why(WhyArgs { cell: Some("a/b"), check: false, trace: false, offline: false })"#),
            (
                "why --all --check --offline",
                "Why(WhyArgs { cell: None, check: true, trace: false, offline: true })",
            ),
            (
                "why a --trace",
                r#"Why(WhyArgs { cell: Some("a"), check: false, trace: true, offline: false })"#,
            ),
            ("find a b", r#"Find { words: ["a", "b"], rule: None, target: None, all: false }"#),
            (
                "find a --target wasip1",
                r#"Find { words: ["a"], rule: None, target: Some(Wasip1), all: false }"#,
            ),
            ("find --rule a", r#"Find { words: [], rule: Some("a"), target: None, all: false }"#),
            (
                "find a --all -- --dir",
                r#"Find { words: ["a", "--dir"], rule: None, target: None, all: true }"#,
            ),
            ("setup", "Setup { offline: false }"),
            ("setup --offline", "Setup { offline: true }"),
            ("doctor", "Doctor"),
            ("watchdog 1 a b", r#"Watchdog { run: 1, own_dir: "a", scratch: "b" }"#),
        ] {
            assert_eq!(read(line), command);
        }
    }

    #[test]
    fn arguments_of_searches_are_read() {
        let none = "Grants(GrantsArgs { case: Some(\"a/b\"), target: None, equality: Output, \
            allowed: Allowed { directories: [], network: false, whole_env: false }, offline: false })";
        assert_eq!(read("grants a/b"), none);
        let none_of_check = read("check a");
        for (argument, default, given) in [
            ("--target wasip2", "target: None", "target: Some(Wasip2)"),
            ("--equal all", "equality: Output", "equality: All"),
            ("--equal end", "equality: Output", "equality: End"),
            ("--allow-dir /a --allow-dir b", "directories: []", r#"directories: ["/a", "b"]"#),
            ("--allow-network", "network: false", "network: true"),
            ("--allow-env", "whole_env: false", "whole_env: true"),
            ("--offline", "offline: false", "offline: true"),
        ] {
            assert_eq!(read(&format!("grants a/b {argument}")), none.replace(default, given), "{argument}");
            let expected = none_of_check.replace(default, given);
            assert_eq!(read(&format!("check a {argument}")), expected, "{argument}");
        }
        for (argument, default, given) in [
            ("-p x", "package: None", r#"package: Some("x")"#),
            ("--bin x", "bin: None", r#"bin: Some("x")"#),
            ("--example x", "example: None", r#"example: Some("x")"#),
            ("-F x", "features: []", r#"features: ["--features", "x"]"#),
            ("--all-features", "features: []", r#"features: ["--all-features"]"#),
            ("--no-default-features", "features: []", r#"features: ["--no-default-features"]"#),
            ("--profile dev", "profile: None", r#"profile: Some("dev")"#),
            ("--cwd x", "cwd: None", r#"cwd: Some("x")"#),
            ("--timeout 2s", "timeout: None", "timeout: Some(2s)"),
            ("--trace", "trace: false", "trace: true"),
            ("--stdin x", "stdin: None", r#"stdin: Some("x")"#),
            ("--env A=1=2", "env: []", r#"env: [("A", "1=2")]"#),
            ("--flags x=--dir=.", "flags: []", r#"flags: [("x", ["--dir=."])]"#),
            ("--keep x", "keep: None", r#"keep: Some("x")"#),
            ("--cases x", "cases: None", r#"cases: Some("x")"#),
            ("--format json", "format: Human", "format: Json"),
            ("-- -x y", " args: []", r#" args: ["-x", "y"]"#),
        ] {
            assert!(none_of_check.contains(default), "{default}");
            let expected = none_of_check.replace(default, given);
            assert_eq!(read(&format!("check a {argument}")), expected, "{argument}");
        }
        let tests = "tests: Some(TestsArgs { lib: false, tests: [], junit: None })";
        assert_eq!(read("check a --tests"), none_of_check.replace("tests: None", tests));
        for (argument, default, given) in [
            ("--lib", "lib: false", "lib: true"),
            ("--test x --test y", "tests: []", r#"tests: ["x", "y"]"#),
            ("--junit x", "junit: None", r#"junit: Some("x")"#),
        ] {
            let expected = none_of_check.replace("tests: None", &tests.replace(default, given));
            assert_eq!(read(&format!("check a --tests {argument}")), expected, "{argument}");
        }
        let finished = read("check --native a --wasm b --wasm c");
        assert!(finished.contains(r#"native: Some("a"), wasm: ["b", "c"]"#), "{finished}");
    }
}
