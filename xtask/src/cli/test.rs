//! The arguments of `cargo xtask test`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, value_parser};

use crate::cli::arguments::{
    at_least_one, flag, option, partition, positional, required, seed, several, target,
};
use crate::model::filter::Filter;
use crate::model::target::Target;
use crate::report::human::{Color, Format};
use crate::support::duration;

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
    pub fn add_to(command: clap::Command) -> clap::Command {
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

    pub fn of(matches: &mut ArgMatches) -> TestArgs {
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
