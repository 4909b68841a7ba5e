//! The commands of docs/porting.md, run in their order in a directory without a clone.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Workspace, install, require, without_variables_of_caller};

/// What `cargo update` wrote on 1 December 2026.
const UPDATED: &str = include_str!("porting.lock");

/// A code block: its language and its lines.
fn blocks(page: &str) -> Vec<(&str, Vec<&str>)> {
    let parts = page.split("\n```").skip(1).step_by(2);
    parts
        .map(|part| part.split_once('\n').unwrap())
        .map(|(language, text)| (language, text.lines().collect()))
        .collect()
}

#[test]
fn commands_of_the_page_print_what_it_says() {
    let has_network = Command::new("cargo").args(["info", "--quiet", "sd@1.0.0"]).output();
    if !require("the network", has_network.is_ok_and(|output| output.status.success())) {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/porting.md")).unwrap();
    // Always the same directories, so that a second run finds what the first one has compiled. The package must not be
    // below a workspace, as the target directory is.
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("porting");
    let name = directory.to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let work = std::env::temp_dir().join(format!("parallax{name}"));
    let cache = directory.join("cache");
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).unwrap();
    let bin = install(&directory);
    let wasmtime = Workspace::with_hello().wasmtime();

    let (mut printed, mut compared, mut updates) = (String::new(), 0, 0);
    for (language, lines) in blocks(&page) {
        match language {
            "sh" => printed.clear(),
            "text" => {
                for line in lines.into_iter().filter(|line| *line != "…") {
                    assert!(printed.lines().any(|one| one == line), "not printed: {line}\n{printed}");
                    compared += 1;
                }
                continue;
            }
            _ => continue,
        }
        for line in lines {
            if let Some(path) = line.strip_prefix("cargo install --locked --path ") {
                assert!(root.join(path).join("Cargo.toml").is_file(), "{line}");
                continue;
            }
            // The newest versions of another day could do something else.
            if line == "cargo update --quiet --manifest-path sd-1.0.0/Cargo.toml" {
                fs::write(work.join("sd-1.0.0/Cargo.lock"), UPDATED).unwrap();
                updates += 1;
                continue;
            }
            let path = std::env::var_os("PATH").unwrap_or_default();
            let path = std::env::join_paths([bin.clone()].into_iter().chain(std::env::split_paths(&path)));
            let mut shell = without_variables_of_caller("sh");
            shell.args(["-c", line]).current_dir(&work).env("PATH", path.unwrap());
            shell.env("XDG_CACHE_HOME", &cache).env("WASMTIME", &wasmtime);
            let output = shell.output().unwrap();
            assert!(matches!(output.status.code(), Some(0 | 100)), "{line}: {output:?}");
            printed.push_str(&String::from_utf8_lossy(&output.stderr));
            printed.push_str(&String::from_utf8_lossy(&output.stdout));
        }
    }
    assert_eq!(updates, 1);
    assert!(compared > 20, "only {compared} lines were compared");
    fs::remove_dir_all(&work).unwrap();
}
