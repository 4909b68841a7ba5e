//! Finds what a user names on the command line.

use anyhow::Result;

use crate::exit;
use crate::model::case::Case;
use crate::model::example::Example;
use crate::support::edition::COMMAND;
use crate::support::suggest::suggest;

/// Returns the case that the user names as EXAMPLE/CASE, or as EXAMPLE if that has one case. What follows, a row or a
/// column, is ignored.
///
/// # Errors
/// If there is none, or several.
pub fn case<'a>(examples: &'a [Example], name: &str) -> Result<(&'a Example, &'a Case)> {
    let mut parts = name.split(['/', '@']);
    let (example, case) = (parts.next().unwrap_or_default(), parts.next());
    let cases = examples.iter().flat_map(|example| example.cases.iter().map(move |case| (example, case)));
    let is_meant = |(known, known_case): &(&Example, &Case)| {
        known.name == example && case.is_none_or(|case| case == known_case.name)
    };
    let found: Vec<_> = cases.clone().filter(is_meant).collect();
    match found[..] {
        [one] => Ok(one),
        [] => {
            let ids: Vec<_> =
                cases.map(|(example, case)| format!("{}/{}", example.name, case.name)).collect();
            let help = match suggest(name, ids.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("{COMMAND} find WORD looks for cases"),
            };
            Err(exit::error(exit::NOTHING_MATCHED, format!("no case `{name}`\nhelp: {help}")))
        }
        _ => {
            let names: Vec<_> = found.iter().map(|(_, case)| case.name.as_str()).collect();
            let message = format!("{example} has several cases\nhelp: choose one: {}", names.join(", "));
            Err(exit::error(exit::USAGE, message))
        }
    }
}
