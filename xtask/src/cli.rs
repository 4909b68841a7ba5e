//! The command line. The doc comments of these types are the help texts, as in `cargo xtask help test`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::filter::Filter;
use crate::model::target::Target;
use crate::report::human::{Color, Format};
use crate::support::duration;

/// Build and run Rust programs for native, wasm32-wasip1 and wasm32-wasip2, and compare what they do
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
    /// Build and run the examples for every target, and compare the outcomes with the snapshots
    ///
    /// Missing tools (Rust's wasm targets, wasmtime) are installed first.
    ///
    /// Exit codes: 0 everything is as recorded; 100 a cell differs from its snapshot or has none; 101 the
    /// harness failed, a cell has no outcome, or an example does not compile natively; 4 nothing matched the
    /// filter; 96 something is missing and cannot be installed; 2 wrong usage, or a malformed cases.toml or
    /// Cargo.toml; 129, 130, 131 and 143 interrupted by SIGHUP, SIGINT, SIGQUIT or SIGTERM.
    Test(Box<TestArgs>),
    /// Create a new example that builds, with a first case
    New {
        /// Name of the example: lowercase letters, digits, `-` and `_`
        name: String,
    },
    /// Draw where modules lie in the memories that they share, and report overlaps
    ///
    /// The modules are those that wasmtime instantiates for a row on wasip1, or the given files. A row whose
    /// program shares no memory with other modules is drawn only if it is named.
    ///
    /// Exit codes: 0 nothing overlaps; 100 something overlaps.
    Layout(LayoutArgs),
    /// Update DIVERGENCES.md: what differs from native in each case, and which flags restore it
    ///
    /// The page is generated from the accepted snapshots and the descriptions of the examples; nothing is
    /// built or run. In CI the page is only checked, as with --check.
    ///
    /// Exit codes: 0 the page is up to date; 100 it is out of date, or a case has no snapshot; 101 a
    /// snapshot is malformed; 2 wrong usage, or a malformed file.
    Divergences {
        /// Write nothing, and fail if the page is out of date
        #[arg(long)]
        check: bool,
    },
    /// Look up a function, an error or a topic in the catalogue: what differs, the grant, and what to do
    ///
    /// The cases that match all words are printed, the worst first. A word matches in the id, the area, the
    /// description, the items of std, the verdicts, the flags and the lines that differ; if there is no such
    /// case, in the output of the programs. Upper and lower case are the same.
    ///
    /// Exit codes: 0 something was found; 4 nothing was found; 100 a case has no snapshot; 2 a malformed file.
    Find {
        /// What to look for, such as try_clone, NotADirectory or "current directory"
        #[arg(required = true, value_name = "WORD")]
        words: Vec<String>,
        /// Show only this target: wasip1 or wasip2
        #[arg(long, value_name = "TARGET", value_parser = wasm_target)]
        target: Option<Target>,
    },
    /// Run every check that CI runs: formatting, clippy, the harness's own tests, `test --check`, and
    /// `divergences --check`
    Ci,
    /// Set up what `test` needs, and do nothing else
    ///
    /// This adds the wasm targets of Rust, and installs wasmtime: from the archive of its release, or else
    /// with cargo-binstall, or else by compiling it.
    ///
    /// PARALLAX_WASMTIME_DOWNLOADS is the address of a mirror of wasmtime's releases.
    Setup {
        /// Run without accessing the network, and report what is missing
        #[arg(long)]
        offline: bool,
    },
    /// List the tools and targets: where they were found, whether they are suitable, and how to fix what
    /// is not
    Doctor,
    /// Kill what a run leaves behind if the run itself is killed; every run starts this
    #[command(hide = true)]
    Watchdog {
        /// Process ID of the run
        run: u32,
        /// Directory of the harness in the target directory
        own_dir: PathBuf,
        /// Directory of the run's scratch directories
        scratch: PathBuf,
    },
}

/// The arguments of `test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub snapshots: Snapshots,

    /// Print the ids of the selected cells, and run nothing
    ///
    /// With `--format json`, print one object per line, with id, argv, env, cwd and, if there is one, peer. The
    /// programs in argv and the directories exist only after a run with `--keep-scratch`.
    #[arg(long, conflicts_with_all = ["accept", "review", "prune", "no_run"])]
    pub list: bool,
    /// Build the selected examples, but do not run them
    #[arg(long, conflicts_with_all = ["accept", "review", "prune"])]
    pub no_run: bool,
    /// Number of cells to run at a time [default: one per core; idle cells do not count]
    #[arg(short, long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<usize>,
    /// Start no new cells after the first case that differs
    #[arg(long)]
    pub fail_fast: bool,
    /// Show the output of the programs; cells run one at a time
    #[arg(long)]
    pub no_capture: bool,
    /// How long a cell may run, such as 10s, 500ms or 2m; overrides cases.toml
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub timeout: Option<Duration>,
    /// Run each cell N times; a cell whose outcomes differ fails, and is never accepted
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_one)]
    pub repeat: usize,
    /// Start the cells in a random order; the same SEED gives the same order
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, value_parser = seed)]
    pub shuffle: Option<Option<u64>>,
    /// Do not remove the scratch directories of the cells
    #[arg(long)]
    pub keep_scratch: bool,
    /// Run without accessing the network
    #[arg(long)]
    pub offline: bool,

    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Also write a JUnit report to this file
    #[arg(long, value_name = "PATH")]
    pub junit: Option<PathBuf>,
    /// When to use colors
    #[arg(long, value_name = "WHEN", value_enum)]
    pub color: Option<Color>,
    /// Show the command line of each cell and how it ended, and each crate that is compiled; on a terminal, also
    /// cases that pass
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Show only failures and the summary
    #[arg(short, long)]
    pub quiet: bool,
}

/// The arguments of `layout`.
#[derive(Debug, Args)]
pub struct LayoutArgs {
    /// An example, a case or a row; or files (.wasm, .wat) in the order of instantiation, each as FILE or
    /// NAME=FILE
    #[arg(required = true, value_name = "EXAMPLE[/CASE[/ROW]]|FILE")]
    pub what: Vec<String>,
    /// Draw only this memory or table, named as modules import it
    #[arg(long, value_name = "MODULE.NAME")]
    pub memory: Option<String>,
    /// Format of the drawing on stdout
    #[arg(long, value_enum, default_value_t = LayoutFormat::Human)]
    pub format: LayoutFormat,
}

/// What `layout` prints on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LayoutFormat {
    /// Text
    Human,
    /// One JSON object per row
    Json,
    /// A picture of one row
    Svg,
}

/// The selected cells. The id of a cell is EXAMPLE/CASE/ROW@COLUMN, such as cat/sample/dir-here@wasip2.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub struct Selection {
    /// Names of examples (cat or cat/), ids of cases (cat/sample), rows or cells (cat/sample/dir-here@wasip2),
    /// or other parts of the ids of cells; a cell is selected if any of them matches
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,
    /// Match whole ids of cells (EXAMPLE/CASE/ROW@COLUMN) or cases (EXAMPLE/CASE)
    #[arg(long, requires = "filters")]
    pub exact: bool,
    /// Skip cells whose id contains PART
    #[arg(long, value_name = "PART")]
    pub skip: Vec<String>,
    /// Select only this target: native, wasip1 or wasip2
    #[arg(long, value_name = "TARGET", value_parser = target)]
    pub target: Vec<Target>,
    /// Select only this row
    #[arg(long, value_name = "NAME", alias = "flag-set")]
    pub row: Vec<String>,
    /// Select only the M-th of N parts of the cases, such as 1/3
    #[arg(long, value_name = "M/N", value_parser = partition)]
    pub partition: Option<(usize, usize)>,
}

/// What to do about differences. Without any of these options, a snapshot that differs is written beside the
/// accepted one for `cargo insta review`; in CI nothing is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Snapshots")]
pub struct Snapshots {
    /// Accept the current outcomes of the selected cells
    ///
    /// Outcomes that are new or have changed are run a second time. If the two runs differ, they are not
    /// accepted.
    #[arg(long, conflicts_with_all = ["check", "review"])]
    pub accept: bool,
    /// Review the differences with `cargo insta review` after the run
    #[arg(long, conflicts_with = "check")]
    pub review: bool,
    /// Write no snapshots, even if something differs
    #[arg(long)]
    pub check: bool,
    /// Remove orphans: snapshots, rows, columns and cells that belong to no case any more
    #[arg(long, conflicts_with = "check")]
    pub prune: bool,
}

impl Selection {
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

fn target(text: &str) -> Result<Target, String> {
    Target::named(text).ok_or_else(|| format!("expected one of {}", Target::ALL.map(Target::name).join(", ")))
}

fn wasm_target(text: &str) -> Result<Target, String> {
    Target::named(text).filter(|target| target.is_wasm()).ok_or_else(|| "expected wasip1 or wasip2".into())
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
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn partitions_are_parsed() {
        assert_eq!(partition("1/3"), Ok((1, 3)));
        for bad in ["", "1", "0/3", "4/3", "a/b", "1/0"] {
            assert!(partition(bad).is_err(), "{bad}");
        }
    }
}
