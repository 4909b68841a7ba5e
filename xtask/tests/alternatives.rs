//! Compiles everything that the list of alternatives says, on both targets and with the pinned Rust.
//!
//! This downloads some three hundred crates and takes some minutes, so it runs only on request:
//! `cargo test --package xtask --test alternatives`. With `ALTERNATIVE=tokio` in the environment, only that entry.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn alternatives_are_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| -> toml::Table { fs::read_to_string(root.join(path)).unwrap().parse().unwrap() };
    let pin =
        read("../Cargo.toml")["workspace"]["metadata"]["parallax"]["rust"].as_str().unwrap().to_string();
    let known = read("src/commands/check/alternatives.toml");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("alternatives");
    let compile = |dependency: &str, target: &str, flags: Option<&str>| {
        let package = directory.join("package");
        // Each time without a lock file, so that the newest releases are compiled, as in a new program.
        let _ = fs::remove_dir_all(&package);
        fs::create_dir_all(package.join("src")).unwrap();
        let head = "[package]\nname = \"package\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n";
        fs::write(package.join("Cargo.toml"), format!("{head}{dependency}\n")).unwrap();
        fs::write(package.join("src/main.rs"), "fn main() {}\n").unwrap();
        // rustup's cargo, because that of a toolchain always uses its own rustc.
        let mut command = Command::new("cargo");
        command.args(["check", "--release", "--target", &format!("wasm32-{target}")]).current_dir(&package);
        command.env("RUSTUP_TOOLCHAIN", &pin).env("CARGO_TARGET_DIR", directory.join("target"));
        for name in ["CARGO", "RUSTC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN_SOURCE", "WASI_SDK_PATH"] {
            command.env_remove(name);
        }
        command.envs(flags.map(|flags| ("RUSTFLAGS", flags)));
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let only = env::var("ALTERNATIVE").ok();
    assert!(only.iter().all(|name| known.contains_key(name)), "no entry is named {only:?}");
    let mut faults = Vec::new();
    for (name, entry) in known.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == *name)) {
        let texts = |key: &str| -> Vec<&str> {
            let list = entry.get(key).and_then(toml::Value::as_array);
            list.into_iter().flatten().filter_map(toml::Value::as_str).collect()
        };
        for target in ["wasip1", "wasip2"] {
            let fails = entry["fails"].as_str().unwrap();
            let (succeeds, stderr) = compile(fails, target, None);
            let is_expected = texts("targets").is_empty() || texts("targets").contains(&target);
            let is_there = stderr.contains(&format!("could not compile `{name}`"))
                || stderr.contains(&format!("custom build command for `{name} v"));
            if is_expected != is_there || is_expected == succeeds {
                faults.push(format!("{target}: {fails} fails at {name}: {is_there}\n{stderr}"));
            }
            let flags = entry.get("flags").and_then(toml::Value::as_str);
            let works = texts("works").into_iter().map(|works| (works, None));
            for (works, flags) in works.chain(flags.map(|flags| (fails, Some(flags)))) {
                let (succeeds, stderr) = compile(works, target, flags);
                if !succeeds {
                    faults.push(format!("{target}: {works} does not compile, {flags:?}\n{stderr}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
