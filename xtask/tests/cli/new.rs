//! `xtask new`.

use crate::support::{HELLO, Said, Workspace};

#[test]
fn a_new_example_builds_and_passes_once_accepted() {
    let workspace = Workspace::with_hello();
    workspace
        .xtask()
        .args(["new", "greeter"])
        .assert()
        .code(0)
        .prints("examples/greeter")
        .prints("cargo xtask test greeter/");
    workspace.test_in_ci("greeter/").code(100).says("NEW");
    workspace.test("greeter/ --accept").code(0).says("AAA").does_not_say("warning");
    workspace.test_in_ci("").code(0).says("2 passed");
}

#[test]
fn a_first_example_needs_no_folder_for_examples() {
    let workspace = Workspace::new();
    workspace.xtask().args(["new", "greeter"]).assert().code(0);
    workspace.test("--accept").code(0).says("1 passed");
}

#[test]
fn a_bad_name_makes_nothing() {
    let workspace = Workspace::with("hello", HELLO, "");
    let before = workspace.files();
    for bad in ["Greeter", "a b", "a/b", "../up", "", "_x", "con", "ä", "x.y", &"x".repeat(65)] {
        workspace.xtask().args(["new", bad]).assert().code(2);
    }
    // With a package of such a name, cargo can no longer read the workspace: not even to run this.
    for bad in ["3d", "build", "deps", "examples", "incremental", "xtask", "parallax-compose"] {
        workspace.xtask().args(["new", bad]).assert().code(2).says(&format!("`{bad}`"));
    }
    workspace.xtask().arg("new").assert().code(2);
    assert_eq!(workspace.files(), before);
}

#[test]
fn a_taken_name_is_left_as_it_is() {
    let workspace = Workspace::with("hello", HELLO, "");
    let before = workspace.files();
    workspace.xtask().args(["new", "hello"]).assert().code(2).says("examples/hello");
    assert_eq!(workspace.files(), before);
}

#[test]
fn the_name_of_a_module_is_taken() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.example("hello/modules/helper", HELLO, "");
    let before = workspace.files();
    workspace.xtask().args(["new", "helper"]).assert().code(2).says("examples/hello/modules/helper");
    assert_eq!(workspace.files(), before);
}
