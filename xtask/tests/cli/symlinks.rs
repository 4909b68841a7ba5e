//! Snapshots that are symbolic links: the harness does not write through them.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{AssertOutput, BYE, Workspace, files_at};

/// Asserts that each kind of run that may write snapshots ends with an error that names the link, and
/// changes neither the link nor its target, which may not exist.
#[track_caller]
fn assert_refused(workspace: &Workspace, link: &str, target: &Path) {
    workspace.program("hello", BYE);
    let target_files = || target.exists().then(|| files_at(target));
    let before = target_files();
    for args in ["", "--accept", "--check", "--prune", "--accept --target native"] {
        workspace.test(args).code(101).says(link).says("symbolic link").does_not_say("panicked");
        assert_eq!(target_files(), before, "with {args:?}");
        assert!(workspace.path(link).is_symlink(), "with {args:?}");
    }
}

#[test]
fn snapshot_that_is_a_link_is_an_error() {
    let workspace = Workspace::with_hello();
    let (snapshot, elsewhere) =
        (workspace.path("snapshots/hello/default.snap"), workspace.path("elsewhere.snap"));
    fs::rename(&snapshot, &elsewhere).expect("the file should be moved");
    symlink(&elsewhere, &snapshot).expect("the link should be made");
    assert_refused(&workspace, "snapshots/hello/default.snap", &elsewhere);
}

#[test]
fn snapshot_that_is_a_broken_link_is_an_error() {
    let workspace = Workspace::with_hello();
    let (snapshot, elsewhere) =
        (workspace.path("snapshots/hello/default.snap"), workspace.path("elsewhere.snap"));
    fs::remove_file(&snapshot).expect("the file should be removed");
    symlink(&elsewhere, &snapshot).expect("the link should be made");
    assert_refused(&workspace, "snapshots/hello/default.snap", &elsewhere);
    assert!(!elsewhere.exists());
}

#[test]
fn pending_snapshot_that_is_a_link_is_an_error() {
    let workspace = Workspace::with_hello();
    let elsewhere = workspace.path("elsewhere.snap");
    fs::copy(workspace.path("snapshots/hello/default.snap"), &elsewhere).expect("the file should be copied");
    symlink(&elsewhere, workspace.path("snapshots/hello/default.snap.new")).expect("the link should be made");
    assert_refused(&workspace, "snapshots/hello/default.snap.new", &elsewhere);
}

#[test]
fn snapshot_directory_that_is_a_link_is_an_error() {
    let workspace = Workspace::with_hello();
    let (directory, elsewhere) = (workspace.path("snapshots/hello"), workspace.path("elsewhere"));
    fs::rename(&directory, &elsewhere).expect("the directory should be moved");
    symlink(&elsewhere, &directory).expect("the link should be made");
    assert_refused(&workspace, "snapshots/hello", &elsewhere);
}
