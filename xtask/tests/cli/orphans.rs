//! Orphans: snapshots, rows and columns whose case, flag set or target no longer exists.

use std::fs;

use crate::support::{AssertOutput, HELLO, HELLO_TABLE, Workspace, require, snapshot};

/// Asserts that each kind of run lists the orphan, and that only `--prune` removes it.
#[track_caller]
fn assert_listed_and_pruned(workspace: &Workspace, orphan: &str) {
    let before = workspace.snapshots();
    workspace.test("").code(0).says("ORPHAN").says(orphan).says("cargo xtask test --prune");
    workspace.test("--accept").code(0).says(orphan);
    workspace.test_in_ci("").code(100).says("ORPHAN").says(orphan);
    workspace.test("--check").code(100).says(orphan);
    for filter in ["hello", "--target native", "--flag-set default", "--skip x", "--partition 1/2"] {
        workspace.test(&format!("--prune {filter}")).code(2).says("--prune");
    }
    // insta's setting for a run that does not write files: such a run must not remove any.
    let mut check = workspace.xtask();
    check.args(["test", "--prune"]).env("INSTA_UPDATE", "no").assert().code(2).says("INSTA_UPDATE=no");
    assert_eq!(workspace.snapshots(), before);
    workspace.test("--prune").code(0).says(orphan);
    workspace.test_in_ci("").code(0).does_not_say("ORPHAN");
}

#[test]
fn snapshot_of_a_removed_case() {
    let workspace = Workspace::with("hello", HELLO, "[kept]\n[removed]\n");
    workspace.test("--accept").code(0);
    let kept = workspace.read("snapshots/hello/kept.snap");
    workspace.cases("hello", "[kept]\n");
    assert_listed_and_pruned(&workspace, "snapshots/hello/removed.snap");
    assert!(!workspace.path("snapshots/hello/removed.snap").exists());
    assert_eq!(workspace.read("snapshots/hello/kept.snap"), kept);
}

#[test]
fn snapshot_of_a_removed_example() {
    let workspace = Workspace::with_hello();
    workspace.example("gone", HELLO, "");
    workspace.test("--accept").code(0);
    fs::remove_dir_all(workspace.path("examples/gone")).expect("the directory should be removed");
    assert_listed_and_pruned(&workspace, "snapshots/gone/default.snap");
    assert!(!workspace.path("snapshots/gone").exists());
}

#[test]
fn pending_snapshot_of_a_removed_case() {
    let workspace = Workspace::with_hello();
    workspace.write("snapshots/hello/gone.snap.new", &workspace.read("snapshots/hello/default.snap"));
    assert_listed_and_pruned(&workspace, "snapshots/hello/gone.snap.new");
}

#[test]
fn row_of_a_removed_flag_set() {
    let workspace = Workspace::with("hello", HELLO, "[default]\nflags.dir-here = ['--dir=.']\n");
    workspace.test("--accept").code(0);
    workspace.cases("hello", "[default]\n");
    assert_listed_and_pruned(&workspace, "snapshots/hello/default.snap: row dir-here");
    assert_eq!(workspace.read("snapshots/hello/default.snap"), snapshot(HELLO_TABLE));
}

#[test]
fn row_that_is_not_the_last() {
    let cases = |flags: &str| format!("[default]\n{flags}flags.last = ['--dir=.::/last']\n");
    let workspace = Workspace::with("hello", HELLO, &cases("flags.first = ['--dir=.']\n"));
    workspace.test("--accept").code(0);
    workspace.cases("hello", &cases(""));
    assert_listed_and_pruned(&workspace, "snapshots/hello/default.snap: row first");
    assert!(!workspace.read("snapshots/hello/default.snap").contains("first"));
}

#[test]
fn column_of_a_removed_target() {
    let workspace = Workspace::with_hello();
    workspace.cases("hello", "[default]\ntargets = ['native', 'wasip2']\n");
    assert_listed_and_pruned(&workspace, "snapshots/hello/default.snap: column wasip1");
    assert!(workspace.read("snapshots/hello/default.snap").contains("           native  wasip2\n"));
}

#[test]
fn snapshot_whose_name_differs_in_case_only() {
    let workspace = Workspace::with_hello();
    let text = workspace.read("snapshots/hello/default.snap");
    workspace.write("snapshots/hello/Default.snap", &text);
    if !require("a case-sensitive file system", workspace.snapshots().len() == 2) {
        return;
    }
    workspace.test("").code(0).says("ORPHAN snapshots/hello/Default.snap");
    workspace.test_in_ci("").code(100).says("ORPHAN snapshots/hello/Default.snap");
    workspace.test("--prune").code(0);
    assert_eq!(workspace.snapshots().len(), 1);
    assert_eq!(workspace.read("snapshots/hello/default.snap"), text);
}
