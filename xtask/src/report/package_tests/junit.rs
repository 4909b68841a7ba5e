//! The JUnit report of the tests of a package: a test suite for each binary and target.

use std::fmt::Write;

use crate::model::target::Target;
use crate::report::package_tests::cause::Cause;
use crate::report::package_tests::{Here, Native, Test, TestResults, WithoutResult};
use crate::report::xml::{error, escape};

/// Draws the report.
pub fn draw(results: &TestResults) -> String {
    let mut xml =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"parallax\">\n");
    for suite in results.tests.chunk_by(|one, other| one.binary == other.binary) {
        for target in &results.targets {
            let elements: Vec<_> = suite.iter().map(|test| element(results, test, *target)).collect();
            let number = |tag| elements.iter().filter(|element| element.starts_with(tag)).count();
            let (failures, errors, skipped) = (number("<failure"), number("<error"), number("<skipped"));
            let name = escape(&format!("{}@{target}", suite[0].binary));
            // Writing to a String cannot fail.
            let _ = writeln!(
                xml,
                "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" \
                 skipped=\"{skipped}\">",
                suite.len()
            );
            for (test, element) in suite.iter().zip(&elements) {
                let _ = write!(xml, "    <testcase classname=\"{name}\" name=\"{}\"", escape(&test.name));
                match element.is_empty() {
                    true => xml.push_str("/>\n"),
                    false => drop(writeln!(xml, ">\n      {element}\n    </testcase>")),
                }
            }
            xml.push_str("  </testsuite>\n");
        }
    }
    // Of a binary that does not list its tests, nothing else is known.
    for WithoutResult { binary, target, why, .. } in
        results.without_result.iter().filter(|one| one.test.is_none())
    {
        let (name, binary) = (escape(&format!("{binary}@{target}")), escape(binary));
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{name}\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n    \
             <testcase classname=\"{name}\" name=\"{binary}\">\n      {}\n    </testcase>\n  </testsuite>",
            error(why)
        );
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// The element with what a test did on a target, or nothing if it passed.
fn element(results: &TestResults, test: &Test, target: Target) -> String {
    let unknown = |target| error(results.why_unknown(test, target).unwrap_or_default());
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
        (Native::Unknown, _) => unknown(Target::Native),
        (Native::Passed, Some(Here::Unknown)) => unknown(target),
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
                test("lost", Native::Passed, Some(Here::Unknown)),
            ],
            native_took: Duration::ZERO,
            runs: 0,
            not_built: BTreeMap::new(),
            together: BTreeMap::new(),
            without_result: vec![
                WithoutResult {
                    binary: "lib".into(),
                    test: Some("lost".into()),
                    target: Target::Wasip1,
                    why: "no space\nhelp: \u{1b}".into(),
                },
                WithoutResult {
                    binary: "bad".into(),
                    test: None,
                    target: Target::Native,
                    why: "it does not list its tests".into(),
                },
            ],
        };
        let xml = draw(&results);
        for part in [
            "<testsuite name=\"lib@wasip1\" tests=\"6\" failures=\"1\" errors=\"1\" skipped=\"2\">",
            "name=\"lost\">\n      <error message=\"no space\">no space\nhelp: \\u{1b}</error>",
            "<testsuite name=\"bad@native\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">",
            "name=\"bad\">\n      <error message=\"it does not list its tests\">",
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
