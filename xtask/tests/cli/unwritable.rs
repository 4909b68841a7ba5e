//! Folders into which nothing can be written, and disks that are full: one error says so, and what was
//! accepted before is still there, byte for byte.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::processes::{assert_all_end, behind, without_privileges};
use crate::support::Workspace;

/// Prints more than a file may hold in these tests.
const LONG: &str = r#"
    fn main() {
        for number in 0..2000 {
            println!("line {number} of {}", std::env::args().count());
        }
    }
"#;

/// A workspace with two accepted cases, of which each now prints another thing.
fn with_changes() -> Workspace {
    let cases =
        |args: &str| format!("[one]\n{args}targets = ['native']\n[two]\n{args}targets = ['native']\n");
    let workspace = Workspace::with("long", LONG, &cases(""));
    workspace.test("--accept").code(0);
    workspace.cases("long", &cases("args = ['changed']\n"));
    workspace
}

/// All files below a folder, hidden ones too.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.append(&mut self::files(&path));
        } else {
            let contents = fs::read(&path).expect("a file");
            files.insert(path, contents);
        }
    }
    files
}

/// Runs `xtask` behind another command line, and asserts that it ends with one error that names
/// something, and that the snapshots are as they were.
#[track_caller]
fn fails(workspace: &Workspace, wrapper: &[&str], args: &str, code: i32, names: &str) {
    let before = files(&workspace.path("snapshots"));
    let ran = behind(workspace, wrapper, args).output().expect("a run");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(code), "{said}");
    // If there is a second one, cargo said it, and it is repeated word for word.
    assert!((1..=2).contains(&said.lines().filter(|line| line.starts_with("error")).count()), "{said}");
    assert!(said.contains(names), "it does not name {names}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(files(&workspace.path("snapshots")) == before, "the snapshots have changed:\n{said}");
    assert_all_end(workspace);
}

/// A signal that is ignored stays so: then what is too long for a file is an error, as on a full disk.
fn with_files_of_at_most(blocks: u32) -> [String; 4] {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    ["sh".into(), "-c".into(), script, "sh".into()]
}

#[test]
fn no_room_for_a_snapshot() {
    let workspace = with_changes();
    let limited = with_files_of_at_most(16);
    fails(&workspace, &limited.each_ref().map(String::as_str), "test --accept", 101, ".snap");
    fails(&workspace, &limited.each_ref().map(String::as_str), "test", 101, ".snap");
    assert!(!workspace.scratch().exists(), "{}", workspace.scratch().display());
    workspace.test("--accept").code(0);
}

#[test]
fn no_room_for_anything() {
    let workspace = with_changes();
    let limited = with_files_of_at_most(0);
    fails(&workspace, &limited.each_ref().map(String::as_str), "test --accept", 101, "target/parallax");
    workspace.test("--accept").code(0);
}

/// A real disk that is full, where this user may mount one; `no_room_for_a_snapshot` is for all.
#[test]
fn a_full_disk() {
    let mounts = ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    if !Command::new("unshare").args(mounts).output().is_ok_and(|ran| ran.status.success()) {
        return println!("this user may not mount anything");
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
        fails(&workspace, &wrapper, args, 101, "snapshots/long/one.snap");
        // What stood on that disk, not what is seen again without it.
        let seen: Vec<_> = files(&workspace.path("seen")).into_values().collect();
        let saved: Vec<_> = files(&workspace.path("saved")).into_values().collect();
        assert!(seen == saved && seen.len() == 2, "the snapshots have changed, or there are more files");
        for copy in ["seen", "saved"] {
            fs::remove_dir_all(workspace.path(copy)).expect("a removed folder");
        }
    }
    workspace.test("--accept").code(0);
}

/// Takes the right to write from folders and all that is in them, until it is dropped.
struct ReadOnly<'a>(Vec<&'a Path>);

impl<'a> ReadOnly<'a> {
    fn new(folders: &[&'a Path]) -> ReadOnly<'a> {
        folders.iter().for_each(|folder| set_rights(folder, 0o555));
        ReadOnly(folders.to_vec())
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|folder| set_rights(folder, 0o755));
    }
}

fn set_rights(path: &Path, mode: u32) {
    if path.is_dir() {
        // A folder has to be writable for neither of these, whatever comes first.
        for entry in fs::read_dir(path).expect("a folder") {
            set_rights(&entry.expect("an entry").path(), mode);
        }
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("rights that are set");
}

#[test]
fn a_read_only_folder_of_snapshots() {
    let workspace = with_changes();
    let snapshots = workspace.path("snapshots");
    let read_only = ReadOnly::new(&[&snapshots]);
    for args in ["test --accept", "test"] {
        fails(&workspace, without_privileges(), args, 101, "snapshots/long/one.snap");
    }
    // Who only looks needs no more than that.
    let checked = behind(&workspace, without_privileges(), "test --check").output().expect("a run");
    assert_eq!(checked.status.code(), Some(100));
    drop(read_only);
    workspace.test("--accept").code(0);
}

#[test]
fn a_read_only_folder_for_what_is_built() {
    let workspace = with_changes();
    let (target, root) = (workspace.path("target"), workspace.root());
    let read_only = ReadOnly::new(&[&target]);
    fails(&workspace, without_privileges(), "test --accept", 101, "target/parallax");
    drop(read_only);

    // The harness can work in its own folder, but cargo cannot work in its.
    workspace.program("long", "fn main() {}");
    let triples: Vec<_> =
        fs::read_dir(&target).expect("a folder").map(|entry| entry.unwrap().path()).collect();
    let of_cargo: Vec<_> =
        triples.iter().map(PathBuf::as_path).filter(|path| !path.ends_with("parallax")).collect();
    let read_only = ReadOnly::new(&of_cargo);
    fails(&workspace, without_privileges(), "test --accept", 101, "target/");
    drop(read_only);

    fs::remove_dir_all(&target).expect("a removed folder");
    fs::set_permissions(root, fs::Permissions::from_mode(0o555)).expect("rights that are set");
    fails(&workspace, without_privileges(), "test --accept", 101, "target/parallax");
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).expect("rights that are set");
    workspace.test("--accept").code(0);
}
