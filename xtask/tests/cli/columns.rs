//! Columns beyond the pinned ones: another Rust compiles the same program, and nothing is overwritten.

use std::fs;

use assert_cmd::Command;

use super::support::*;

/// The Rust of the further column, which `.ci/prepare` installs.
const OTHER_RUST: &str = "1.93.0";

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

fn is_installed(rust: &str) -> bool {
    let sysroot = Command::new("rustup").args(["run", rust, "rustc", "--print", "sysroot"]).output();
    sysroot.is_ok_and(|output| {
        let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_string();
        output.status.success()
            && fs::exists(format!("{sysroot}/lib/rustlib/wasm32-wasip1/lib")).unwrap_or(false)
    })
}

/// A workspace that has a column for another Rust beside each pinned column that is meant.
fn workspace() -> Workspace {
    let workspace = Workspace::with("version", PROGRAM, "[default]\n");
    workspace.write("examples/version/build.rs", BUILD_SCRIPT);
    let columns = format!(
        "columns = [\"native\", \"native+rust-{OTHER_RUST}\", \"wasip1\", \"wasip1+rust-{OTHER_RUST}\", \"wasip2\"]"
    );
    let manifest = workspace.read("Cargo.toml");
    let table = "[workspace.metadata.parallax]\n";
    assert!(manifest.contains(table));
    workspace.write("Cargo.toml", &manifest.replace(table, &format!("{table}{columns}\n")));
    workspace
}

#[test]
fn two_toolchains_do_not_overwrite_each_other() {
    if !require(&format!("Rust {OTHER_RUST} with the target wasm32-wasip1"), is_installed(OTHER_RUST)) {
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
    assert!(table.contains(&format!("B  exit 0\n   stdout\n   │{OTHER_RUST}\n")), "{table}");

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
