//! What `check` says about dependencies that do not compile. `../alternatives.rs` compiles all that it knows.

use crate::support::{AssertOutput, HELLO, Workspace, objects};

/// A package `reader` that depends on the package `inner` beside it, which has these dependencies.
fn with_dependencies(dependencies: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let package = |name: &str, dependencies: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}\n"
        )
    };
    write("Cargo.toml", &package("reader", "inner = { path = \"inner\" }"));
    write("src/main.rs", HELLO);
    write("inner/Cargo.toml", &package("inner", dependencies));
    write("inner/src/lib.rs", "");
    directory
}

#[test]
fn dependency_that_does_not_compile_is_named_with_an_alternative() {
    let workspace = Workspace::with_hello();
    // The catalogue has this crate, so it is downloaded already.
    let outside = with_dependencies("ctrlc = { version = \"3\", features = [\"termination\"] }");
    let check = || {
        let mut command = workspace.xtask();
        command.arg("check").arg(outside.path()).timeout(std::time::Duration::from_secs(300));
        command
    };
    let assert = check().assert().code(100);
    let version = assert.stdout_text();
    let version = version.split("ctrlc 3.").nth(1).unwrap().split(':').next().unwrap();
    assert
        .prints(&format!("\n  Not compiled for wasip1, wasip2: ctrlc 3.{version}: error"))
        .prints(&format!("\n    needed by   reader 1.2.3 → inner 1.2.3 → ctrlc 3.{version}\n"))
        .prints("\n    features    termination (asked for by inner 1.2.3)\n")
        .prints("\n    instead     depend on it for cfg(any(unix, windows)) only: Ctrl-C ends the host")
        .prints("\n    example     build-ctrlc in the catalogue\n");
    assert!(!outside.path().join("Cargo.lock").exists(), "a lock file was left");
    let objects = objects(&check().args(["--format", "json", "--target", "wasip1"]).assert().code(100));
    let build = objects.iter().find(|object| object["kind"] == "build").unwrap();
    assert_eq!(build["targets"], serde_json::json!(["wasip1"]));
    assert_eq!(build["package"], format!("ctrlc 3.{version}"));
    assert_eq!(build["needed_by"][1], "inner 1.2.3");
}

#[test]
fn own_code_that_does_not_compile_is_shown() {
    let workspace = Workspace::with_hello();
    let outside = with_dependencies("");
    let program = "fn main() { #[cfg(target_os = \"wasi\")] missing(); }";
    std::fs::write(outside.path().join("src/main.rs"), program).unwrap();
    workspace
        .xtask()
        .arg("check")
        .arg(outside.path())
        .assert()
        .code(100)
        .prints("\n  Not compiled for wasip1, wasip2: error[E0425]: cannot find function `missing`")
        .prints("src/main.rs:1:");
}
