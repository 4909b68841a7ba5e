//! `cargo xtask find`: looking up a function, an error or a topic.

use assert_cmd::assert::Assert;

use crate::support::{AssertOutput, HELLO, Workspace};

const CASES: &str = "\
[defaults]
grant.here = { dirs = ['.'] }
baseline = 'here'
apis = ['std::fs::File::open']

[copy]
about = 'A copy loses data'
silent = ['wasip2']
remedy = 'copy it twice'
apis = ['std::fs::copy', 'std::fs::File::try_clone']
upstream = ['https://github.com/WebAssembly/wasi-libc/issues/7']

[plain]
about = 'Nothing differs'
";

const SILENT: &str = "\
---
source: examples/cat/src/main.rs
---
$ cat
         native  wasip1  wasip2  wasmtime flags
default    A       B       B
here       ·       A       C     --dir=.

A  exit 0
   stdout
   │all of it

B  exit 1
   stderr
 > │NotFound

C  exit 0
   stdout
 > │half of it
";

fn workspace() -> Workspace {
    let workspace = Workspace::with("cat", HELLO, CASES);
    workspace.write("snapshots/cat/copy.snap", SILENT);
    workspace.write(
        "snapshots/cat/plain.snap",
        &SILENT.replace("A       C ", "A       A ").replace("\nC  exit 0\n   stdout\n > │half of it\n", ""),
    );
    workspace
}

#[track_caller]
fn find(workspace: &Workspace, args: &[&str]) -> Assert {
    workspace.xtask().arg("find").args(args).assert()
}

const FOUND: &str = "\
cat/copy   wasip1 same, wasip2 silent
    about         A copy loses data
    std           std::fs::copy, std::fs::File::try_clone
    wasip2        all of it → half of it
    grant         --dir=.
    what to do    copy it twice
    upstream      https://github.com/WebAssembly/wasi-libc/issues/7
    snapshot      snapshots/cat/copy.snap

1 case
";

#[test]
fn function_is_found_by_its_name() {
    let workspace = workspace();
    find(&workspace, &["try_clone"])
        .code(0)
        .prints("std           std::fs::File::try_clone, std::fs::copy\n");
    find(&workspace, &["TRY_CLONE", "loses"]).code(0).prints(FOUND);
    find(&workspace, &["half"]).code(0).prints(FOUND);
}

#[test]
fn item_of_std_is_not_a_mere_word() {
    let workspace = workspace();
    for item in ["std::fs::copy", "fs::copy", "copy", "fs.copy", "copy()"] {
        find(&workspace, &[item]).code(0).prints(FOUND);
    }
    find(&workspace, &["File::open"]).code(0).prints("cat/plain").prints("1 case\n");
}

#[test]
fn worst_cases_come_first() {
    let workspace = workspace();
    let found = find(&workspace, &["std::fs"]).code(0);
    let printed = String::from_utf8_lossy(&found.get_output().stdout).into_owned();
    assert!(printed.find("cat/copy") < printed.find("cat/plain"), "{printed}");
    assert!(printed.ends_with("2 cases\n"), "{printed}");
}

#[test]
fn many_cases_are_listed_and_the_worst_are_shown_in_full() {
    let workspace = workspace();
    let more: String =
        (1..=3).map(|number| format!("[plain-{number}]\nabout = 'Nothing differs'\n")).collect();
    workspace.cases("cat", &format!("{CASES}\n{more}"));
    for number in 1..=3 {
        let text = workspace.read("snapshots/cat/plain.snap");
        workspace.write(&format!("snapshots/cat/plain-{number}.snap"), &text);
    }
    find(&workspace, &["std::fs"])
        .code(0)
        .prints("snapshot      snapshots/cat/copy.snap\n")
        .prints("snapshot      snapshots/cat/plain-1.snap\n\ncat/plain-2   wasip1 same, wasip2 same\ncat/plain-3 ")
        .prints("\n5 cases, the worst first; --all shows all of them in full\n");
    find(&workspace, &["std::fs", "--all"]).code(0).prints("snapshots/cat/plain-3.snap\n\n5 cases\n");
}

#[test]
fn lines_are_wrapped_and_have_styles_on_a_terminal_only() {
    let workspace = workspace();
    let about = "A description of more than eighty characters, which is therefore broken into two lines";
    workspace.cases("cat", &CASES.replace("A copy loses data", about));
    find(&workspace, &["copy"]).code(0).prints(
        "    about         A description of more than eighty characters, which is\n                  \
         therefore broken into two lines\n",
    );
    let forced = |no_color: &str| {
        let mut find = workspace.xtask();
        find.args(["find", "copy"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", no_color);
        String::from_utf8(find.assert().code(0).get_output().stdout.clone()).unwrap()
    };
    let styled = forced("");
    assert!(
        styled.starts_with("\x1b[1mcat/copy\x1b[0m   wasip1 \x1b[32msame\x1b[0m, wasip2 \x1b[31msilent"),
        "{styled}"
    );
    assert!(find(&workspace, &["copy"]).get_output().stdout.iter().all(|byte| *byte != 0x1b));
}

#[test]
fn words_that_begin_with_dashes_are_searched() {
    let workspace = workspace();
    find(&workspace, &["--dir"]).code(2).says("to pass '--dir' as a value, use '-- --dir'");
    find(&workspace, &["--", "--dir"]).code(0).prints("2 cases\n");
}

#[test]
fn only_one_target_is_shown() {
    let workspace = workspace();
    find(&workspace, &["std::fs::copy", "--target", "wasip1"]).code(0).prints("cat/copy   wasip1 same\n");
    find(&workspace, &["copy", "--target", "wasip9"]).code(2).says("expected wasip1 or wasip2");
}

#[test]
fn output_of_programs_is_searched_last() {
    let workspace = workspace();
    find(&workspace, &["NotFound"]).code(0).prints("2 cases\n");
}

#[test]
fn nothing_found_suggests_a_similar_name() {
    let workspace = workspace();
    find(&workspace, &["try_clon3"])
        .code(4)
        .says("no case matches try_clon3")
        .says("help: cargo xtask find try_clone");
    find(&workspace, &["zzz"]).code(4).says("DIVERGENCES.md has the index of std");
    find(&workspace, &[]).code(2).says("<WORD>");
}

#[test]
fn impossible_silence_is_an_error() {
    let workspace = workspace();
    workspace.cases("cat", &CASES.replace("silent = ['wasip2']", "silent = ['wasip1']"));
    for command in ["find copy", "divergences"] {
        workspace
            .xtask()
            .args(command.split(' '))
            .assert()
            .code(2)
            .says("examples/cat/cases.toml: `copy` cannot be silent on wasip1: in the row `here`")
            .says("help: see the snapshot of cat/copy");
    }
}
