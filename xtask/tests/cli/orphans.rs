//! Snapshots, rows and columns that no case stands behind any more.

use std::fs;

use crate::support::{HELLO, Said, Workspace, snapshot};

/// Asserts what each kind of run says of the orphan, and that `--prune` takes nothing but it.
#[track_caller]
fn listed_then_pruned(workspace: &Workspace, orphan: &str) {
    let before = workspace.snapshots();
    workspace.test("").code(0).says("ORPHAN").says(orphan).says("cargo xtask test --prune");
    workspace.test("--accept").code(0).says(orphan);
    workspace.test_in_ci("").code(100).says("ORPHAN").says(orphan);
    workspace.test("--check").code(100).says(orphan);
    for filter in ["hello", "--target native", "--flag-set default", "--skip x", "--partition 1/2"] {
        workspace.test(&format!("--prune {filter}")).code(2).says("--prune");
    }
    // insta's own word for a check; what writes nothing removes nothing.
    let mut checked = workspace.xtask();
    checked.args(["test", "--prune"]).env("INSTA_UPDATE", "no").assert().code(2).says("INSTA_UPDATE=no");
    assert_eq!(workspace.snapshots(), before);
    workspace.test("--prune").code(0).says(orphan);
    workspace.test_in_ci("").code(0).does_not_say("ORPHAN");
}

#[test]
fn a_removed_case() {
    let workspace = Workspace::with("hello", HELLO, "[kept]\n[removed]\n");
    workspace.test("--accept").code(0);
    let kept = workspace.read("snapshots/hello/kept.snap");
    workspace.cases("hello", "[kept]\n");
    listed_then_pruned(&workspace, "snapshots/hello/removed.snap");
    assert!(!workspace.path("snapshots/hello/removed.snap").exists());
    assert_eq!(workspace.read("snapshots/hello/kept.snap"), kept);
}

#[test]
fn a_removed_example() {
    let workspace = Workspace::with_hello();
    workspace.example("gone", HELLO, "");
    workspace.test("--accept").code(0);
    fs::remove_dir_all(workspace.path("examples/gone")).expect("a folder to remove");
    listed_then_pruned(&workspace, "snapshots/gone/default.snap");
    assert!(!workspace.path("snapshots/gone").exists());
}

#[test]
fn a_pending_snapshot_of_a_removed_case() {
    let workspace = Workspace::with_hello();
    workspace.write("snapshots/hello/gone.snap.new", &workspace.read("snapshots/hello/default.snap"));
    listed_then_pruned(&workspace, "snapshots/hello/gone.snap.new");
}

#[test]
fn a_removed_flag_set() {
    let workspace = Workspace::with("hello", HELLO, "[default]\nflags.dir-here = ['--dir=.']\n");
    workspace.test("--accept").code(0);
    workspace.cases("hello", "[default]\n");
    listed_then_pruned(&workspace, "snapshots/hello/default.snap: flag set dir-here");
    let expected = "\
$ hello
           native  wasip1  wasip2
default      A       A       A

A  exit 0
   stdout
   │Hello!
";
    assert_eq!(workspace.read("snapshots/hello/default.snap"), snapshot(expected));
}

#[test]
fn a_removed_flag_set_that_is_not_the_last() {
    let cases = |flags: &str| format!("[default]\n{flags}flags.last = ['--dir=.::/last']\n");
    let workspace = Workspace::with("hello", HELLO, &cases("flags.first = ['--dir=.']\n"));
    workspace.test("--accept").code(0);
    workspace.cases("hello", &cases(""));
    listed_then_pruned(&workspace, "snapshots/hello/default.snap: flag set first");
    assert!(!workspace.read("snapshots/hello/default.snap").contains("first"));
}

#[test]
fn a_removed_target() {
    let workspace = Workspace::with_hello();
    workspace.cases("hello", "[default]\ntargets = ['native', 'wasip2']\n");
    listed_then_pruned(&workspace, "snapshots/hello/default.snap: target wasip1");
    assert!(workspace.read("snapshots/hello/default.snap").contains("           native  wasip2\n"));
}
