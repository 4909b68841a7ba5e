//! Accidents of a build: compilers that are killed, and full disks. They are no outcomes.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::runs::xtask_under;
use crate::support::{AssertOutput, HELLO, Workspace, require};

/// The package of a macro that kills the compiler: the first time only, unless it is called with `always`. It leaves
/// the file `killed` beside its manifest.
fn write_macro(directory: &Path) {
    fs::create_dir_all(directory.join("src")).expect("the directory should be made");
    let manifest =
        "[package]\nname = \"killer\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\nproc-macro = true\n";
    fs::write(directory.join("Cargo.toml"), manifest).expect("the manifest should be written");
    let program = r#"
        use proc_macro::TokenStream;

        #[proc_macro]
        pub fn kill(input: TokenStream) -> TokenStream {
            let marker = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("killed");
            if !marker.exists() || input.to_string() == "always" {
                std::fs::write(marker, "").unwrap();
                let id = std::process::id().to_string();
                std::process::Command::new("kill").args(["-KILL", &id]).status().unwrap();
                std::thread::sleep(std::time::Duration::from_secs(60));
            }
            TokenStream::new()
        }
    "#;
    fs::write(directory.join("src/lib.rs"), program).expect("the macro should be written");
}

/// A workspace with the examples `hello` and `other`, of which the second one calls the macro.
fn workspace(call: &str) -> Workspace {
    let workspace = Workspace::with("hello", HELLO, "");
    write_macro(&workspace.path("killer"));
    workspace.member("killer");
    workspace.example("other", &format!("{call}\n{HELLO}"), "");
    let manifest = workspace.read("examples/other/Cargo.toml");
    let manifest = format!("{manifest}\n[dependencies]\nkiller = {{ path = \"../../killer\" }}\n");
    workspace.write("examples/other/Cargo.toml", &manifest);
    workspace
}

/// A package outside of a workspace that calls the macro, and has a test.
fn package(call: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory should be made");
    write_macro(&directory.path().join("killer"));
    let package = directory.path().join("package");
    fs::create_dir_all(package.join("src")).expect("the directory should be made");
    let manifest = "[package]\nname = \"own\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n\
                    [dependencies]\nkiller = { path = \"../killer\" }\n\n[workspace]\n";
    fs::write(package.join("Cargo.toml"), manifest).expect("the manifest should be written");
    let program = format!("{call}\n{HELLO}\n#[test]\nfn adds() {{ assert_eq!(1 + 1, 2); }}\n");
    fs::write(package.join("src/main.rs"), program).expect("the program should be written");
    (directory, package)
}

#[test]
fn compiler_that_is_killed_once_is_started_again() {
    let workspace = workspace("killer::kill!();");
    workspace.test("--accept").code(0).says("hello/default  AAA").says("other/default  AAA");
    assert!(workspace.path("killer/killed").exists(), "nothing was killed");
    assert!(!workspace.read("snapshots/other/default.snap").contains("does not build"));
}

#[test]
fn compiler_that_is_killed_again_and_again_costs_only_its_own_example() {
    let workspace = workspace("killer::kill!(always);");
    let why = "whether other builds is not known: the compiler was ended twice: signal: 9, SIGKILL: kill";
    let run = workspace.test("--accept").code(101).says("hello/default  AAA");
    run.says(&format!("error: other/default/default@native: {why}"))
        .says(&format!("error: other/default/default@wasip2: {why}"))
        .says("3 cells without an outcome");
    assert!(!workspace.path("snapshots/other").exists(), "an accident was recorded");
}

#[test]
fn program_whose_compiler_is_killed_is_no_difference() {
    let workspace = Workspace::with_hello();
    for tests in [&[][..], &["--tests"]] {
        let check = |package: &Path| {
            workspace.xtask().args(["check", "--target", "wasip1"]).args(tests).arg(package).assert()
        };
        let (_directory, once) = package("killer::kill!();");
        let again = "The build was ended by an accident (signal: 9, SIGKILL: kill), and is tried again";
        check(&once).code(0).says(again).prints("same");
        // Natively it is compiled once.
        let (_directory, always) = package("#[cfg(target_os = \"wasi\")]\nkiller::kill!(always);");
        check(&always)
            .code(101)
            .says(again)
            .says("a build was ended by an accident twice")
            .does_not_say("panicked");
    }
}

#[test]
fn full_disk_is_no_outcome() {
    let mounted = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    let can_mount = mounted.is_ok_and(|ran| ran.status.success());
    if !require("`unshare`, and permission to mount a file system with it", can_mount) {
        return;
    }
    let workspace = Workspace::with("hello", HELLO, "");
    // Everything that the harness itself needs is there before the disk is full.
    workspace.test("--no-run").code(0);
    workspace.program("hello", "fn main() { println!(\"{:?}\", std::env::args()); }");
    let script = "mount -t tmpfs -o size=12m tmpfs target && cp -a saved/. target && \
                  (head -c 12m /dev/zero > target/filler; true) 2> /dev/null; \"$@\"";
    let saved = workspace.path("saved");
    let copied = Command::new("cp").arg("-a").arg(workspace.path("target")).arg(&saved).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let wrapper = ["unshare", "-rm", "sh", "-c", script, "sh"];
    let output = xtask_under(&workspace, &wrapper, "test --accept").output().expect("unshare should start");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(101), "{stderr}");
    assert!(stderr.contains("No space left on device"), "{stderr}");
    assert!(!workspace.path("snapshots").exists(), "an accident was recorded");
}
