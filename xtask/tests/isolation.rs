//! Each wasm program of the catalogue is the same to the byte whether cargo builds it alone or with all others.
//!
//! The harness builds all examples, and then a plain cargo builds each of them alone, in the same directory. cargo
//! would put another program in the place of one that was not built with the features of its own dependencies.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGETS: [&str; 2] = ["wasm32-wasip1", "wasm32-wasip2"];

/// The variables with which cargo finds its tools and caches. What else the caller has must not matter.
const KEPT: [&str; 4] = ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"];

#[test]
fn programs_do_not_depend_on_what_is_built_with_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml")).unwrap().parse().unwrap();
    let rust = manifest["workspace"]["metadata"]["parallax"]["rust"].as_str().unwrap();
    let own = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |set| root.join(set));
    let target_dir = own.join("parallax").join(format!("rust-{rust}"));

    let built =
        Command::new(env!("CARGO_BIN_EXE_xtask")).args(["test", "--no-run"]).current_dir(root).status();
    assert!(built.unwrap().success(), "the harness does not build the examples");
    let together = programs(&target_dir);
    assert!(together.len() > 200, "{} programs", together.len());

    // What has no dependencies shares nothing with others, so one call is enough for all of these.
    let (shared, plain): (Vec<_>, Vec<_>) =
        packages(root).into_iter().partition(|(_, needs_others)| *needs_others);
    let plain: Vec<_> = plain.into_iter().map(|(name, _)| name).collect();
    let calls = shared.into_iter().map(|(name, _)| vec![name]).chain([plain]);
    for packages in calls {
        let mut cargo = cargo(root);
        cargo.env("RUSTUP_TOOLCHAIN", rust).args([
            "build",
            "--quiet",
            "--keep-going",
            "--profile",
            "example",
        ]);
        cargo.args(TARGETS.iter().flat_map(|target| ["--target", target]));
        cargo
            .args(packages.iter().flat_map(|package| ["--package", package]))
            .arg("--target-dir")
            .arg(&target_dir);
        // Some packages do not compile for WASI, which their cases show.
        cargo.output().expect("cargo should run");
    }
    let alone = programs(&target_dir);
    let differing: Vec<_> = together
        .iter()
        .filter(|(path, bytes)| alone.get(*path) != Some(bytes))
        .map(|(path, _)| path)
        .collect();
    assert!(differing.is_empty(), "built alone, these are other programs: {differing:?}");
    // Cases do not use each program on each target. What they use, and the harness could not build, stays so alone.
    let list = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["test", "--list", "--format", "json"])
        .current_dir(root)
        .output();
    let list = String::from_utf8(list.unwrap().stdout).unwrap();
    let is_used = |path: &Path| list.contains(&format!("{}\"", path.display()));
    assert!(together.keys().any(|path| is_used(path)), "the list names no program");
    let others: Vec<_> = alone.keys().filter(|path| !together.contains_key(*path) && is_used(path)).collect();
    assert!(others.is_empty(), "only alone, these can be built: {others:?}");
}

/// A cargo of rustup, in the clone and without what the caller's environment sets.
fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    let kept = KEPT.into_iter().filter_map(|name| Some((name, env::var_os(name)?)));
    cargo.env_clear().envs(kept).env("CARGO_ENCODED_RUSTFLAGS", "").env("CARGO_NET_OFFLINE", "true");
    cargo.current_dir(root);
    cargo
}

/// The packages of the examples, and whether they depend on others.
fn packages(root: &Path) -> Vec<(String, bool)> {
    let output = cargo(root).args(["metadata", "--no-deps", "--format-version", "1"]).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let is_example = |package: &&serde_json::Value| {
        Path::new(package["manifest_path"].as_str().unwrap()).starts_with(root.join("examples"))
    };
    let of = |package: &serde_json::Value| {
        let needs_others = !package["dependencies"].as_array().unwrap().is_empty();
        (package["name"].as_str().unwrap().to_string(), needs_others)
    };
    packages.filter(is_example).map(of).collect()
}

/// The wasm programs in the directories of the targets, by path.
fn programs(target_dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut programs = BTreeMap::new();
    for target in TARGETS {
        for entry in fs::read_dir(target_dir.join(target).join("example")).expect("the artifacts") {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "wasm") {
                programs.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    programs
}
