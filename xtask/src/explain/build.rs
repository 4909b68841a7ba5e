//! Programs that do not compile for a target.

use crate::build::message::{BUILD_SCRIPT_FAILED, UNDEFINED_SYMBOL as SAYS_UNDEFINED};
use crate::explain::evidence::{Evidence, Explanation};
use crate::explain::rules::{
    COMPONENT_IMPORT, COMPONENTS, CRATE_NOT_SUPPORTED, LIBC_ITEM, NO_C_COMPILER, STD_MISSING, STD_UNSTABLE,
    UNDEFINED_SYMBOL,
};
use crate::model::outcome::End;

/// Explains why a program does not compile.
pub fn explain(evidence: &Evidence<'_>) -> Option<Explanation> {
    let headline = match &evidence.here.end {
        End::DoesNotBuild(headline) => headline.as_str(),
        End::DoesNotCompose(reason) => {
            return Some(Explanation::new(&COMPONENTS, format!("They do not fit together: {reason}.")));
        }
        _ => return None,
    };
    let rendered = evidence.failure.map_or(headline, |failure| &failure.rendered);
    let says = |text: &str| headline.contains(text) || rendered.contains(text);
    let package = evidence.failure.and_then(|failure| failure.package.as_deref());
    let is_own = package.is_none_or(|package| package.split(' ').next() == Some(evidence.package));
    let said = format!("The compiler says: {headline}");
    let rule = if headline.contains("module requires an import interface named") {
        &COMPONENT_IMPORT
    } else if headline.contains(&format!("error: {SAYS_UNDEFINED}")) {
        &UNDEFINED_SYMBOL
    } else if headline.contains("failed to run custom build command")
        || headline.contains(BUILD_SCRIPT_FAILED)
    {
        // What the crate cc prints if it cannot run a compiler, and clang if it has no headers of a C library.
        let no_headers = says("fatal error: ") && says(".h' file not found");
        if !says("failed to find tool") && !no_headers {
            return None;
        }
        &NO_C_COMPILER
    } else if headline.contains("use of unstable library feature") && is_own {
        &STD_UNSTABLE
    } else if headline.contains("in `os`") && says("std::os::") && is_own {
        &STD_MISSING
    } else if headline.contains("in crate `libc`") || headline.contains("`libc::") {
        &LIBC_ITEM
    } else {
        // An error in a dependency is one of the crate that has it, whatever it is.
        let package = package.filter(|_| !is_own && says_missing(headline))?;
        let headline = headline.trim_start_matches(&format!("{package}: "));
        let fact = format!("{package} does not compile: {headline}");
        return Some(Explanation::new(&CRATE_NOT_SUPPORTED, fact));
    };
    Some(Explanation::new(rule, said))
}

/// Whether an error says that a crate has no code for a target: a name or a file is missing, its own `compile_error!`
/// (which has no code), or a part of std that is unstable there.
fn says_missing(headline: &str) -> bool {
    const MISSING: [&str; 8] = ["E0405", "E0412", "E0425", "E0432", "E0433", "E0583", "E0599", "E0658"];
    match headline.split_once("error[").and_then(|(_, rest)| rest.split_once(']')) {
        Some((code, _)) => MISSING.contains(&code),
        None => !headline.contains("could not compile"),
    }
}
