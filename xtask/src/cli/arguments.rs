//! The parts of which command lines are made: kinds of arguments, and how their values are read.

use std::any::Any;

use clap::{Arg, ArgAction, ArgMatches};

use crate::model::case::DEFAULT_ROW;
use crate::model::name;
use crate::model::target::Target;

/// A command with a headline, and more text that only its own help shows.
pub fn described(command: clap::Command, headline: &'static str, text: &str) -> clap::Command {
    command.about(headline).long_about(format!("{headline}\n\n{text}"))
}

/// The option `--NAME`, without a value.
pub fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

/// The option `--NAME VALUE`.
pub fn option(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

/// An argument without a name, which must be given.
pub fn positional(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).value_name(value).required(true)
}

/// Takes the value of an argument that is required or has a default.
pub fn required<T: Any + Clone + Send + Sync>(matches: &mut ArgMatches, name: &str) -> T {
    matches.remove_one(name).expect("clap checks that it is there")
}

/// Takes all values of an argument.
pub fn several<T: Any + Clone + Send + Sync>(matches: &mut ArgMatches, name: &str) -> Vec<T> {
    matches.remove_many(name).into_iter().flatten().collect()
}

pub fn target(text: &str) -> Result<Target, String> {
    Target::named(text).ok_or_else(|| format!("expected one of {}", Target::ALL.map(Target::name).join(", ")))
}

pub fn wasm_target(text: &str) -> Result<Target, String> {
    Target::named(text).filter(|target| target.is_wasm()).ok_or_else(|| "expected wasip1 or wasip2".into())
}

pub fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    match name::variable_problem(name) {
        None => Ok((name.into(), value.into())),
        Some(problem) => Err(format!("expected NAME=VALUE: {problem}")),
    }
}

pub fn row_of_flags(text: &str) -> Result<(String, Vec<String>), String> {
    match text.split_once('=') {
        Some((name, flags)) if name::problem(name).is_none() && name != DEFAULT_ROW => {
            Ok((name.into(), flags.split_whitespace().map(String::from).collect()))
        }
        _ => Err("expected NAME='FLAGS', such as here='--dir=.'".into()),
    }
}

pub fn directory(text: &str) -> Result<String, String> {
    match text.contains("::") {
        false => Ok(text.into()),
        true => {
            Err("wasmtime cannot grant a directory with `::` in its path, which it takes for HOST::GUEST"
                .into())
        }
    }
}

pub fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number >= 1 => Ok(number),
        _ => Err("expected a number from 1".into()),
    }
}

pub fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "expected a whole number, such as a run with --shuffle prints".into())
}

pub fn partition(text: &str) -> Result<(usize, usize), String> {
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
    fn partitions_are_parsed() {
        assert_eq!(partition("1/3"), Ok((1, 3)));
        for bad in ["", "1", "0/3", "4/3", "a/b", "1/0"] {
            assert!(partition(bad).is_err(), "{bad}");
        }
    }
}
