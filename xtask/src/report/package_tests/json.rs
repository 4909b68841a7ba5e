//! The results of the tests of a package as JSON: an object for each test, and one for each target.

use serde_json::{Map, Value, json};

use crate::report::package_tests::draw::sum;
use crate::report::package_tests::{Here, Native, TestResults};

/// Draws an object on a line of its own for each test, each target, and the whole.
pub fn draw(results: &TestResults) -> String {
    let mut lines = Vec::new();
    for test in &results.tests {
        let native = match &test.native {
            Native::Passed => json!({"status": "pass"}),
            Native::Ignored => json!({"status": "ignored"}),
            Native::Failed(headline) => json!({"status": "fail", "message": headline}),
            Native::Unknown => json!({"status": "unknown"}),
        };
        let here: Map<String, Value> =
            test.here.iter().map(|(target, here)| (target.to_string(), of(here))).collect();
        lines.push(json!({
            "kind": "test",
            "binary": test.binary,
            "name": test.name,
            "seconds": test.took.as_secs_f64(),
            "native": native,
            "here": here,
        }));
    }
    lines.extend(results.without_result.iter().map(|one| {
        json!({
            "kind": "error",
            "binary": one.binary,
            "name": one.test,
            "target": one.target.name(),
            "message": one.why,
        })
    }));
    for target in &results.targets {
        let together = results.together.get(target).cloned().unwrap_or_default();
        let not_built = results.not_built.get(target).into_iter().flatten();
        let not_built: Map<String, Value> =
            not_built.map(|(binary, headline)| (binary.clone(), json!(headline))).collect();
        lines.push(json!({
            "kind": "target",
            "target": target.name(),
            "sum": sum(results, *target),
            "flags": together.flags,
            "pass_with_flags": together.passed,
            "not_built": not_built,
        }));
    }
    lines.push(json!({
        "kind": "summary",
        "package": results.package,
        "profile": results.profile,
        "built_with": results.built_with,
        "binaries": results.binaries,
        "tests": results.tests.len(),
        "compared": results.compared().count(),
        "without_result": results.without_result.len(),
        "own_harness": results.own_harness,
        "native_seconds": results.native_took.as_secs_f64(),
        "runs": results.runs,
    }));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn of(here: &Here) -> Value {
    match here {
        Here::Same => json!({"status": "same"}),
        Here::Unknown => json!({"status": "unknown"}),
        Here::Needs(flags) => json!({"status": "needs", "flags": flags}),
        Here::Differs(difference) => json!({
            "status": "differs",
            "cause": difference.cause.id,
            "compiles": !difference.cause.is_of_build(),
            "left_out": difference.cause.is_left_out(),
            "does": difference.cause.does[0],
            "message": difference.headline,
            "text": difference.text,
        }),
    }
}
