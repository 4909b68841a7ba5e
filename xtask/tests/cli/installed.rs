//! `cargo parallax`: the installed program, which works in any directory without a clone.

use std::path::Path;
use std::thread;

use assert_cmd::Command;

use crate::support::{AssertOutput, Workspace, cargo, install};

/// Prints a file whose name is an argument.
const READER: &str = r#"fn main() -> std::io::Result<()> {
    print!("{}", std::fs::read_to_string(std::env::args().nth(1).expect("a name"))?);
    Ok(())
}
"#;

#[test]
fn installed_program_works_without_a_clone() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bin = install(root.path());
    let wasmtime = Workspace::with_hello().wasmtime();
    let cache = root.path().join("cache");
    let parallax = |words: &str| -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([bin.clone()].into_iter().chain(std::env::split_paths(&path)));
        let mut command = cargo();
        command.arg("parallax").args(words.split(' ')).current_dir(outside.path());
        command.env("PATH", path.unwrap()).env("XDG_CACHE_HOME", &cache).env("WASMTIME", &wasmtime);
        command
    };
    let write = |path: &str, text: &str| {
        let path = outside.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("Cargo.toml", "[package]\nname = \"reader\"\nversion = \"1.2.3\"\nedition = \"2024\"\n");
    write("src/main.rs", READER);
    write("data/a.txt", "a letter\n");

    // Two first runs at once unpack the catalogue once.
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                parallax("check --offline --cwd data . -- a.txt")
                    .assert()
                    .code(0)
                    .prints("  wasip1   the same as native with --dir=.\n");
            });
        }
    });
    let entries = std::fs::read_dir(cache.join("parallax")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut entries: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    entries.sort();
    assert_eq!(entries.len(), 3, "{entries:?}");
    assert!(
        entries[0].starts_with("catalogue-") && entries[1..] == ["catalogue.lock", "target"],
        "{entries:?}"
    );
    assert!(!outside.path().join("target").exists(), "something was built in the user's directory");

    let found = parallax("find try_clone").assert().code(0).stdout_text();
    let snapshot = found.lines().find_map(|line| line.trim().strip_prefix("snapshot ")).unwrap().trim();
    assert!(Path::new(snapshot).is_file(), "{snapshot}");
    parallax("find tyr_clone").assert().code(4).says("help: cargo parallax find try_clone\n");
    parallax("grants cat/sample --offline").assert().code(0).prints("wasip1   --dir=.\n");
    parallax("test").assert().code(2).says("unrecognized subcommand 'test'").says("cargo parallax <COMMAND>");
    parallax("--help").assert().code(0).prints("`cargo xtask` has further commands: test, ");
    parallax("check --offline . -- a.txt")
        .env("XDG_CACHE_HOME", outside.path().join("a,b"))
        .assert()
        .code(96)
        .says("help: set XDG_CACHE_HOME to a path without `,`\n");
}

/// Both programs are made of the same sources, and each package has to list what they need.
#[test]
fn installed_program_has_the_dependencies_of_xtask() {
    let manifest = |path: &str| -> toml::Table {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(path).unwrap().parse().unwrap()
    };
    let (own, other) = (manifest("Cargo.toml"), manifest("cargo-parallax/Cargo.toml"));
    for key in ["dependencies", "target"] {
        assert_eq!(own[key], other[key], "{key}");
    }
    assert_eq!(own["package"]["rust-version"], other["package"]["rust-version"]);
}
