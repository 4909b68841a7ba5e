//! File systems that programs fill, and such that are full: what that costs.

#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Command, Output};

use crate::support::runs::xtask_under;
use crate::support::{HELLO, Workspace, require};

/// Runs `xtask` with a memory file system of this size at `/dev/shm`, after a script. Returns `None` if the test has to
/// be skipped.
#[track_caller]
fn with_memory(workspace: &Workspace, size: &str, script: &str, args: &str) -> Option<Output> {
    let mounted = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    let can_mount = mounted.is_ok_and(|ran| ran.status.success());
    if !require("`unshare`, and permission to mount a file system with it", can_mount) {
        return None;
    }
    let script = format!("mount -t tmpfs -o size={size} tmpfs /dev/shm && {script} \"$@\"");
    let output = xtask_under(workspace, &["unshare", "-rm", "sh", "-c", &script, "sh"], args).output();
    Some(output.expect("unshare should start"))
}

/// Writes as many MiB as its argument says, or until the file system is full, and keeps them for a second.
const FILLS: &str = r#"
    use std::io::Write;

    fn main() {
        let limit: usize = std::env::args().nth(1).unwrap().parse().unwrap();
        let mut file = std::fs::File::create("large").unwrap();
        let _ = (0..limit).try_for_each(|_| file.write_all(&[1; 1 << 20]));
        println!("{}", if file.metadata().unwrap().len() == (limit as u64) << 20 { "all" } else { "a part" });
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
"#;

/// Needs some room for files.
const SMALL: &str = r#"
    fn main() {
        std::fs::write("small", [7; 100_000]).unwrap();
        println!("{}", std::fs::read("small").unwrap().len());
    }
"#;

#[test]
fn a_program_that_fills_the_memory_costs_no_other_program() {
    let workspace = Workspace::with("a-fills", FILLS, "[default]\nargs = ['20']\ntargets = ['native']\n");
    let cases: String = (0..30).map(|number| format!("[c{number}]\ntargets = ['native']\n")).collect();
    workspace.example("small", SMALL, &cases);

    // That is too little for scratch directories.
    let Some(ran) = with_memory(&workspace, "8m", "", "test --accept") else { return };
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("31 passed (31 newly accepted)"), "{stderr}");
    let recorded = workspace.read("snapshots/a-fills/default.snap");
    assert!(recorded.contains("│all\n"), "{recorded}");

    fs::remove_dir_all(workspace.path("snapshots")).expect("the snapshots should be removed");
    workspace.cases("a-fills", "[default]\nargs = ['100']\ntargets = ['native']\n");
    let Some(ran) = with_memory(&workspace, "20m", "", "test --accept") else { return };
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(101), "{stderr}");
    assert!(stderr.contains("30 passed (30 newly accepted)"), "{stderr}");
    assert!(stderr.contains("1 cell without an outcome"), "{stderr}");
    assert!(
        stderr.contains("error: a-fills/default/default@native: the file system of /dev/shm/parallax-"),
        "{stderr}"
    );
    assert_eq!(workspace.snapshots().len(), 30);
}

#[test]
fn a_test_that_fills_the_memory_costs_no_other_test() {
    let (workspace, outside) = (Workspace::new(), tempfile::tempdir().expect("a directory should be made"));
    let small = |number| {
        format!(
            "#[test]\nfn c{number:02}() {{ if cfg!(unix) {{ std::fs::write(\"small\", [7; 100_000]).unwrap() }} }}\n"
        )
    };
    let fills = "#[test]\n#[cfg(unix)]\nfn a_fills() {\n    \
                 let _ = std::fs::write(\"large\", vec![1; 100 << 20]);\n    \
                 std::thread::sleep(std::time::Duration::from_secs(1));\n}\n";
    let source: String = (0..20).map(small).collect::<String>() + fills;
    fs::create_dir(outside.path().join("src")).expect("the directory should be made");
    fs::write(outside.path().join("src/lib.rs"), source).expect("the file should be written");
    let manifest = "[package]\nname = \"demo\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(outside.path().join("Cargo.toml"), manifest).expect("the file should be written");
    let args = format!("check {} --tests --target wasip1", outside.path().display());
    let Some(ran) = with_memory(&workspace, "20m", "", &args) else { return };
    let (stdout, stderr) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!(ran.status.code(), Some(101), "{stdout}\n{stderr}");
    assert!(stdout.contains("  wasip1   20 tests: 20 the same\n"), "{stdout}\n{stderr}");
    assert!(stderr.contains("error: lib a_fills@native: the file system of /dev/shm/parallax-"), "{stderr}");
}

#[test]
fn a_full_disk_without_room_in_memory_is_an_error_and_no_outcome() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.test("--no-run").code(0);
    let saved = workspace.path("saved");
    let copied = Command::new("cp").arg("-a").arg(workspace.path("target")).arg(&saved).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let script = "mount -t tmpfs -o size=64m tmpfs target && cp -a saved/. target && \
                  (head -c 64m /dev/zero > target/filler; true) 2> /dev/null;";
    let Some(ran) = with_memory(&workspace, "1m", script, "test --accept") else { return };
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(101), "{stderr}");
    assert!(
        stderr.contains("error: there is no room for the files of programs: less than 1 MiB"),
        "{stderr}"
    );
    assert!(stderr.contains("/target/parallax/scratch\nhelp: make room there"), "{stderr}");
    assert!(!workspace.path("snapshots").exists(), "an accident was recorded: {stderr}");
}
