//! Why a program does not compile for a wasm target, and what to use instead, as far as that is known.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::build::dependencies::{self, Way};
use crate::build::foreign::Program;
use crate::build::message::Failure;
use crate::commands::check::subject::names;
use crate::model::target::Target;
use crate::provision::toolchain::Toolchains;
use crate::session::Session;
use crate::support::fields::fields;

/// What is known about crates that do not compile.
const ALTERNATIVES: &str = include_str!("alternatives.toml");

/// What a program can do about a package that does not compile. The file describes the keys.
#[derive(Clone, Debug)]
pub struct Alternative {
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compiles it"))]
    fails: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compiles it"))]
    works: Vec<String>,
    #[expect(dead_code, reason = "a test compiles with them")]
    flags: Option<String>,
    targets: Option<Vec<String>>,
    pub instead: String,
    pub example: Option<String>,
}

fields!(Alternative {
    required: [fails, instead],
    optional: [works, flags, targets, example],
    unknown: Denied
});

/// Why a program does not compile for some targets.
pub struct Cause {
    pub targets: Vec<Target>,
    pub failure: Failure,
    /// How the program comes to depend on the package that does not compile, if it is another one.
    pub way: Option<Way>,
    pub alternative: Option<Alternative>,
}

/// Finds why `program` does not compile for these targets. Targets with the same reason are together.
///
/// # Errors
/// If cargo cannot be run.
pub fn causes(
    session: &Session<'_>,
    toolchains: &Toolchains,
    program: &Program,
    failures: Vec<(Target, Failure)>,
) -> Result<Vec<Cause>> {
    let known = alternatives()?;
    let mut causes: Vec<Cause> = Vec::new();
    for (target, failure) in failures {
        let is_same = |cause: &&mut Cause| {
            cause.failure.package == failure.package && cause.failure.headline == failure.headline
        };
        if let Some(same) = causes.iter_mut().find(is_same) {
            same.targets.push(target);
            continue;
        }
        let other = failure.package.as_deref().filter(|package| *package != program.package);
        let way = match other {
            Some(package) => dependencies::way(session.tool_context(), toolchains, program, target, package)?,
            None => None,
        };
        session.end_if_interrupted();
        let name = other.and_then(|package| package.split(' ').next()).unwrap_or_default();
        let alternative = known.get(name).filter(|known| known.is_about(target)).cloned();
        causes.push(Cause { targets: vec![target], failure, way, alternative });
    }
    Ok(causes)
}

impl Alternative {
    fn is_about(&self, target: Target) -> bool {
        self.targets.as_ref().is_none_or(|targets| targets.iter().any(|name| name == target.name()))
    }
}

fn alternatives() -> Result<BTreeMap<String, Alternative>> {
    toml::from_str(ALTERNATIVES).context("cannot read the list of alternatives")
}

/// Draws a cause: what does not compile, who needs it, and what to do.
pub fn draw(cause: &Cause) -> String {
    let Cause { targets, failure, way, alternative } = cause;
    let mut text = format!("\n  Not compiled for {}: {}\n", names(targets), failure.headline);
    let Some(way) = way else {
        // It is the program's own code, so all that the compiler says matters.
        if failure.package.is_some() {
            text.push('\n');
            text.push_str(&crate::support::escape::indent(failure.rendered.trim_end(), "  "));
            text.push('\n');
        }
        return text;
    };
    let mut line = |title: &str, value: &str| text.push_str(&format!("    {title:<10}  {value}\n"));
    line("needed by", &way.packages.join(" → "));
    for (package, features) in &way.asking {
        line("features", &format!("{} (asked for by {package})", features.join(", ")));
    }
    match alternative {
        Some(Alternative { instead, example, .. }) => {
            line("instead", instead);
            example.iter().for_each(|example| line("example", &format!("{example} in the catalogue")));
        }
        None => line("instead", "not known; see whether a newer release or fewer features of it compile"),
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `tests/alternatives.rs` compiles what the file says; this one checks what that does not need.
    #[test]
    fn alternatives_are_well_formed() {
        let known = alternatives().unwrap();
        assert!(known.len() > 30);
        let names: Vec<_> = ALTERNATIVES.lines().filter_map(|line| line.strip_prefix('[')).collect();
        assert!(names.is_sorted(), "{names:?}");
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        for (name, alternative) in known {
            for dependency in [&alternative.fails].into_iter().chain(&alternative.works) {
                assert!(dependency.parse::<toml::Table>().is_ok_and(|table| table.len() == 1), "{name}");
            }
            let is_line = !alternative.instead.is_empty() && !alternative.instead.contains('\n');
            assert!(is_line && !alternative.instead.ends_with('.'), "{name}");
            for target in alternative.targets.iter().flatten() {
                assert!(Target::named(target).is_some_and(|target| target.is_wasm()), "{name}");
            }
            if let Some(example) = &alternative.example {
                assert!(examples.join(example).is_dir(), "{name}");
            }
        }
    }

    #[test]
    fn a_cause_names_the_way_and_the_alternative() {
        let cause = Cause {
            targets: vec![Target::Wasip1, Target::Wasip2],
            failure: Failure {
                headline: "tokio 1.0.0: error: no".into(),
                rendered: "…".into(),
                package: Some("tokio 1.0.0".into()),
            },
            way: Some(Way {
                packages: vec!["cli 0.1.0".into(), "tokio 1.0.0".into()],
                asking: vec![("cli 0.1.0".into(), vec!["full".into()])],
            }),
            alternative: alternatives().unwrap().remove("tokio"),
        };
        let expected = "
  Not compiled for wasip1, wasip2: tokio 1.0.0: error: no
    needed by   cli 0.1.0 → tokio 1.0.0
    features    full (asked for by cli 0.1.0)
    instead     only the features io-util, macros, rt, sync and time, and #[tokio::main(flavor = \"current_thread\")]; \
on wasip2 also net, with RUSTFLAGS=\"--cfg tokio_unstable\" and std's to_socket_addrs for names; fs, io-std and \
rt-multi-thread need threads
    example     build-tokio in the catalogue
";
        assert_eq!(draw(&cause), expected);
    }
}
