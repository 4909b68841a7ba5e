//! A small workspace in a temporary directory, and `xtask` in it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;
use tempfile::TempDir;

use super::environment::{home_of, is_from_caller, path_without_wasmtime};
use super::files::files_at;
use super::output::objects;

/// A program that does the same on every target.
pub const HELLO: &str = r#"fn main() { println!("Hello!"); }"#;

/// The same program after a change that shows on every target.
pub const BYE: &str = r#"fn main() { println!("Bye!"); }"#;

/// Each command of these tests is killed after this time. None takes that long unless it hangs.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A workspace of Parallax, removed when it is dropped.
pub struct Workspace {
    _directory: TempDir,
    root: PathBuf,
}

impl Workspace {
    /// A workspace without examples.
    pub fn new() -> Workspace {
        let directory = tempfile::tempdir().expect("a temporary directory should be made");
        // The directory for temporary files may be a symbolic link: without this, one path would be
        // spelled in two ways.
        let path = directory.path().canonicalize().expect("the directory should have a path");
        let workspace = Workspace { _directory: directory, root: path.join("workspace") };
        workspace.write("Cargo.toml", &manifest(&pinned_wasmtime()));
        workspace
    }

    /// A workspace with one example. If `cases` is empty, the example has the one case `default`.
    pub fn with(name: &str, program: &str, cases: &str) -> Workspace {
        let workspace = Workspace::new();
        workspace.example(name, program, cases);
        workspace
    }

    /// A workspace with the example `hello` and its accepted snapshot.
    pub fn with_hello() -> Workspace {
        let workspace = Workspace::with("hello", HELLO, "");
        workspace.test("--accept").code(0);
        workspace
    }

    /// Adds an example. If `cases` is empty, it has the one case `default`.
    pub fn example(&self, name: &str, program: &str, cases: &str) {
        self.package(&format!("examples/{name}"), name, program);
        if !cases.is_empty() {
            self.cases(name, cases);
        }
    }

    /// Adds a module to an example.
    pub fn module(&self, example: &str, name: &str, program: &str) {
        self.package(&format!("examples/{example}/modules/{name}"), name, program);
        self.member("examples/*/modules/*");
    }

    /// Adds a path to the members of the workspace, if it is not there yet. Cargo does not allow a
    /// pattern that matches nothing, so that patterns are added when they are needed.
    pub fn member(&self, path: &str) {
        let manifest = self.read("Cargo.toml");
        if !manifest.contains(path) {
            let members = format!("members = [\"{path}\", ");
            self.write("Cargo.toml", &manifest.replace("members = [", &members));
        }
    }

    fn package(&self, directory: &str, name: &str, program: &str) {
        let manifest = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
        self.write(&format!("{directory}/Cargo.toml"), &manifest);
        self.write(&format!("{directory}/src/main.rs"), program);
    }

    /// Writes the program of an example.
    pub fn program(&self, example: &str, program: &str) {
        self.write(&format!("examples/{example}/src/main.rs"), program);
    }

    /// Writes the `cases.toml` of an example.
    pub fn cases(&self, example: &str, cases: &str) {
        self.write(&format!("examples/{example}/cases.toml"), cases);
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The absolute path of a path in the workspace.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Writes a file, and makes the directories that it is in.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        let directory = path.parent().expect("a file in the workspace has a parent");
        fs::create_dir_all(directory).expect("the directories should be made");
        fs::write(path, text).expect("the file should be written");
    }

    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The contents of all files except those in `target`, by their relative paths.
    pub fn files(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(&self.root).expect("the workspace should be readable") {
            let path = entry.expect("the workspace should be readable").path();
            if !path.ends_with("target") {
                files.append(&mut files_at(&path));
            }
        }
        let relative = |path: PathBuf| path.strip_prefix(&self.root).map(Path::to_path_buf);
        files
            .into_iter()
            .map(|(path, contents)| {
                let text = String::from_utf8(contents).expect("the file should be valid UTF-8");
                (relative(path).expect("the file should be in the workspace"), text)
            })
            .collect()
    }

    /// The files below `snapshots`.
    pub fn snapshots(&self) -> BTreeMap<PathBuf, String> {
        self.files().into_iter().filter(|(path, _)| path.starts_with("snapshots")).collect()
    }

    /// `xtask` in this workspace.
    pub fn xtask(&self) -> Command {
        self.xtask_in(&self.root)
    }

    /// `xtask` in another directory.
    pub fn xtask_in(&self, directory: &Path) -> Command {
        let mut command = cargo_bin_cmd!("xtask");
        for (name, _) in env::vars_os().filter(|(name, _)| is_from_caller(name)) {
            command.env_remove(name);
        }
        // These tests need no network, and must not start a build of wasmtime.
        command.env("CARGO_NET_OFFLINE", "true").current_dir(directory).timeout(TIMEOUT);
        command
    }

    /// `xtask` in an environment in which it does not find a wasmtime. Its cache and home directory is `home`.
    pub fn xtask_without_wasmtime(&self) -> Command {
        let mut command = self.xtask();
        let home = self.path("home");
        // On systems without XDG_CACHE_HOME the cache is in the home directory. With another home
        // directory, rustup and cargo need their variables to find the toolchain.
        command
            .env("PATH", path_without_wasmtime())
            .env("XDG_CACHE_HOME", &home)
            .env("HOME", &home)
            .env("CARGO_HOME", home_of("CARGO_HOME", ".cargo"))
            .env("RUSTUP_HOME", home_of("RUSTUP_HOME", ".rustup"))
            .env_remove("WASMTIME");
        command
    }

    /// Runs `xtask test` with arguments that are separated by spaces.
    #[track_caller]
    pub fn test(&self, args: &str) -> Assert {
        self.xtask().arg("test").args(args.split_whitespace()).assert()
    }

    /// Runs `xtask test` as in CI.
    #[track_caller]
    pub fn test_in_ci(&self, args: &str) -> Assert {
        self.xtask().arg("test").args(args.split_whitespace()).env("CI", "true").assert()
    }

    /// What `--list --format json` prints about each selected cell.
    #[track_caller]
    pub fn listed(&self, args: &str) -> Vec<Value> {
        objects(&self.test(&format!("--list --format json {args}")).code(0))
    }

    /// The directory that contains the scratch directories of all cells.
    #[track_caller]
    pub fn scratch(&self) -> PathBuf {
        let cells = self.listed("");
        let cwd = Path::new(cells[0]["cwd"].as_str().expect("`cwd` should be a string"));
        cwd.ancestors().nth(2).expect("the scratch directory should have a parent").to_path_buf()
    }

    #[track_caller]
    pub fn assert_no_scratch(&self) {
        let scratch = self.scratch();
        assert!(!scratch.exists(), "scratch directories are left in {}", scratch.display());
    }

    /// The wasmtime that runs cells.
    #[track_caller]
    pub fn wasmtime(&self) -> PathBuf {
        let cells = self.listed("--target wasip1");
        cells[0]["argv"][0].as_str().expect("`argv` should contain strings").into()
    }
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

/// The release of wasmtime that the repository itself pins.
pub fn pinned_wasmtime() -> String {
    pin("wasmtime")
}

/// The release of Rust that the repository itself pins.
pub fn pinned_rust() -> String {
    pin("rust")
}

fn pin(name: &str) -> String {
    let manifest: toml::Table =
        include_str!("../../../../Cargo.toml").parse().expect("Cargo.toml should be valid TOML");
    let pin = &manifest["workspace"]["metadata"]["parallax"][name];
    pin.as_str().expect("the pin should be a string").to_string()
}
