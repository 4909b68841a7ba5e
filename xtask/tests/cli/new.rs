//! `xtask new`.

use crate::support::{AssertOutput, HELLO, Workspace};

#[test]
fn new_example_passes_after_it_was_accepted() {
    let workspace = Workspace::with_hello();
    workspace
        .xtask()
        .args(["new", "greeter"])
        .assert()
        .code(0)
        .prints("examples/greeter")
        .prints("cargo xtask test greeter/");
    workspace.test_in_ci("greeter/").code(100).says("NEW");
    replace_texts(&workspace);
    workspace.test("greeter/ --accept").code(0).says("AAA").does_not_say("warning");
    workspace.test_in_ci("").code(0).says("2 passed");
}

#[test]
fn new_makes_the_examples_directory() {
    let workspace = Workspace::new();
    workspace.xtask().args(["new", "greeter"]).assert().code(0);
    replace_texts(&workspace);
    workspace.test("--accept").code(0).says("1 passed");
}

/// Replaces the texts of the template in the new example `greeter`.
fn replace_texts(workspace: &Workspace) {
    let manifest = workspace.read("examples/greeter/Cargo.toml");
    let manifest = manifest.replace("What this example shows, in a phrase", "Greets");
    workspace
        .write("examples/greeter/Cargo.toml", &manifest.replace("A section of DIVERGENCES.md", "std::io"));
    let cases = workspace.read("examples/greeter/cases.toml");
    workspace.cases("greeter", &cases.replace("One line for the reader: what this case shows", "A greeting"));
}

#[test]
fn texts_of_the_template_are_not_recorded() {
    let workspace = Workspace::with_hello();
    workspace.xtask().args(["new", "greeter"]).assert().code(0);
    let divergences = || workspace.xtask().arg("divergences").assert();
    for refused in [workspace.test("--accept"), workspace.test("greeter/ --accept"), divergences()] {
        refused
            .code(2)
            .says("`description` is still the text of the template")
            .says("examples/greeter/Cargo.toml:3:16")
            .says("`area` is still the text of the template")
            .says("`about` is still the text of the template")
            .says("examples/greeter/cases.toml:6:10");
    }
    assert!(!workspace.path("snapshots/greeter").exists() && !workspace.path("DIVERGENCES.md").exists());
    // Other examples are not affected.
    workspace.test("hello --accept").code(0);
    replace_texts(&workspace);
    workspace.test("--accept").code(0);
    divergences().code(0);
    assert!(workspace.read("DIVERGENCES.md").contains("A greeting"));
}

#[test]
fn invalid_name_is_a_usage_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    let before = workspace.files();
    for name in
        ["Greeter", "a b", "a/b", "../up", "/up", "..", ".", "", "_x", "con", "ä", "x.y", &"x".repeat(65)]
    {
        workspace.xtask().args(["new", name]).assert().code(2);
    }
    // With a package of such a name, cargo could no longer read the workspace or run the harness.
    for name in
        ["3d", "build", "deps", "examples", "incremental", "xtask", "parallax-compose", "parallax-layout"]
    {
        workspace.xtask().args(["new", name]).assert().code(2).says(&format!("`{name}`"));
    }
    workspace.xtask().arg("new").assert().code(2);
    assert_eq!(workspace.files(), before);
}

#[test]
fn existing_example_is_not_changed() {
    let workspace = Workspace::with("hello", HELLO, "");
    let before = workspace.files();
    workspace.xtask().args(["new", "hello"]).assert().code(2).says("examples/hello");
    assert_eq!(workspace.files(), before);
}

#[test]
fn name_of_a_module_is_a_usage_error() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.module("hello", "helper", HELLO);
    let before = workspace.files();
    workspace.xtask().args(["new", "helper"]).assert().code(2).says("examples/hello/modules/helper");
    assert_eq!(workspace.files(), before);
}
