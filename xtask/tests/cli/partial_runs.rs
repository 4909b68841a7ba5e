//! Runs with a selection of targets or flag sets: they keep what is recorded for other cells.

use crate::support::{AssertOutput, BYE, HELLO, Workspace, snapshot};

#[test]
fn accepting_one_target_keeps_the_other_columns() {
    let workspace = Workspace::with_hello();
    workspace.program("hello", BYE);
    workspace.test("--target wasip1 --accept").code(0).says("ABA");
    assert_eq!(
        workspace.read("snapshots/hello/default.snap"),
        snapshot(
            "\
$ hello
           native  wasip1  wasip2
default      A       B       A

A  exit 0
   stdout
   │Hello!

B  exit 0
   stdout
 > │Bye!
"
        )
    );
    workspace.test_in_ci("--target wasip1").code(0);
    workspace.test_in_ci("--target native --target wasip2").code(100);
}

#[test]
fn accepting_one_flag_set_keeps_the_other_rows() {
    let program = |greeting: &str| {
        format!(
            r#"fn main() {{
                let name = std::env::var("NAME").unwrap_or("unknown".into());
                println!("{greeting}, {{name}}!");
            }}"#
        )
    };
    let cases = "[default]\nflags.moon = ['--env=NAME=moon']\nflags.sun = ['--env=NAME=sun']\n";
    let workspace = Workspace::with("hello", &program("Hello"), cases);
    workspace.test("--accept").code(0).says("AAA ·BB ·CC");
    workspace.program("hello", &program("Bye"));
    workspace.test("--flag-set moon --accept").code(0);
    assert_eq!(
        workspace.read("snapshots/hello/default.snap"),
        snapshot(
            "\
$ hello
           native  wasip1  wasip2  wasmtime flags
default      A       A       A
moon         ·       B       B     --env=NAME=moon
sun          ·       C       C     --env=NAME=sun

A  exit 0
   stdout
   │Hello, unknown!

B  exit 0
   stdout
 > │Bye, moon!

C  exit 0
   stdout
 > │Hello, sun!
"
        )
    );
    workspace.test_in_ci("--flag-set moon").code(0);
    workspace.test_in_ci("").code(100);
}

#[test]
fn cells_that_were_not_run_are_recorded_as_unknown() {
    let workspace = Workspace::with("hello", HELLO, "");
    workspace.test("--target native --accept").code(0);
    assert!(workspace.read("snapshots/hello/default.snap").contains("A       ?       ?\n"));
    workspace.test_in_ci("--target native").code(0);
    workspace.test_in_ci("").code(100);
    workspace.test("--target wasip1 --target wasip2 --accept").code(0).says("AAA");
    workspace.test_in_ci("").code(0);
}

#[test]
fn pending_differences_of_other_targets_are_kept() {
    let workspace = Workspace::with_hello();
    let accepted = workspace.read("snapshots/hello/default.snap");
    workspace.program("hello", BYE);
    workspace.test("--target wasip1").code(100);
    workspace.test("--target wasip2").code(100);
    assert_eq!(workspace.read("snapshots/hello/default.snap"), accepted);
    let pending = workspace.read("snapshots/hello/default.snap.new");
    assert!(pending.contains("A       B       B\n"), "{pending}");
}

#[test]
fn partial_run_does_not_list_or_remove_orphans() {
    let workspace = Workspace::with_hello();
    workspace.write("snapshots/gone/default.snap", &workspace.read("snapshots/hello/default.snap"));
    let before = workspace.files();
    for args in ["hello", "--target native", "--flag-set default", "--skip nothing", "--partition 1/1"] {
        workspace.test_in_ci(args).code(0).does_not_say("gone");
        workspace.test(&format!("--accept {args}")).code(0);
    }
    assert_eq!(workspace.files(), before);
}
