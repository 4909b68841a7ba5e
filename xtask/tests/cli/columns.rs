//! Columns beyond the pinned ones: another Rust compiles the same program, and nothing is overwritten.

use std::fs;

use assert_cmd::Command;

use super::support::*;

/// Prints the version of the Rust that compiled it.
const PROGRAM: &str = r#"fn main() { println!("{}", env!("RUSTC_VERSION")); }"#;

const BUILD_SCRIPT: &str = r#"
fn main() {
    let rustc = std::env::var("RUSTC").unwrap();
    let output = std::process::Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    println!("cargo::rustc-env=RUSTC_VERSION={}", version.split(' ').nth(1).unwrap());
}
"#;

/// A workspace that has a column for another Rust beside each pinned column that is meant.
fn workspace() -> Workspace {
    let workspace = Workspace::with("version", PROGRAM, "[default]\n");
    workspace.write("examples/version/build.rs", BUILD_SCRIPT);
    let columns = format!(
        "columns = [\"native\", \"native+rust-{OTHER_RUST}\", \"wasip1\", \"wasip1+rust-{OTHER_RUST}\", \"wasip2\"]"
    );
    pin(&workspace, &columns);
    workspace
}

#[test]
fn two_toolchains_do_not_overwrite_each_other() {
    if !require(
        &format!("Rust {OTHER_RUST} with the target wasm32-wasip1"),
        is_rust_installed(OTHER_RUST, "wasm32-wasip1"),
    ) {
        return;
    }
    let workspace = workspace();
    workspace.test("--accept").code(0);
    let table = workspace.read("snapshots/version/default.snap");
    let columns = format!("native  native+rust-{OTHER_RUST}  wasip1  wasip1+rust-{OTHER_RUST}  wasip2\n");
    assert!(table.contains(&columns), "{table}");
    let letters: Vec<_> = table
        .lines()
        .find(|line| line.starts_with("default "))
        .expect("the row")
        .split_whitespace()
        .collect();
    assert_eq!(letters, ["default", "A", "B", "A", "B", "A"], "{table}");
    assert!(table.contains(&format!("B  exit 0\n   stdout\n > │{OTHER_RUST}\n")), "{table}");

    let own = workspace.path("target/wasm32-wasip1/example/version.wasm");
    let others =
        workspace.path(&format!("target/parallax/rust-{OTHER_RUST}/wasm32-wasip1/example/version.wasm"));
    let artifacts = || [&own, &others].map(|path| fs::read(path).expect("the artifact"));
    let before = artifacts();
    assert_ne!(before[0], before[1]);

    // Each of them is run alone, and then all of them: nothing is built again, nothing differs.
    for args in [
        format!("--exact version/default/default@wasip1+rust-{OTHER_RUST}"),
        "--exact version/default/default@wasip1".into(),
        String::new(),
    ] {
        workspace.test(&format!("--check {args}")).code(0);
        assert_eq!(artifacts(), before, "{args}");
    }
    let ids: Vec<_> = workspace.listed("--target wasip1").iter().map(|cell| cell["id"].to_string()).collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    let directories: Vec<_> = workspace.listed("").iter().map(|cell| cell["cwd"].to_string()).collect();
    assert_eq!(directories.iter().collect::<std::collections::BTreeSet<_>>().len(), 5, "{directories:?}");
}

/// Adds lines to the table that pins versions.
fn pin(workspace: &Workspace, lines: &str) {
    let table = "[workspace.metadata.parallax]\n";
    let manifest = workspace.read("Cargo.toml").replace(table, &format!("{table}{lines}\n"));
    workspace.write("Cargo.toml", &manifest);
}

#[test]
fn pinned_rust_compiles_the_examples_and_rustup_is_not_changed() {
    if !require(
        &format!("Rust {OTHER_RUST} with the target wasm32-wasip1"),
        is_rust_installed(OTHER_RUST, "wasm32-wasip1"),
    ) {
        return;
    }
    let rustup = || {
        let settings =
            fs::read(std::path::Path::new(&home_of("RUSTUP_HOME", ".rustup")).join("settings.toml"))
                .expect("settings");
        let version = Command::new("rustup").arg("--version").output().expect("rustup").stdout;
        (settings, version)
    };
    let before = rustup();
    let workspace = Workspace::with("version", PROGRAM, "[default]\ntargets = ['native', 'wasip1']\n");
    workspace.write("examples/version/build.rs", BUILD_SCRIPT);
    pin(&workspace, &format!("rust = \"{OTHER_RUST}\""));
    workspace.xtask().args(["test", "--accept"]).env("RUSTUP_AUTO_INSTALL", "0").assert().code(0);
    let table = workspace.read("snapshots/version/default.snap");
    assert!(table.contains(&format!("A  exit 0\n   stdout\n   │{OTHER_RUST}\n")), "{table}");
    assert!(
        workspace
            .path(&format!("target/parallax/rust-{OTHER_RUST}/wasm32-wasip1/example/version.wasm"))
            .exists()
    );
    assert!(!workspace.path("target/wasm32-wasip1").exists());
    assert_eq!(rustup(), before);
}

#[test]
fn missing_rust_is_an_error_with_the_install_command() {
    let workspace = Workspace::with("hello", HELLO, "");
    pin(&workspace, "rust = \"1.2.3\"");
    let line =
        "help: rustup toolchain install 1.2.3 --profile minimal --no-self-update --target wasm32-wasip1";
    workspace.test("--offline").code(96).says("Rust 1.2.3 is missing: ").says("--offline").says(line);
    let without_rustup = workspace.xtask().arg("test").env("PATH", "/nonexistent").assert();
    without_rustup.code(96).says("rustup is not on PATH").says(line);
    workspace.xtask().arg("doctor").assert().code(96).prints("missing     Rust 1.2.3");
}

#[test]
fn malformed_columns_are_a_usage_error() {
    let workspace = workspace();
    let manifest = workspace.read("Cargo.toml");
    for (from, to, message) in [
        ("\"wasip2\"]", "\"wasip3\"]", "no target `wasip3`"),
        ("\"wasip2\"]", "\"wasip2\", \"wasip2\"]", "`wasip2` is listed twice"),
        (", \"wasip2\"]", "]", "`wasip2` is missing: every table has the pinned columns"),
        (OTHER_RUST, "nightly", "not a version: \"nightly\""),
    ] {
        workspace.write("Cargo.toml", &manifest.replace(from, to));
        workspace.test("--list").code(2).says("`columns` in [workspace.metadata.parallax]").says(message);
    }
}
