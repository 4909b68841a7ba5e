//! Checks of the whole repository: that documents are up to date, that no unfinished work is left, and
//! that the rules in xtask/README.md are kept.

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

/// The files that git tracks, and those that it would track.
fn files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed.lines().map(PathBuf::from).filter(|path| root().join(path).symlink_metadata().is_ok()).collect()
}

/// The harness, as `cargo xtask` runs it.
fn xtask() -> Command {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
}

/// The commands that start with `cargo xtask`, in code blocks and in tables.
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

/// A run that is killed leaves temporary files behind, which nobody should commit.
#[test]
fn git_ignores_what_a_run_leaves_behind() {
    for path in [
        "target/debug/xtask",
        "snapshots/cat/sample.snap.new",
        "snapshots/cat/.sample.snap.tmp",
        "snapshots/cat/.sample.snap.new.tmp",
        ".DIVERGENCES.md.tmp",
    ] {
        Command::new("git").args(["check-ignore", "--quiet", path]).current_dir(root()).assert().success();
    }
}

/// cargo does not allow patterns of members that match nothing.
#[test]
fn workspace_needs_no_example_with_modules() {
    let directory = tempfile::tempdir().unwrap();
    let is_kept = |path: &&PathBuf| {
        ["Cargo.toml", "Cargo.lock", "snapshots/tidy.rs"].iter().any(|kept| path.as_path() == Path::new(kept))
            || path.starts_with("xtask")
            || path.starts_with("examples/abort")
    };
    for path in files().iter().filter(is_kept) {
        let copy = directory.path().join(path);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(root().join(path), copy).unwrap();
    }
    Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(directory.path())
        .assert()
        .success();
}

#[test]
fn tables_in_documents_match_the_snapshots() {
    let mut seen = 0;
    for document in ["README.md", "docs/shared-memory.md"] {
        let text = read(document);
        for part in text.split("<!-- snapshot: ").skip(1) {
            let (name, rest) =
                part.split_once(" -->\n```text\n").expect("a code block should follow the mark");
            let (block, _) = rest.split_once("```").unwrap();
            let snapshot = read(format!("snapshots/{name}.snap"));
            let (_, table) = snapshot[4..].split_once("---\n").unwrap();
            assert_eq!(block, table, "the table in {document} differs from snapshots/{name}.snap");
            seen += 1;
        }
    }
    assert!(seen > 0, "no document has a marked table");
}

#[test]
fn links_in_documents_lead_to_files() {
    let mut seen = 0;
    for document in files().iter().filter(|path| path.extension().is_some_and(|extension| extension == "md"))
    {
        let text = read(document);
        let targets =
            text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let file = target.split('#').next().unwrap();
            let path = root().join(document).with_file_name(file);
            assert!(path.exists(), "{}: the link to {target} leads nowhere", document.display());
            seen += 1;
        }
    }
    assert!(seen > 500, "only {seen} links were found in the documents");
}

#[test]
fn documented_commands_are_valid() {
    let documents = [
        "README.md",
        "CONTRIBUTING.md",
        "DIVERGENCES.md",
        "docs/shared-memory.md",
        "docs/upstream.md",
        "xtask/README.md",
    ];
    let mut seen = 0;
    for document in documents {
        for words in commands(&read(document)) {
            // With `--help`, a command line is parsed but not executed.
            let help = if words[0] == "help" { vec![] } else { vec!["--help"] };
            // What follows `--` belongs to another program.
            let words = words.split(|word| *word == "--").next().unwrap();
            xtask().args(words).args(help).current_dir(root()).assert().success();
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} commands were found in the documents");
}

#[test]
fn every_exit_code_is_documented() {
    let source = read("xtask/src/exit.rs");
    for line in source.lines().filter(|line| line.starts_with("pub const")) {
        let code = line.rsplit_once("= ").unwrap().1.trim_end_matches(';');
        assert!(
            read("README.md").contains(&format!("| {code} |")),
            "README.md does not explain exit code {code}"
        );
    }
}

#[test]
fn no_unfinished_work_is_left() {
    for file in files() {
        let name = file.to_string_lossy();
        assert!(!name.ends_with(".snap.new"), "{name}: a pending snapshot, which should be reviewed");
        let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("#[ig", "nore")];
        if name.ends_with(".rs") {
            let text = read(&file);
            for mark in marks {
                assert!(!text.contains(mark), "{name} contains {mark}");
            }
        }
    }
}

#[test]
fn every_case_has_a_description() {
    for file in files() {
        if !file.starts_with("examples") || file.file_name() != Some("cases.toml".as_ref()) {
            continue;
        }
        let text = read(&file);
        let cases: toml::Table = text.parse().expect("TOML");
        for (name, case) in cases.iter().filter(|(name, _)| *name != "defaults") {
            assert!(case.get("about").is_some(), "{}: [{name}] has no `about`", file.display());
        }
        let schema = "#:schema ../../xtask/cases.schema.json\n";
        assert!(text.starts_with(schema), "{} does not start with {schema}", file.display());
    }
}

#[test]
fn xtask_has_few_dependencies() {
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
    assert!(crates.len() <= 42, "the first run compiles {} crates, but at most 42 are allowed", crates.len());
}
