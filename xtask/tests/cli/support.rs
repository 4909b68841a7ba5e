//! A small workspace in a folder of its own, and `xtask` in an environment that the tests choose.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;
use tempfile::TempDir;

/// A program that does the same everywhere.
pub const HELLO: &str = r#"fn main() { println!("Hello!"); }"#;

/// The same program after a change that every target shows.
pub const BYE: &str = r#"fn main() { println!("Bye!"); }"#;

/// No command of these tests takes this long, unless something waits for what never comes.
const PATIENCE: Duration = Duration::from_secs(300);

/// A workspace of Parallax, removed when it is dropped.
pub struct Workspace {
    _folder: TempDir,
    root: PathBuf,
}

impl Workspace {
    /// A workspace without examples.
    pub fn new() -> Workspace {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // The system's folder may be a link, and then paths would be spelled in two ways.
        let root = folder.path().canonicalize().expect("the path of the folder").join("workspace");
        let workspace = Workspace { _folder: folder, root };
        workspace.write("Cargo.toml", &manifest(&pinned_wasmtime()));
        workspace
    }

    /// A workspace with one example; without `cases` it has the one case `default`.
    pub fn with(name: &str, program: &str, cases: &str) -> Workspace {
        let workspace = Workspace::new();
        workspace.example(name, program, cases);
        workspace
    }

    /// A workspace with the example `hello`, whose snapshot is accepted.
    pub fn with_hello() -> Workspace {
        let workspace = Workspace::with("hello", HELLO, "");
        workspace.test("--accept").code(0);
        workspace
    }

    pub fn example(&self, name: &str, program: &str, cases: &str) {
        let manifest = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
        self.write(&format!("examples/{name}/Cargo.toml"), &manifest);
        self.program(name, program);
        if !cases.is_empty() {
            self.cases(name, cases);
        }
    }

    pub fn program(&self, example: &str, program: &str) {
        self.write(&format!("examples/{example}/src/main.rs"), program);
    }

    pub fn cases(&self, example: &str, cases: &str) {
        self.write(&format!("examples/{example}/cases.toml"), cases);
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file in the workspace")).expect("folders");
        fs::write(path, text).expect("a written file");
    }

    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// All files, by their paths, but what is built.
    pub fn files(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let below = path.strip_prefix(&self.root).expect("a path below the root").to_path_buf();
                if below == Path::new("target") {
                    continue;
                } else if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(below, fs::read_to_string(path).expect("a text"));
                }
            }
        }
        files
    }

    /// The files below `snapshots`.
    pub fn snapshots(&self) -> BTreeMap<PathBuf, String> {
        self.files().into_iter().filter(|(path, _)| path.starts_with("snapshots")).collect()
    }

    /// `xtask` in this workspace.
    pub fn xtask(&self) -> Command {
        self.xtask_in(&self.root)
    }

    /// `xtask` in another folder.
    pub fn xtask_in(&self, folder: &Path) -> Command {
        let mut command = cargo_bin_cmd!("xtask");
        for (name, _) in env::vars_os().filter(|(name, _)| is_of_caller(name)) {
            command.env_remove(name);
        }
        // These tests need no network, and none may begin to build wasmtime.
        command.env("CARGO_NET_OFFLINE", "true").current_dir(folder).timeout(PATIENCE);
        command
    }

    /// Runs `xtask test` with arguments that are separated by blanks.
    #[track_caller]
    pub fn test(&self, args: &str) -> Assert {
        self.xtask().arg("test").args(args.split_whitespace()).assert()
    }

    /// Runs `xtask test` as a CI does.
    #[track_caller]
    pub fn test_in_ci(&self, args: &str) -> Assert {
        self.xtask().arg("test").args(args.split_whitespace()).env("CI", "true").assert()
    }

    /// What `--list --format json` says of each selected cell.
    #[track_caller]
    pub fn listed(&self, args: &str) -> Vec<Value> {
        objects(&self.test(&format!("--list --format json {args}")).code(0))
    }

    /// The folder in which all cells have their folders.
    #[track_caller]
    pub fn scratch(&self) -> PathBuf {
        let cells = self.listed("");
        let cwd = Path::new(cells[0]["cwd"].as_str().expect("a folder"));
        cwd.ancestors().nth(2).expect("a folder above that of a cell").to_path_buf()
    }

    /// The wasmtime that runs cells.
    #[track_caller]
    pub fn wasmtime(&self) -> PathBuf {
        let cells = self.listed("--target wasip1");
        cells[0]["argv"][0].as_str().expect("a program").into()
    }
}

/// What must not reach the tests from whoever runs them. What finds the tools has to stay.
fn is_of_caller(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let finds_tools = matches!(&*name, "CARGO" | "CARGO_HOME" | "WASMTIME") || name.starts_with("RUSTUP_");
    let steers = ["CARGO", "CLICOLOR", "INSTA", "LC_", "RUST", "WASMTIME"];
    let steers = steers.iter().any(|beginning| name.starts_with(beginning))
        || matches!(&*name, "CI" | "FORCE_COLOR" | "LANG" | "NO_COLOR" | "TF_BUILD" | "TZ");
    steers && !finds_tools
}

/// The `Cargo.toml` of a workspace that pins this release of wasmtime.
pub fn manifest(wasmtime: &str) -> String {
    format!(
        r#"[workspace]
resolver = "3"
members = ["examples/*"]

[workspace.package]
version = "0.1.0"
edition = "2024"
rust-version = "1.85"
license = "MIT"
publish = false

[workspace.metadata.parallax]
wasmtime = "{wasmtime}"

[workspace.lints.rust]
unsafe_code = "deny"

[profile.example]
inherits = "release"
"#
    )
}

/// The wasmtime that Parallax itself pins, so that there is one place that says so.
pub fn pinned_wasmtime() -> String {
    let manifest: toml::Table = include_str!("../../../Cargo.toml").parse().expect("TOML");
    let pin = &manifest["workspace"]["metadata"]["parallax"]["wasmtime"];
    pin.as_str().expect("a version").to_string()
}

/// A snapshot as it stands in its file, for a case that is not described.
pub fn snapshot(table: &str) -> String {
    format!("---\nsource: xtask/src/snapshot.rs\n---\n{table}")
}

/// The JSON objects that a command printed, one a line.
#[track_caller]
pub fn objects(assert: &Assert) -> Vec<Value> {
    let stdout = String::from_utf8(assert.get_output().stdout.clone()).expect("UTF-8");
    stdout
        .lines()
        .map(|line| match serde_json::from_str(line) {
            Ok(Value::Object(object)) => Value::Object(object),
            other => panic!("not an object: {line}: {other:?}"),
        })
        .collect()
}

/// What a command says to people.
pub trait Said: Sized {
    fn stderr_text(&self) -> String;
    fn stdout_text(&self) -> String;

    /// Asserts that stderr has this text.
    #[track_caller]
    fn says(self, text: &str) -> Self;

    /// Asserts that stderr does not have this text.
    #[track_caller]
    fn does_not_say(self, text: &str) -> Self;

    /// Asserts that stdout has this text.
    #[track_caller]
    fn prints(self, text: &str) -> Self;
}

impl Said for Assert {
    fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.get_output().stderr).into_owned()
    }

    fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.get_output().stdout).into_owned()
    }

    fn says(self, text: &str) -> Assert {
        assert!(self.stderr_text().contains(text), "stderr has no {text:?}\n{self}");
        self
    }

    fn does_not_say(self, text: &str) -> Assert {
        assert!(!self.stderr_text().contains(text), "stderr has {text:?}\n{self}");
        self
    }

    fn prints(self, text: &str) -> Assert {
        assert!(self.stdout_text().contains(text), "stdout has no {text:?}\n{self}");
        self
    }
}
