//! Checks of the repository as a whole: that documents say what is, that nothing is left over, and
//! that the rules which xtask/README.md names hold.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::assert::OutputAssertExt;
use assert_cmd::output::OutputOkExt;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files that git tracks or would track.
fn files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed.lines().map(PathBuf::from).filter(|path| root().join(path).symlink_metadata().is_ok()).collect()
}

/// The command line of the harness, as `cargo xtask` runs it.
fn xtask() -> Command {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
}

/// The lines that start with `cargo xtask`, in blocks of code and in tables.
fn commands(markdown: &str) -> Vec<Vec<&str>> {
    let mut commands = Vec::new();
    for line in markdown.lines() {
        let quoted = line.split('`').skip(1).step_by(2);
        for command in quoted.chain([line]) {
            if let Some(words) = command.strip_prefix("cargo xtask ") {
                commands.push(words.split_whitespace().collect());
            }
        }
    }
    commands
}

#[test]
fn tables_in_documents_are_those_of_the_snapshots() {
    let mut seen = 0;
    for document in ["README.md", "docs/shared-memory.md"] {
        let text = read(document);
        for part in text.split("<!-- snapshot: ").skip(1) {
            let (name, rest) = part.split_once(" -->\n```text\n").expect("a block of text after the mark");
            let (block, _) = rest.split_once("```").unwrap();
            let snapshot = read(format!("snapshots/{name}.snap"));
            let (_, table) = snapshot[4..].split_once("---\n").unwrap();
            assert_eq!(block, table, "{document} shows another table than snapshots/{name}.snap");
            seen += 1;
        }
    }
    assert!(seen > 0, "no table is marked");
}

#[test]
fn documented_commands_are_understood() {
    let documents =
        ["README.md", "CONTRIBUTING.md", "DIVERGENCES.md", "docs/shared-memory.md", "xtask/README.md"];
    let mut seen = 0;
    for document in documents {
        for words in commands(&read(document)) {
            // With `--help` a command line is read, but not carried out.
            let help = if words[0] == "help" { vec![] } else { vec!["--help"] };
            xtask().args(&words).args(help).current_dir(root()).assert().success();
            seen += 1;
        }
    }
    assert!(seen > 10, "the commands of the documents were not found");
}

#[test]
fn every_exit_code_is_documented() {
    let source = read("xtask/src/stop.rs");
    for line in source.lines().filter(|line| line.contains("pub const")) {
        let code = line.rsplit_once("= ").unwrap().1.trim_end_matches(';');
        assert!(
            read("README.md").contains(&format!("| {code} |")),
            "README.md does not explain exit code {code}"
        );
    }
}

#[test]
fn every_source_file_is_on_the_map() {
    let map = read("xtask/README.md");
    for file in files() {
        let in_source = file.parent() == Some(Path::new("xtask/src"));
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if in_source && !["main.rs", "cli.rs", "test.rs", "stop.rs"].contains(&name.as_str()) {
            assert!(map.contains(&format!("`{name}`")), "xtask/README.md does not mention src/{name}");
        }
    }
}

#[test]
fn each_rule_has_its_one_file() {
    let rules = [
        ("insta::", "snapshot.rs"),
        ("unsafe {", "snapshot.rs"),
        ("rustix::event", "unix.rs"),
        ("cache-config", "wasmtime.rs"),
        ("env::var_os(", "environment.rs"),
        ("current_dir()?", "main.rs"),
    ];
    for file in files().iter().filter(|file| file.starts_with("xtask/src")) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = read(file);
        let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for (mark, only) in rules {
            let knows = shipped.contains(mark);
            assert!(!knows || name == only, "{}: `{mark}` belongs into {only}", file.display());
        }
    }
}

#[test]
fn nothing_is_left_over() {
    for file in files() {
        let name = file.to_string_lossy();
        assert!(!name.ends_with(".snap.new"), "{name}: a pending snapshot: review it");
        let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("#[ig", "nore")];
        if name.ends_with(".rs") {
            let text = read(&file);
            for mark in marks {
                assert!(!text.contains(mark), "{name}: {mark}");
            }
        }
    }
}

#[test]
fn every_case_says_what_it_shows() {
    for file in files() {
        if !file.starts_with("examples") || file.file_name() != Some("cases.toml".as_ref()) {
            continue;
        }
        let text = read(&file);
        let cases: toml::Table = text.parse().expect("TOML");
        for (name, case) in &cases {
            assert!(case.get("about").is_some(), "{}: [{name}] has no `about`", file.display());
        }
        let schema = "#:schema ../../xtask/cases.schema.json\n";
        assert!(text.starts_with(schema), "{}: it does not begin with {schema}", file.display());
    }
}

#[test]
fn few_dependencies() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "xtask",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--no-dedupe",
            "--offline",
        ])
        .current_dir(root())
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let mut crates: Vec<_> =
        tree.lines().filter(|line| !line.is_empty() && !line.starts_with("xtask ")).collect();
    crates.sort_unstable();
    crates.dedup();
    assert!(crates.len() <= 60, "{} crates are compiled by every first run", crates.len());
}
