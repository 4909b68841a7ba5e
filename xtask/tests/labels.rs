//! Holds the recorded rules of cells against what people have read in the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The rule of a cell that no rule explains.
const NONE: &str = "cannot-tell";

#[test]
fn no_recorded_rule_is_wrong() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let recorded = fs::read_to_string(root.join("../snapshots/rules.txt")).unwrap();
    let recorded: BTreeMap<&str, &str> = recorded
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect();
    let labels: toml::Table = fs::read_to_string(root.join("tests/labels.toml")).unwrap().parse().unwrap();
    let labels = labels["cell"].as_array().unwrap();
    assert!(labels.len() >= 60, "only {} cells have labels", labels.len());
    let (mut wrong, mut known) = (Vec::new(), 0);
    for label in labels {
        let (id, rule) = (label["id"].as_str().unwrap(), label["rule"].as_str().unwrap());
        assert!(label.get("evidence").is_some(), "{id} has no evidence");
        let also = label.get("also").and_then(|also| also.as_array()).map(Vec::as_slice).unwrap_or_default();
        let is_right = |found: &str| found == rule || also.iter().any(|also| also.as_str() == Some(found));
        match recorded.get(id) {
            None => wrong.push(format!("{id} has no recorded rule")),
            Some(&NONE) => {}
            Some(found) if is_right(found) => known += 1,
            Some(found) => wrong.push(format!("{id} is recorded as {found}, and should be {rule}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // That nothing can be told is never wrong, but the rules have to be of use.
    assert!(known * 3 > labels.len() * 2, "rules explain only {known} of {} labeled cells", labels.len());
}
