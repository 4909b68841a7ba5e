//! The JUnit report of the tests of a package: a test suite for each binary and target.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::model::target::Target;
use crate::report::junit::escape;
use crate::report::package_tests::cause::Cause;
use crate::report::package_tests::{Here, Native, Test, TestResults};

/// Writes the report to `path`.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, results: &TestResults) -> Result<()> {
    fs::write(path, draw(results)).with_context(|| format!("cannot write {}", path.display()))
}

fn draw(results: &TestResults) -> String {
    let mut xml =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"parallax\">\n");
    for suite in results.tests.chunk_by(|one, other| one.binary == other.binary) {
        for target in &results.targets {
            let results: Vec<_> = suite.iter().map(|test| result(test, *target)).collect();
            let failures = results.iter().filter(|result| result.starts_with("<failure")).count();
            let skipped = results.iter().filter(|result| result.starts_with("<skipped")).count();
            let name = escape(&format!("{}@{target}", suite[0].binary));
            // Writing to a String cannot fail.
            let _ = writeln!(
                xml,
                "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\">",
                suite.len()
            );
            for (test, result) in suite.iter().zip(&results) {
                let _ = write!(xml, "    <testcase classname=\"{name}\" name=\"{}\"", escape(&test.name));
                match result.is_empty() {
                    true => xml.push_str("/>\n"),
                    false => drop(writeln!(xml, ">\n      {result}\n    </testcase>")),
                }
            }
            xml.push_str("  </testsuite>\n");
        }
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// The element with what a test did on a target, or nothing if it passed.
fn result(test: &Test, target: Target) -> String {
    match (&test.native, test.here.get(&target)) {
        (Native::Ignored, _) => "<skipped message=\"ignored natively\"/>".into(),
        (Native::Failed(headline), _) => {
            format!("<skipped message=\"fails natively: {}\"/>", escape(headline))
        }
        (Native::Passed, Some(Here::Differs(difference))) if difference.cause.is_left_out() => {
            let Cause { id, does } = difference.cause;
            format!("<skipped message=\"{}\"/>", escape(&format!("{}  [{id}]", does[0])))
        }
        (Native::Passed, Some(Here::Differs(difference))) => {
            let message =
                format!("{}  [{}] {}", difference.cause.does[0], difference.cause.id, difference.headline);
            format!(
                "<failure message=\"{}\">{}</failure>",
                escape(message.trim_end()),
                escape(&difference.text)
            )
        }
        (Native::Passed, Some(Here::Needs(flags))) => {
            format!("<system-out>passes with {}</system-out>", escape(&flags.join(" ")))
        }
        (Native::Passed, Some(Here::Same) | None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::report::package_tests::Difference;
    use crate::report::package_tests::cause::USIZE_32;

    #[test]
    fn what_differs_fails_and_what_native_does_not_pass_is_skipped() {
        let test = |name: &str, native, here: Option<Here>| Test {
            binary: "lib".into(),
            name: name.into(),
            native,
            took: Duration::ZERO,
            here: here.map(|here| (Target::Wasip1, here)).into_iter().collect(),
        };
        let difference = Difference { cause: USIZE_32, headline: "a < b".into(), text: "a < b\ntrap".into() };
        let results = TestResults {
            profile: None,
            built_with: Vec::new(),
            host: String::new(),
            package: "a 1.0.0".into(),
            targets: vec![Target::Wasip1],
            binaries: 1,
            own_harness: Vec::new(),
            tests: vec![
                test("same", Native::Passed, Some(Here::Same)),
                test("reads", Native::Passed, Some(Here::Needs(vec!["--dir=.".into()]))),
                test("large", Native::Passed, Some(Here::Differs(difference))),
                test("off", Native::Ignored, None),
                test("bad", Native::Failed("no".into()), None),
            ],
            native_took: Duration::ZERO,
            runs: 0,
            not_built: BTreeMap::new(),
            together: BTreeMap::new(),
        };
        let xml = draw(&results);
        for part in [
            "<testsuite name=\"lib@wasip1\" tests=\"5\" failures=\"1\" skipped=\"2\">",
            "name=\"same\"/>",
            "<system-out>passes with --dir=.</system-out>",
            "message=\"relies on a usize of 64 bits  [usize-32] a &lt; b\">a &lt; b\ntrap</failure>",
            "<skipped message=\"ignored natively\"/>",
            "<skipped message=\"fails natively: no\"/>",
        ] {
            assert!(xml.contains(part), "{part}\n{xml}");
        }
    }
}
