//! Read-only directories and full disks: a run ends with one error, and does not change the accepted
//! snapshots.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::processes::assert_processes_end;
use crate::support::runs::{unprivileged, xtask_under};
use crate::support::{Workspace, files_at, require};

/// Prints more than fits into a file in these tests.
const LONG: &str = r#"
    fn main() {
        for number in 0..2000 {
            println!("line {number} of {}", std::env::args().count());
        }
    }
"#;

/// A workspace with two accepted cases that now print something else.
fn with_changes() -> Workspace {
    let cases =
        |args: &str| format!("[one]\n{args}targets = ['native']\n[two]\n{args}targets = ['native']\n");
    let workspace = Workspace::with("long", LONG, &cases(""));
    workspace.test("--accept").code(0);
    workspace.cases("long", &cases("args = ['changed']\n"));
    workspace
}

/// Runs `xtask` under a wrapper, and asserts that it exits with 101 after one error whose text
/// contains `message`, and that the snapshots have not changed.
#[track_caller]
fn assert_fails(workspace: &Workspace, wrapper: &[&str], args: &str, message: &str) {
    let before = files_at(&workspace.path("snapshots"));
    let ran = xtask_under(workspace, wrapper, args).output().expect("xtask should start");
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(101), "{stderr}");
    // There may be a second one, which is printed by cargo.
    let errors = stderr.lines().filter(|line| line.starts_with("error")).count();
    assert!((1..=2).contains(&errors), "{stderr}");
    assert!(stderr.contains(message), "stderr does not contain {message:?}: {stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(!stderr.to_lowercase().contains("accepted"), "nothing was accepted: {stderr}");
    assert!(files_at(&workspace.path("snapshots")) == before, "the snapshots have changed:\n{stderr}");
    assert_processes_end(workspace);
}

/// Asserts that a run fails under a limit for the size of files. With SIGXFSZ ignored, writing more
/// than that is an error, as on a full disk.
#[track_caller]
fn assert_fails_with_file_size_limit(workspace: &Workspace, blocks: u32, args: &str, message: &str) {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    assert_fails(workspace, &["sh", "-c", &script, "sh"], args, message);
}

#[test]
fn file_size_limit_that_is_too_small_for_a_snapshot() {
    let workspace = with_changes();
    assert_fails_with_file_size_limit(&workspace, 16, "test --accept", ".snap");
    assert_fails_with_file_size_limit(&workspace, 16, "test", ".snap");
    workspace.assert_no_scratch();
    workspace.test("--accept").code(0);
}

#[test]
fn only_written_snapshots_are_reported_as_accepted() {
    let program = LONG.replace("0..2000", "0..std::env::args().nth(1).unwrap().parse().unwrap()");
    let cases = |lines: [u32; 2]| {
        let case = |name, lines| format!("[{name}]\nargs = ['{lines}']\ntargets = ['native']\n");
        case("one", lines[0]) + &case("two", lines[1])
    };
    let workspace = Workspace::with("long", &program, &cases([1, 1]));
    workspace.test("--accept").code(0);
    workspace.cases("long", &cases([2, 2000]));
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh"];
    let ran = xtask_under(&workspace, &limited, "test --accept").output().expect("xtask should start");
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(101), "{stderr}");
    let accepted: Vec<_> = stderr.lines().filter(|line| line.contains("ACCEPTED")).collect();
    assert!(matches!(accepted[..], [line] if line.contains("long/one")), "{stderr}");
    workspace.test_in_ci("long/one").code(0);
    workspace.test_in_ci("long/two").code(100);
}

#[test]
fn file_size_limit_of_zero() {
    let workspace = with_changes();
    assert_fails_with_file_size_limit(&workspace, 0, "test --accept", "target/parallax");
    workspace.test("--accept").code(0);
}

/// This uses a small file system. `file_size_limit_that_is_too_small_for_a_snapshot` is similar, and
/// needs no permission to mount one.
#[test]
fn full_disk() {
    let mount = ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    let mounted = Command::new("unshare").args(mount).output();
    let can_mount = mounted.is_ok_and(|ran| ran.status.success());
    if !require("`unshare`, and permission to mount a file system with it", can_mount) {
        return;
    }
    let workspace = with_changes();
    let script = r#"
        cp -a snapshots saved && mount -t tmpfs -o size=256k tmpfs snapshots && cp -a saved/. snapshots || exit 1
        head -c 1M /dev/zero > snapshots/filler 2> /dev/null
        "$@"; code=$?
        rm snapshots/filler && cp -a snapshots seen && umount snapshots || exit 1
        exit $code
    "#;
    let wrapper = ["unshare", "-rm", "sh", "-c", script, "sh"];
    for args in ["test --accept", "test"] {
        assert_fails(&workspace, &wrapper, args, "snapshots/long/one.snap");
        // Copies of the full disk, which is no longer mounted, and of what was put on it.
        let seen: Vec<_> = files_at(&workspace.path("seen")).into_values().collect();
        let saved: Vec<_> = files_at(&workspace.path("saved")).into_values().collect();
        assert!(seen == saved && seen.len() == 2, "the snapshots have changed, or there are more files");
        for copy in ["seen", "saved"] {
            fs::remove_dir_all(workspace.path(copy)).expect("the directory should be removed");
        }
    }
    workspace.test("--accept").code(0);
}

/// Makes directories and everything in them read-only until it is dropped.
struct ReadOnly<'a>(Vec<&'a Path>);

impl<'a> ReadOnly<'a> {
    fn new(directories: &[&'a Path]) -> ReadOnly<'a> {
        directories.iter().for_each(|directory| set_mode(directory, 0o555));
        ReadOnly(directories.to_vec())
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|directory| set_mode(directory, 0o755));
    }
}

/// Sets the mode of a path and of everything below it.
fn set_mode(path: &Path, mode: u32) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("the directory should be readable") {
            set_mode(&entry.expect("the directory should be readable").path(), mode);
        }
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode should be set");
}

#[test]
fn read_only_snapshot_directory() {
    let Some(wrapper) = unprivileged() else { return };
    let workspace = with_changes();
    let snapshots = workspace.path("snapshots");
    let read_only = ReadOnly::new(&[&snapshots]);
    for args in ["test --accept", "test"] {
        assert_fails(&workspace, wrapper, args, "snapshots/long/one.snap");
    }
    // A check does not write snapshots.
    let checked = xtask_under(&workspace, wrapper, "test --check").output().expect("xtask should start");
    assert_eq!(checked.status.code(), Some(100));
    drop(read_only);
    workspace.test("--accept").code(0);
}

#[test]
fn read_only_build_directory() {
    let Some(wrapper) = unprivileged() else { return };
    let workspace = with_changes();
    let (target, root) = (workspace.path("target"), workspace.root());
    let read_only = ReadOnly::new(&[&target]);
    assert_fails(&workspace, wrapper, "test --accept", "target/parallax");
    drop(read_only);

    // The harness can write to its directory, `target/parallax`, but cargo cannot write to its own.
    workspace.program("long", "fn main() {}");
    let entries: Vec<_> = fs::read_dir(&target)
        .expect("the directory should be readable")
        .map(|entry| entry.expect("the directory should be readable").path())
        .collect();
    let of_cargo: Vec<_> =
        entries.iter().map(PathBuf::as_path).filter(|path| !path.ends_with("parallax")).collect();
    let read_only = ReadOnly::new(&of_cargo);
    assert_fails(&workspace, wrapper, "test --accept", "target/");
    drop(read_only);

    fs::remove_dir_all(&target).expect("the directory should be removed");
    fs::set_permissions(root, fs::Permissions::from_mode(0o555)).expect("the mode should be set");
    assert_fails(&workspace, wrapper, "test --accept", "target/parallax");
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).expect("the mode should be set");
    workspace.test("--accept").code(0);
}

/// cargo cannot read a workspace with a part of an example.
#[test]
fn new_example_is_there_as_a_whole_or_not_at_all() {
    let workspace = Workspace::new();
    let before = workspace.files();
    // Enough for the first files.
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"];
    let ran = xtask_under(&workspace, &limited, "new greeter").output().expect("xtask should start");
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(101), "{stderr}");
    assert!(stderr.starts_with("error: cannot write "), "{stderr}");
    assert!(stderr.contains("/examples/greeter: File too large"), "{stderr}");
    assert_eq!(workspace.files(), before);
    assert!(!workspace.path("examples").exists(), "a directory without a package is left");
    workspace.xtask().args(["new", "greeter"]).assert().code(0);
}
