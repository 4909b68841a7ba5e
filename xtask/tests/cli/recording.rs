//! Comparing outcomes with snapshots, and writing snapshots.

use crate::support::{AssertOutput, BYE, HELLO, HELLO_TABLE, Workspace, snapshot};

#[test]
fn same_outcome_passes_and_writes_nothing() {
    let workspace = Workspace::with_hello();
    assert_eq!(workspace.read("snapshots/hello/default.snap"), snapshot(HELLO_TABLE));
    let before = workspace.files();
    workspace.test("").code(0).says("PASS").says("hello/default").says("AAA").says("1 passed, 0 failed");
    workspace.test_in_ci("").code(0).says("PASS");
    workspace.test("--check").code(0).says("PASS");
    assert_eq!(workspace.files(), before);
}

#[test]
fn difference_fails_in_ci_and_writes_nothing() {
    let workspace = Workspace::with_hello();
    workspace.program("hello", BYE);
    let before = workspace.files();
    workspace
        .test_in_ci("")
        .code(100)
        .says("FAIL")
        .says("-    │Hello!")
        .says("+    │Bye!")
        .says("snapshots/hello/default.snap")
        .says("cargo xtask test --exact hello/default")
        .says("0 passed, 1 failed");
    assert_eq!(workspace.files(), before);
    workspace.test("--check").code(100).says("+    │Bye!");
    assert_eq!(workspace.files(), before);
}

#[test]
fn difference_is_written_to_a_pending_snapshot() {
    let workspace = Workspace::with_hello();
    workspace.program("hello", BYE);
    workspace.test("").code(100).says("+    │Bye!").says(".snap.new");
    assert_eq!(workspace.read("snapshots/hello/default.snap"), snapshot(HELLO_TABLE));
    assert_eq!(
        workspace.read("snapshots/hello/default.snap.new"),
        snapshot(&HELLO_TABLE.replace("Hello", "Bye"))
    );
}

#[test]
#[cfg(unix)]
fn review_is_recommended_if_its_tool_is_installed() {
    use std::os::unix::fs::PermissionsExt;
    let workspace = Workspace::with_hello();
    workspace.program("hello", BYE);
    let path = |more: &str| format!("{}{more}", std::env::var("PATH").unwrap_or_default());
    let tool = workspace.path("tools/cargo-insta");
    let is_installed =
        std::env::split_paths(&path("")).any(|directory| directory.join("cargo-insta").is_file());
    if !is_installed {
        workspace.test("").code(100).does_not_say("cargo insta review");
    }
    workspace.write("tools/cargo-insta", "#!/bin/sh\n");
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).expect("the mode should be set");
    let path = path(&format!(":{}", workspace.path("tools").display()));
    workspace.xtask().arg("test").env("PATH", path).assert().code(100).says("cargo insta review");
}

#[test]
fn accepted_difference_passes() {
    let workspace = Workspace::with_hello();
    workspace.program("hello", BYE);
    workspace.test("").code(100);
    workspace.test("--accept").code(0).says("ACCEPTED");
    assert_eq!(
        workspace.read("snapshots/hello/default.snap"),
        snapshot(&HELLO_TABLE.replace("Hello", "Bye"))
    );
    assert!(!workspace.path("snapshots/hello/default.snap.new").exists());
    workspace.test_in_ci("").code(0).says("PASS");
}

#[test]
fn pending_snapshot_is_removed_when_the_difference_is_gone() {
    let workspace = Workspace::with_hello();
    let before = workspace.files();
    workspace.program("hello", BYE);
    workspace.test("").code(100);
    workspace.program("hello", HELLO);
    workspace.test("").code(0);
    assert_eq!(workspace.files(), before);
}

#[test]
fn case_without_a_snapshot_fails_in_ci_and_writes_nothing() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.test_in_ci("").code(100).says("NEW").says("│Hello!");
    assert!(!workspace.path("snapshots").exists());
}

#[test]
fn accepting_in_ci_is_a_usage_error() {
    let workspace = Workspace::with_hello();
    workspace.program("hello", BYE);
    let before = workspace.files();
    for flag in ["--accept", "--prune", "--review"] {
        workspace.test_in_ci(flag).code(2).says("CI");
    }
    assert_eq!(workspace.files(), before);
}

#[test]
fn insta_force_variables_do_not_make_a_difference_pass() {
    let workspace = Workspace::with_hello();
    workspace.program("hello", BYE);
    let before = workspace.files();
    for name in ["INSTA_FORCE_PASS", "INSTA_FORCE_UPDATE", "INSTA_FORCE_UPDATE_SNAPSHOTS"] {
        workspace.xtask().args(["test", "--check"]).env(name, "1").assert().code(100).says("FAIL");
    }
    assert_eq!(workspace.files(), before);
}

#[test]
fn insta_update_sets_what_is_written() {
    let workspace = Workspace::with_hello();
    workspace.program("hello", BYE);
    let test = |update: &str, ci: &str| {
        workspace.xtask().arg("test").env("INSTA_UPDATE", update).env("CI", ci).assert()
    };
    let before = workspace.files();
    test("bogus", "").code(2).says("INSTA_UPDATE").says("bogus");
    test("no", "").code(100);
    test("always", "true").code(100);
    assert_eq!(workspace.files(), before);
    test("new", "").code(100);
    assert!(workspace.path("snapshots/hello/default.snap.new").exists());
    test("always", "").code(0);
    assert!(!workspace.path("snapshots/hello/default.snap.new").exists());
    workspace.test_in_ci("").code(0);
}

#[test]
fn changed_description_is_a_difference() {
    let workspace = Workspace::with("hello", HELLO, "[default]\nabout = \"A greeting\"\n");
    workspace.test("--accept").code(0);
    assert!(workspace.read("snapshots/hello/default.snap").contains("description: \"A greeting\"\n"));
    // Code is shown as plain text.
    workspace.cases("hello", "[default]\nabout = \"A `greeting`\"\n");
    workspace.test_in_ci("").code(0);
    workspace.cases("hello", "[default]\nabout = \"Another greeting\"\n");
    workspace.test_in_ci("").code(100);
    workspace.test("--accept").code(0);
    assert!(workspace.read("snapshots/hello/default.snap").contains("description: \"Another greeting\"\n"));
    workspace.test_in_ci("").code(0);
}

#[test]
fn pending_column_of_a_removed_target_is_removed() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.test("").code(100);
    workspace.cases("hello", "[default]\ntargets = ['native', 'wasip2']\n");
    workspace.test("--accept").code(0);
    let files: Vec<_> = workspace.snapshots().into_keys().collect();
    assert_eq!(files, [std::path::Path::new("snapshots/hello/default.snap")]);
    assert!(!workspace.read("snapshots/hello/default.snap").contains("wasip1"));
}
