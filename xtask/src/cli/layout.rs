//! The arguments of `cargo xtask layout`.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, ArgMatches, ValueEnum, value_parser};

use crate::cli::arguments::{option, positional, required, several};

/// The arguments of `layout`.
#[derive(Debug)]
pub struct LayoutArgs {
    pub what: Vec<String>,
    pub memory: Option<String>,
    pub format: LayoutFormat,
}

impl LayoutArgs {
    pub fn all() -> [Arg; 3] {
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

    pub fn of(matches: &mut ArgMatches) -> LayoutArgs {
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
