//! `cargo xtask check --tests`: the tests of a package outside of the catalogue.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use assert_cmd::assert::Assert;
use serde_json::{Value, json};

use crate::support::{AssertOutput, Workspace, files_at, objects, without_variables_of_caller};

/// Tests of each kind, whose names say what they need.
const TESTS: &str = r#"
#[cfg(test)]
mod tests {
    #[test]
    fn agrees() {
        assert_eq!(1 + 1, 2);
    }
    #[test]
    fn relative_path() {
        assert_eq!(std::fs::read_to_string("data/a.txt").unwrap(), "a letter\n");
    }
    #[test]
    fn compiled_in_path() {
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/a.txt")).unwrap();
    }
    #[test]
    fn variable() {
        assert!(std::env::var("CARGO_MANIFEST_DIR").unwrap().len() > 1);
    }
    #[test]
    fn temporary_file() {
        let directory = std::env::var("TMPDIR").unwrap_or("/tmp".into());
        std::fs::write(format!("{directory}/file"), "x").unwrap();
    }
    #[test]
    fn own_copy() {
        assert!(!std::fs::exists("data/made").unwrap(), "another test has written here");
        std::fs::write("data/made", "x").unwrap();
    }
    #[test]
    fn own_copy_again() {
        own_copy();
    }
    #[test]
    #[should_panic]
    fn panics() {
        panic!("as it should");
    }
    #[test]
    fn catches() {
        assert!(std::panic::catch_unwind(|| panic!("caught")).is_err());
    }
    #[test]
    fn thread() {
        std::thread::spawn(|| ()).join().unwrap();
    }
    #[test]
    fn temp_dir() {
        assert!(std::env::temp_dir().is_absolute());
    }
    #[test]
    fn overflow() {
        let bits: usize = std::hint::black_box(1 << 31);
        assert!(bits * 2 > bits);
    }
    #[test]
    fn unknown() {
        assert!(cfg!(not(target_family = "wasm")), "only its author knows why");
    }
    #[test]
    #[cfg(not(target_family = "wasm"))]
    fn not_here() {}
    #[test]
    #[cfg_attr(target_family = "wasm", IGNORE)]
    fn ignored_here() {}
    #[test]
    #[IGNORE]
    fn ignored() {}
    #[test]
    fn fails_natively() {
        assert_eq!(std::hint::black_box(1), 2, "this is wrong everywhere");
    }
}
"#;

/// A workspace, and outside of it the package `demo` with these tests. A file in `tests/` does not compile for wasm.
fn with_tests() -> (Workspace, tempfile::TempDir) {
    let workspace = Workspace::new();
    let outside = tempfile::tempdir().unwrap();
    write(
        &outside,
        "Cargo.toml",
        &manifest("demo", "[workspace]\n\n[[test]]\nname = \"own\"\nharness = false\n"),
    );
    write(&outside, "src/lib.rs", &TESTS.replace("IGNORE", "ignore"));
    write(&outside, "data/a.txt", "a letter\n");
    write(
        &outside,
        "tests/unix.rs",
        "#[test]\nfn links() { use std::os::unix::fs::symlink; symlink(\"a\", \"b\").unwrap(); }\n",
    );
    write(&outside, "tests/own.rs", "fn main() { println!(\"no libtest\"); }\n");
    (workspace, outside)
}

fn manifest(name: &str, more: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n{more}")
}

fn write(outside: &tempfile::TempDir, path: &str, text: &str) {
    let path = outside.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[track_caller]
fn check(workspace: &Workspace, outside: &tempfile::TempDir, args: &[&str]) -> Assert {
    workspace.xtask().arg("check").arg(outside.path()).arg("--tests").args(args).assert()
}

/// What a test does on a target, from `--format json`: `same`, its flags, or the cause.
fn answers(objects: &[Value], target: &str) -> BTreeMap<String, String> {
    let answer = |object: &Value| {
        let here = &object["here"][target];
        let text = match here["status"].as_str()? {
            "needs" => {
                here["flags"].as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
            }
            "differs" => here["cause"].as_str()?.to_string(),
            status => status.to_string(),
        };
        Some((object["name"].as_str()?.trim_start_matches("tests::").to_string(), text))
    };
    objects.iter().filter_map(answer).collect()
}

#[test]
fn each_test_has_its_answer_on_each_target() {
    let (workspace, outside) = with_tests();
    let before = files_at(outside.path());
    let assert = check(&workspace, &outside, &["--format", "json"]).code(100);
    assert_eq!(files_at(outside.path()), before, "something was left in the user's directory");
    let objects = objects(&assert);
    let root = outside.path().canonicalize().unwrap();
    let expected = [
        ("agrees", "same"),
        ("relative_path", "--dir=."),
        ("compiled_in_path", &format!("--dir=.::{}", root.display())),
        ("variable", "--env=CARGO_MANIFEST_DIR"),
        ("temporary_file", "--dir=/tmp"),
        ("own_copy", "--dir=."),
        ("own_copy_again", "--dir=."),
        ("panics", "panic-abort"),
        ("catches", "panic-abort"),
        ("thread", "no-threads"),
        ("temp_dir", "std-panics"),
        ("overflow", "usize-32"),
        ("unknown", "cannot-tell"),
        ("not_here", "own-code"),
        ("ignored_here", "own-code"),
        ("links", "std-missing"),
        ("own", "same"),
    ];
    let expected: BTreeMap<_, _> = expected.map(|(name, what)| (name.to_string(), what.to_string())).into();
    assert_eq!(answers(&objects, "wasip1"), expected);
    assert_eq!(answers(&objects, "wasip2"), expected);

    let native = |name: &str| {
        let is_named = |object: &&Value| object["name"].as_str().is_some_and(|found| found.ends_with(name));
        objects.iter().find(is_named).unwrap()["native"]["status"].clone()
    };
    assert_eq!(
        [native("agrees"), native("::ignored"), native("fails_natively")],
        ["pass", "ignored", "fail"]
    );
    let of_kind = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap();
    assert_eq!(of_kind("target")["pass_with_flags"], 8);
    assert_eq!(of_kind("target")["not_built"], json!({"unix": "error[E0433]: cannot find `unix` in `os`"}));
    assert_eq!(of_kind("summary")["compared"], 17);
    assert_eq!(of_kind("summary")["own_harness"], json!(["own"]));
}

#[test]
fn the_answer_comes_before_the_evidence() {
    let (workspace, outside) = with_tests();
    let junit = workspace.path("report.xml");
    let junit = junit.to_str().unwrap();
    let only = ["--lib", "--target", "wasip1", "--junit", junit];
    let printed = check(&workspace, &outside, &[&only[..], &["--", "relative", "thread", "panics", "ignored", "fails"]].concat())
        .code(100)
        .prints(
            "demo 1.2.3, the tests for native, wasip1\n\n  \
             wasip1   4 tests: 0 the same; 1 needs --dir=.; 1 needs threads;\n           \
             1 is ignored for this target by its author;\n           \
             1 is #[should_panic], which libtest ignores where a panic aborts\n",
        )
        .prints("Not compared, because of what they do natively: 1 ignored, 1 failing\n    lib tests::fails_natively: assertion `left == right` failed: this is wrong everywhere")
        .prints("                          native  wasip1\nlib tests::relative_path     A      B\n")
        .prints("\nB  passes with --dir=.\n")
        .prints("[no-threads]\n   lib tests::thread\n   │panicked at library/std/src/thread/")
        .prints("│failed to spawn thread: ")
        .prints("With the flags of all of them, 1 of 4 pass on wasip1:\n")
        .prints("\n  There, cargo runs all tests of a binary in one process, and the first that fails ends it:\n");
    let line = printed.stdout_text();
    let line =
        line.lines().find(|line| line.starts_with("  cargo test --target wasm32-wasip1 --config ")).unwrap();
    let mut shell = without_variables_of_caller("sh");
    shell.args(["-c", &format!("{line} --offline --lib relative_path")]).current_dir(outside.path());
    shell.env("CARGO_TARGET_DIR", workspace.path("of the user"));
    shell.assert().success().prints("test tests::relative_path ... ok");
    let xml = workspace.read("report.xml");
    for part in [
        "<testsuite name=\"lib@wasip1\" tests=\"6\" failures=\"1\" errors=\"0\" skipped=\"4\">",
        "name=\"tests::relative_path\">\n      <system-out>passes with --dir=.</system-out>",
        "<failure message=\"needs threads  [no-threads] failed to spawn thread: ",
        "<skipped message=\"fails natively: assertion",
    ] {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
}

#[test]
fn flags_and_what_is_left_out_are_no_difference() {
    let (workspace, outside) = with_tests();
    check(&workspace, &outside, &["--lib", "--", "relative", "::panics", "not_here", "ignored_here"]).code(0);
    check(&workspace, &outside, &["--test", "own", "--target", "wasip2"])
        .code(0)
        .prints("  wasip2   1 test: 1 the same\n")
        .prints("Run as one test each, because of harness = false: own\n");
    check(&workspace, &outside, &["--lib", "--", "absent"])
        .code(4)
        .says("no test of demo has `absent` in its name");
    check(&workspace, &outside, &["--", "--nocapture"])
        .code(2)
        .says("`--nocapture` is not a part of the name");
    check(&workspace, &outside, &["--cwd", "."]).code(2);
    workspace.xtask().args(["check", ".", "--lib"]).assert().code(2);
}

#[test]
fn a_member_sees_the_files_of_its_workspace() {
    let (workspace, outside) = (Workspace::new(), tempfile::tempdir().unwrap());
    let read = "#[test]\nfn reads() { std::fs::read(\"NAME\").unwrap(); }\n";
    write(&outside, "Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n");
    for name in ["one", "two"] {
        write(&outside, &format!("{name}/Cargo.toml"), &manifest(name, ""));
    }
    write(&outside, "one/src/lib.rs", &read.replace("NAME", "../two/shared.txt"));
    write(&outside, "two/src/lib.rs", &read.replace("NAME", "shared.txt"));
    write(&outside, "two/shared.txt", "shared\n");
    check(&workspace, &outside, &["-p", "two", "--target", "wasip1"]).code(0).prints(
        "two 1.2.3, the tests for native, wasip1\n\n  wasip1   1 test: 0 the same; 1 needs --dir=.\n",
    );
    check(&workspace, &outside, &["-p", "one", "--target", "wasip1"])
        .code(100)
        .prints("  wasip1   1 test: 0 the same; 1 differs for another reason\n");
    check(&workspace, &outside, &[]).code(2).says("choose one with -p: one, two");
}

#[test]
fn what_does_not_compile_is_explained() {
    let (workspace, outside) = (Workspace::new(), tempfile::tempdir().unwrap());
    let needs_unix = "pub fn f() { let _ = std::os::unix::fs::symlink(\"a\", \"b\"); }\n";
    write(
        &outside,
        "Cargo.toml",
        &manifest("demo", "[workspace]\n\n[dev-dependencies]\nhelper = { path = \"helper\" }\n"),
    );
    write(&outside, "helper/Cargo.toml", &manifest("helper", ""));
    write(&outside, "helper/src/lib.rs", needs_unix);
    write(&outside, "src/lib.rs", "#[test]\nfn agrees() { helper::f(); }\n");
    check(&workspace, &outside, &["--target", "wasip2"])
        .code(100)
        .prints("1 is in a test binary that does not compile, because of another package")
        .prints("[crate-not-supported]\n   helper 1.2.3: error[E0433]: cannot find `unix` in `os`");
    write(&outside, "src/lib.rs", "#[test]\nfn wrong() { missing }\n");
    check(&workspace, &outside, &["--target", "wasip2"])
        .code(101)
        .says("the tests do not compile natively:\nerror[E0425]: cannot find value `missing`");
    let before: Vec<PathBuf> = files_at(outside.path()).into_keys().collect();
    assert!(!before.iter().any(|path| path.ends_with("Cargo.lock")), "{before:?}");
}

#[test]
fn the_network_is_granted_only_if_the_user_allows_it() {
    let (workspace, outside) = (Workspace::new(), tempfile::tempdir().unwrap());
    write(&outside, "Cargo.toml", &manifest("demo", "[workspace]\n"));
    write(
        &outside,
        "src/lib.rs",
        "#[test]\nfn listens() { std::net::TcpListener::bind(\"127.0.0.1:0\").unwrap(); }\n",
    );
    check(&workspace, &outside, &["--target", "wasip2"]).code(100).prints("1 differs for another reason");
    check(&workspace, &outside, &["--target", "wasip2", "--allow-network"])
        .code(0)
        .prints("1 test: 0 the same; 1 needs -S inherit-network\n");
}

#[test]
fn a_dependency_can_have_the_name_of_the_package() {
    let (workspace, outside) = (Workspace::new(), tempfile::tempdir().unwrap());
    let older = tempfile::tempdir().unwrap();
    let path = older.path().display();
    let dependency =
        format!("[workspace]\n\n[dev-dependencies]\nolder = {{ package = \"demo\", path = \"{path}\" }}\n");
    write(&outside, "Cargo.toml", &manifest("demo", &dependency));
    write(&outside, "src/lib.rs", "#[test]\nfn agrees() { older::f(); }\n");
    write(&older, "Cargo.toml", &manifest("demo", "[workspace]\n").replace("1.2.3", "1.0.0"));
    write(&older, "src/lib.rs", "pub fn f() {}\n#[test]\nfn of_the_other() {}\n");
    check(&workspace, &outside, &["--target", "wasip1"]).code(0).prints("  wasip1   1 test: 1 the same\n");
}

#[test]
#[cfg(unix)]
fn a_binary_that_wasmtime_has_compiled_in_part_is_not_used() {
    use std::os::unix::fs::PermissionsExt;

    use crate::support::HELLO;

    let (workspace, outside) = with_tests();
    let wasmtime = workspace.path("tools/wasmtime");
    // `wasmtime compile` fails after it has written a part, as on a full disk.
    let script = "#!/bin/sh\nif [ \"$1\" = compile ]; then\n\
                  for word; do case $last in -o) echo part > \"$word\";; esac; last=$word; done\n\
                  touch \"$0.called\"; exit 1\nfi\nexec WASMTIME \"$@\"\n";
    workspace.example("hello", HELLO, "");
    let script = script.replace("WASMTIME", workspace.wasmtime().to_str().unwrap());
    workspace.write("tools/wasmtime", &script);
    fs::set_permissions(&wasmtime, fs::Permissions::from_mode(0o755)).unwrap();
    for _ in 0..2 {
        let mut command = workspace.xtask();
        command
            .arg("check")
            .arg(outside.path())
            .args(["--tests", "--lib", "--target", "wasip1", "--", "agrees"]);
        command.env("WASMTIME", &wasmtime).assert().code(0).prints("  wasip1   1 test: 1 the same\n");
    }
    assert!(workspace.path("tools/wasmtime.called").exists(), "wasmtime was not called to compile");
}
