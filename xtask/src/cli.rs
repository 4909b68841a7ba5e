//! The command line. What stands in the comments here is the manual: `cargo xtask help test`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cases;
use crate::cell::Filter;
use crate::target::Target;

/// One Rust program, seen from three places: native, wasm32-wasip1, wasm32-wasip2.
#[derive(Debug, Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build and run the examples everywhere, and compare what they do with the snapshots
    ///
    /// What is missing (Rust's wasm targets, wasmtime) is set up first.
    ///
    /// Exit codes: 0 all as recorded; 100 a cell differs or has no snapshot; 101 the harness failed
    /// or no example could be built; 4 nothing matched the filter; 96 something is missing and
    /// cannot be had; 2 usage, or a malformed cases.toml; 130 and 143 interrupted.
    Test(Box<TestArgs>),
    /// Make a new example that builds, with a first case
    New {
        /// Lower-case letters, digits, `-` and `_`
        name: String,
    },
    /// Draw where modules lie in the memories that they share, and name what lies on something else
    ///
    /// What is read are the modules that a row would instantiate on wasip1, in that order, or any
    /// files. Exit codes: 0 nothing overlaps; 100 something does.
    Layout(LayoutArgs),
    /// Write DIVERGENCES.md: what differs from native in each case, and which flags restore it
    ///
    /// The page is made of the accepted snapshots and of what the examples say of themselves; nothing
    /// is built or run. Under CI it is only checked, as with --check.
    ///
    /// Exit codes: 0 the page is current; 100 it is not, or a case has no snapshot; 101 a snapshot is
    /// broken; 2 usage, or a malformed file.
    Divergences {
        /// Write nothing, and fail if the page is not current
        #[arg(long)]
        check: bool,
    },
    /// All that CI checks: formatting, clippy, the harness's own tests, `test --check`, the page
    Ci,
    /// Set up what `test` needs, and nothing else
    Setup {
        /// Fetch nothing; say what is missing
        #[arg(long)]
        offline: bool,
    },
    /// List each tool and target: where it was found, whether it is fit, and what mends it
    Doctor,
    /// Watch over a run; the run itself starts this
    #[command(hide = true)]
    Guard { scratch: PathBuf },
    /// Print completions of this command line for a shell
    Completions { shell: clap_complete::Shell },
}

#[derive(Debug, Args)]
pub struct TestArgs {
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub snapshots: Snapshots,

    /// Print the ids of the selected cells and run nothing
    ///
    /// With `--format json`, one object a line: id, argv, env, cwd.
    #[arg(long, conflicts_with_all = ["accept", "review", "prune", "no_run"])]
    pub list: bool,
    /// Build the selected examples and run nothing
    #[arg(long, conflicts_with_all = ["accept", "review", "prune"])]
    pub no_run: bool,
    /// How many cells run at a time [default: as many as there are cores, beside those that wait]
    #[arg(short, long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<usize>,
    /// Begin no further cell after the first case that differs
    #[arg(long)]
    pub fail_fast: bool,
    /// Show what the programs print, a cell at a time
    #[arg(long)]
    pub no_capture: bool,
    /// How long a cell may run, as 10s, 500ms or 2m; overrules cases.toml
    #[arg(long, value_name = "TIME", value_parser = cases::duration)]
    pub timeout: Option<Duration>,
    /// Run each cell N times; outcomes that differ between repetitions fail and are never accepted
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_one)]
    pub repeat: usize,
    /// Begin the cells in a random order, which SEED makes the same again
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, value_parser = seed)]
    pub shuffle: Option<Option<u64>>,
    /// Do not remove the cells' scratch folders
    #[arg(long)]
    pub keep_scratch: bool,
    /// Fetch nothing from the network
    #[arg(long)]
    pub offline: bool,

    /// What is printed: text for people on stderr, or one JSON object a line on stdout
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Also write a JUnit report to this file
    #[arg(long, value_name = "PATH")]
    pub junit: Option<PathBuf>,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum)]
    pub color: Option<Color>,
    /// Show the command line of each cell, and how it ended
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Show failures and the summary only
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub struct LayoutArgs {
    /// An example, a case or a row as EXAMPLE/CASE/FLAG-SET; or files (.wasm, .wat) in the order of
    /// their instantiation, each as FILE or NAME=FILE
    #[arg(required = true, value_name = "EXAMPLE[/CASE[/FLAG-SET]]|FILE")]
    pub what: Vec<String>,
    /// Only this memory or table, by the name under which modules import it
    #[arg(long, value_name = "MODULE.NAME")]
    pub memory: Option<String>,
    /// What is printed on stdout: a drawing as text, one JSON object a row, or a picture
    #[arg(long, value_enum, default_value_t = LayoutFormat::Human)]
    pub format: LayoutFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LayoutFormat {
    Human,
    Json,
    Svg,
}

/// Which cells. An id is EXAMPLE/CASE/FLAG-SET@TARGET, as cat/sample/dir-here@wasip2.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub struct Selection {
    /// Parts of cell ids; a cell is selected if any matches
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,
    /// Filters are whole ids, of cells or of cases (EXAMPLE/CASE)
    #[arg(long, requires = "filters")]
    pub exact: bool,
    /// Leave out cells whose id has this part
    #[arg(long, value_name = "PART")]
    pub skip: Vec<String>,
    /// Only this target: native, wasip1 or wasip2
    #[arg(long, value_name = "TARGET", value_parser = target)]
    pub target: Vec<Target>,
    /// Only this flag set
    #[arg(long, value_name = "NAME")]
    pub flag_set: Vec<String>,
    /// Only the M-th of N parts of the cases, as 1/3
    #[arg(long, value_name = "M/N", value_parser = partition)]
    pub partition: Option<(usize, usize)>,
}

/// What becomes of differences. Without any of these, changed snapshots are written beside the
/// accepted ones for `cargo insta review`, and under CI nothing is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Snapshots")]
pub struct Snapshots {
    /// Accept what the selected cells do now
    #[arg(long, conflicts_with_all = ["check", "review"])]
    pub accept: bool,
    /// Review the differences with `cargo insta review` afterwards
    #[arg(long, conflicts_with = "check")]
    pub review: bool,
    /// Write no snapshot, whatever differs
    #[arg(long)]
    pub check: bool,
    /// Remove snapshots, rows and columns that no case stands behind any more
    #[arg(long, conflicts_with = "check")]
    pub prune: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

impl Selection {
    pub fn filter(&self) -> Filter {
        Filter {
            parts: self.filters.clone(),
            exact: self.exact,
            skip: self.skip.clone(),
            targets: self.target.clone(),
            flag_sets: self.flag_set.clone(),
            partition: self.partition,
        }
    }
}

fn target(text: &str) -> Result<Target, String> {
    Target::named(text).ok_or_else(|| format!("the targets are {}", Target::ALL.map(Target::name).join(", ")))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number >= 1 => Ok(number),
        _ => Err("a number from 1 is expected".into()),
    }
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a whole number is expected, as a run with --shuffle names it".into())
}

fn partition(text: &str) -> Result<(usize, usize), String> {
    let numbers =
        text.split_once('/').and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)));
    match numbers {
        Some((part, parts)) if part >= 1 && part <= parts => Ok((part, parts)),
        _ => Err("M/N is expected with 1 ≤ M ≤ N, as 1/3".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn partitions() {
        assert_eq!(partition("1/3"), Ok((1, 3)));
        for bad in ["", "1", "0/3", "4/3", "a/b", "1/0"] {
            assert!(partition(bad).is_err(), "{bad}");
        }
    }
}
