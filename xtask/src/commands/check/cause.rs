//! Why a program does not compile for a wasm target, and what to use instead, as far as that is known.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::{Context, Result};

use crate::build::dependencies::{Dependencies, Optional, Way};
use crate::build::foreign::Project;
use crate::build::message::{BUILD_SCRIPT_FAILED, Failure};
use crate::commands::check::subject::names;
use crate::explain::evidence::Evidence;
use crate::explain::explain;
use crate::explain::rules::Rule;
use crate::model::outcome::{End, Outcome};
use crate::model::target::Target;
use crate::session::Session;
use crate::support::escape::indent;
use crate::support::fields::fields;

/// What is known about crates that do not compile.
const ALTERNATIVES: &str = include_str!("alternatives.toml");

/// How many lines of a build script are shown, at its beginning and at its end.
const MOST_LINES: usize = 8;

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
    /// The rule that says why, if one is proven.
    pub rule: Option<&'static Rule>,
}

/// Finds how `project`, or its tests, comes to depend on what does not compile for these targets. Targets with the same
/// reason are together.
///
/// # Errors
/// If cargo cannot be run.
pub fn causes(
    session: &Session<'_>,
    project: &Project,
    failures: Vec<(Target, Failure)>,
    of_tests: bool,
) -> Result<Vec<Cause>> {
    let known = alternatives()?;
    let mut dependencies: BTreeMap<Target, Dependencies> = BTreeMap::new();
    let mut causes: Vec<Cause> = Vec::new();
    for (target, failure) in failures {
        let is_same = |cause: &&mut Cause| {
            cause.failure.package == failure.package && cause.failure.headline == failure.headline
        };
        if let Some(same) = causes.iter_mut().find(is_same) {
            same.targets.push(target);
            continue;
        }
        let other = failure.package.as_deref().filter(|package| *package != project.package);
        let way = match other {
            Some(package) => {
                let known = match dependencies.entry(target) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => {
                        place.insert(Dependencies::of(session.tool_context(), project, target, of_tests)?)
                    }
                };
                known.way(package)
            }
            None => None,
        };
        session.end_if_interrupted();
        let name = other.and_then(|package| package.split(' ').next()).unwrap_or_default();
        let alternative = known.get(name).filter(|known| known.is_about(target)).cloned();
        let rule = rule(project, target, &failure);
        causes.push(Cause { targets: vec![target], failure, way, alternative, rule });
    }
    Ok(causes)
}

/// The rule behind a failure.
fn rule(project: &Project, target: Target, failure: &Failure) -> Option<&'static Rule> {
    let here = Outcome::of_end(End::DoesNotBuild(failure.headline.clone()));
    let evidence = Evidence {
        target,
        flags: &[],
        variables: &[],
        args: &[],
        native: &Outcome::of_end(End::Exit(0)),
        here: &here,
        package: project.package.split(' ').next().unwrap_or_default(),
        failure: Some(failure),
        crates: &[],
        trace: None,
    };
    Some(explain(&evidence)?.rule)
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
    let Cause { targets, failure, way, alternative, rule } = cause;
    let mut text = format!("\n  Not compiled for {}: {}\n", names(targets), failure.headline);
    // What the program itself does wrong, and what a build script has said, matters as a whole.
    let is_own = way.is_none() && failure.package.is_some();
    if is_own || failure.headline.contains(BUILD_SCRIPT_FAILED) {
        let text_of_script = abridged(failure.rendered.trim_end());
        let shown = if is_own { failure.rendered.trim_end() } else { &text_of_script };
        text.push_str(&format!("\n{}\n", indent(shown, "  ")));
    }
    let Some(way) = way else { return text };
    let mut line = |title: &str, value: &str| text.push_str(&format!("    {title:<10}  {value}\n"));
    line("needed by", &way.packages.join(" → "));
    for (package, features) in &way.asking {
        line("features", &format!("{} (asked for by {package})", features.join(", ")));
    }
    if let Some(Optional { is_first, package, features }) = &way.optional {
        let features = format!("`{}`", features.join("`, `"));
        let are = if features.contains(", ") { "default features" } else { "a default feature" };
        let how = match is_first {
            true => "--no-default-features may leave it out".to_string(),
            false => {
                let name = package.split(' ').next().unwrap_or_default();
                format!("default-features = false for {name} may leave it out")
            }
        };
        line("optional", &format!("only because of {features}, {are} of {package}: {how}"));
    }
    if let Some(rule) = rule {
        line("rule", &format!("{}: {}", rule.id, rule.help));
    }
    match alternative {
        Some(Alternative { instead, example, .. }) => {
            line("instead", instead);
            example.iter().for_each(|example| line("example", &format!("{example} in the catalogue")));
        }
        None if rule.is_some() => {}
        None => line("instead", "not known; see whether a newer release or fewer features of it compile"),
    }
    text
}

/// The beginning and the end of what a build script has printed.
fn abridged(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    match lines.len() > 2 * MOST_LINES {
        false => lines.join("\n"),
        true => [&lines[..MOST_LINES], &["  …"], &lines[lines.len() - MOST_LINES..]].concat().join("\n"),
    }
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
                optional: Some(Optional {
                    is_first: true,
                    package: "cli 0.1.0".into(),
                    features: vec!["async".into()],
                }),
            }),
            alternative: alternatives().unwrap().remove("tokio"),
            rule: Some(&crate::explain::rules::CRATE_NOT_SUPPORTED),
        };
        let expected = "
  Not compiled for wasip1, wasip2: tokio 1.0.0: error: no
    needed by   cli 0.1.0 → tokio 1.0.0
    features    full (asked for by cli 0.1.0)
    optional    only because of `async`, a default feature of cli 0.1.0: --no-default-features may leave it out
    rule        crate-not-supported: update the crate, look for a feature that leaves it out, or choose another one
    instead     only the features io-util, macros, rt, sync and time, and #[tokio::main(flavor = \"current_thread\")]; \
on wasip2 also net, with RUSTFLAGS=\"--cfg tokio_unstable\" and std's to_socket_addrs for names; fs, io-std and \
rt-multi-thread need threads
    example     build-tokio in the catalogue
";
        assert_eq!(draw(&cause), expected);
    }
}
