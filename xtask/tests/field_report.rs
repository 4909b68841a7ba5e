//! docs/field-report.md, which `xtask/benches/field_report.py` writes: it fits the list of crates, and its figures fit
//! each other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace").into()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A row of the table: the crate and its version, how many tests, the target, and the counts.
struct Row {
    name: String,
    version: String,
    tests: Option<usize>,
    target: String,
    counts: Vec<usize>,
}

fn rows(page: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for line in page.lines().skip_while(|line| !line.starts_with("| crate | tests |")).skip(2) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, link, tests, target, counts @ .., _] = &cells[..] else { break };
        let (name, version) = match link.strip_prefix('[').and_then(|link| link.split_once("](#")) {
            Some((name, rest)) => (name.to_string(), rest.split_once(") ").unwrap().1.to_string()),
            None => (rows.last().unwrap().name.clone(), rows.last().unwrap().version.clone()),
        };
        rows.push(Row {
            name,
            version,
            tests: tests.parse().ok(),
            target: target.to_string(),
            counts: counts.iter().map(|count| count.parse().unwrap()).collect(),
        });
    }
    rows
}

#[test]
fn the_page_has_the_crates_of_the_list_with_their_versions_and_notes() {
    let page = read("docs/field-report.md");
    let list: toml::Table = read("xtask/benches/field-report.toml").parse().expect("TOML");
    let crates = list["crates"].as_array().expect("crates");
    assert!(crates.len() >= 8);
    let text = |one: &toml::Value, key: &str| one[key].as_str().unwrap().trim().to_string();
    let mut shown: Vec<_> = rows(&page).into_iter().map(|row| (row.name, row.version)).collect();
    shown.dedup();
    let listed: Vec<_> = crates.iter().map(|one| (text(one, "name"), text(one, "version"))).collect();
    assert_eq!(shown, listed, "run xtask/benches/field_report.py");
    for one in crates {
        let section =
            format!("\n## {} {}\n\n{}\n", text(one, "name"), text(one, "version"), text(one, "note"));
        assert!(page.contains(&section), "run xtask/benches/field_report.py; the page lacks:\n{section}");
    }
    let pins: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let pins = &pins["workspace"]["metadata"]["parallax"];
    let tools = format!("with Rust {} and wasmtime {}.", text(pins, "rust"), text(pins, "wasmtime"));
    assert!(
        page.contains(&tools),
        "the page is of another Rust or wasmtime; run xtask/benches/field_report.py"
    );
}

#[test]
fn the_figures_of_the_page_fit_each_other() {
    let page = read("docs/field-report.md");
    let rows = rows(&page);
    let mut tests = 0;
    for row in &rows {
        let of_row: usize = row.counts.iter().sum();
        tests = row.tests.unwrap_or(tests);
        assert_eq!(of_row, tests, "the counts of {} on {}", row.name, row.target);
        let sum = format!("- {}: {tests} test", row.target);
        let same = format!(": {} the same", row.counts[0]);
        let section = page.split(&format!("\n## {} {}\n", row.name, row.version)).nth(1).unwrap();
        let section = section.split("\n## ").next().unwrap();
        // Targets with the same counts may still differ in the flags or the causes.
        let is_sum =
            |line: &&str| line.starts_with(&sum) || row.target == "both" && line.starts_with("- wasip1: ");
        let line = section
            .lines()
            .find(is_sum)
            .unwrap_or_else(|| panic!("no sum of {} on {}", row.name, row.target));
        assert!(line.contains(&same), "{line}");
    }
    let total = |target: &str, column: usize| -> usize {
        let is_meant = |row: &&Row| row.target == target || row.target == "both";
        rows.iter().filter(is_meant).map(|row| row.counts[column]).sum()
    };
    for target in ["wasip1", "wasip2"] {
        let all: usize = (0..5).map(|column| total(target, column)).sum();
        assert!(page.contains(&format!("\n{all} tests pass natively.")), "{all}");
    }
    let [same, flags, out, not_built, differ] = [0, 1, 2, 3, 4].map(|column| total("wasip1", column));
    let sentence = format!(
        ", {same} of them pass without flags and {flags} more with flags; {out} are left out, {not_built} are not \
         built, and {differ} differ."
    );
    assert!(page.contains(&sentence), "{sentence}");
}

#[test]
fn no_path_of_a_machine_is_on_the_page() {
    let page = read("docs/field-report.md");
    let found: BTreeSet<_> = ["/root/", "/home/", ".cargo/registry", ".rustup", "/.cache/"]
        .into_iter()
        .filter(|path| page.contains(path))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}
