//! Files that are not what they seem: links, and names that are not allowed or nearly the same.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{BYE, HELLO, Said, Workspace};

/// Runs in all ways that may write, and asserts that each ends with an error that names the link and
/// writes nothing through it.
#[track_caller]
fn is_refused(workspace: &Workspace, link: &str, target: &Path) {
    workspace.program("hello", BYE);
    let look = || {
        let read = |path| fs::read_to_string(path).expect("a text");
        match fs::read_dir(target) {
            Ok(listing) => {
                listing.map(|entry| entry.unwrap().path()).map(|path| (read(path.clone()), path)).collect()
            }
            Err(_) if target.exists() => vec![(read(target.to_path_buf()), target.to_path_buf())],
            Err(_) => Vec::new(),
        }
    };
    let before = look();
    for args in ["", "--accept", "--check", "--prune", "--accept --target native"] {
        workspace.test(args).code(101).says(link).says("symbolic link").does_not_say("panicked");
        assert_eq!(look(), before, "with {args:?}");
        assert!(workspace.path(link).is_symlink(), "with {args:?}");
    }
}

#[test]
fn a_snapshot_that_is_a_link_is_a_hard_error() {
    let workspace = Workspace::with_hello();
    let (snapshot, elsewhere) =
        (workspace.path("snapshots/hello/default.snap"), workspace.path("elsewhere.snap"));
    fs::rename(&snapshot, &elsewhere).expect("a moved file");
    symlink(&elsewhere, &snapshot).expect("a link");
    is_refused(&workspace, "snapshots/hello/default.snap", &elsewhere);
}

#[test]
fn a_snapshot_that_is_a_link_to_nothing_is_a_hard_error() {
    let workspace = Workspace::with_hello();
    let (snapshot, elsewhere) =
        (workspace.path("snapshots/hello/default.snap"), workspace.path("elsewhere.snap"));
    fs::remove_file(&snapshot).expect("a removed file");
    symlink(&elsewhere, &snapshot).expect("a link");
    is_refused(&workspace, "snapshots/hello/default.snap", &elsewhere);
    assert!(!elsewhere.exists());
}

#[test]
fn a_pending_snapshot_that_is_a_link_is_a_hard_error() {
    let workspace = Workspace::with_hello();
    let elsewhere = workspace.path("elsewhere.snap");
    fs::copy(workspace.path("snapshots/hello/default.snap"), &elsewhere).expect("a copied file");
    symlink(&elsewhere, workspace.path("snapshots/hello/default.snap.new")).expect("a link");
    is_refused(&workspace, "snapshots/hello/default.snap.new", &elsewhere);
}

#[test]
fn a_folder_of_snapshots_that_is_a_link_is_a_hard_error() {
    let workspace = Workspace::with_hello();
    let (folder, elsewhere) = (workspace.path("snapshots/hello"), workspace.path("elsewhere"));
    fs::rename(&folder, &elsewhere).expect("a moved folder");
    symlink(&elsewhere, &folder).expect("a link");
    is_refused(&workspace, "snapshots/hello", &elsewhere);
}

#[test]
fn examples_with_names_that_are_not_allowed_are_usage_errors() {
    for name in ["Cat", "con", "lpt1", "a.b", "_x", "ä", "3d", "deps"] {
        let workspace = Workspace::with("hello", HELLO, "");
        workspace.example(name, HELLO, "");
        for command in ["test", "test --accept", "test --list"] {
            workspace.xtask().args(command.split(' ')).assert().code(2).says(&format!("examples/{name}: "));
        }
        assert!(!workspace.path("snapshots").exists() && !workspace.path("target").exists());
    }
    let workspace = Workspace::with("hello", HELLO, "");
    let before = workspace.files();
    for name in ["..", ".", "../hello", "/hello", "Hello", "con"] {
        workspace.xtask().args(["new", name]).assert().code(2);
    }
    assert_eq!(workspace.files(), before);
}

#[test]
fn a_snapshot_whose_name_differs_by_case_is_an_orphan() {
    let workspace = Workspace::with_hello();
    let text = workspace.read("snapshots/hello/default.snap");
    workspace.write("snapshots/hello/Default.snap", &text);
    if workspace.snapshots().len() == 1 {
        return println!("this file system does not tell the two apart");
    }
    workspace.test("").code(0).says("ORPHAN snapshots/hello/Default.snap");
    workspace.test_in_ci("").code(100).says("ORPHAN snapshots/hello/Default.snap");
    workspace.test("--prune").code(0);
    assert_eq!(workspace.snapshots().len(), 1);
    assert_eq!(workspace.read("snapshots/hello/default.snap"), text);
}
