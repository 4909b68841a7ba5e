//! What one bad item costs in a check: its own result, and none of the others.

use std::fs;
use std::path::Path;
use std::time::Duration;

use assert_cmd::assert::Assert;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{AssertOutput, HELLO, Workspace, elements, objects};
#[cfg(target_os = "linux")]
use crate::support::{make_fifo, require, runs::xtask_under};

/// A workspace, and outside of it the package `demo` with these files.
fn with_package(files: &[(&str, &str)]) -> (Workspace, TempDir) {
    let (workspace, outside) = (Workspace::new(), tempfile::tempdir().expect("a directory should be made"));
    let manifest = "[package]\nname = \"demo\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[workspace]\n";
    for (path, text) in [("Cargo.toml", manifest)].iter().chain(files) {
        let path = outside.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("the directories should be made");
        fs::write(path, text).expect("the file should be written");
    }
    (workspace, outside)
}

#[track_caller]
fn check(workspace: &Workspace, outside: &TempDir, args: &[&str]) -> Assert {
    workspace.xtask().arg("check").arg(outside.path()).args(args).assert()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The source of twenty tests that find a copy of the package in which nothing was changed.
fn undisturbed() -> String {
    let test = |number| {
        format!("#[test]\nfn d{number:02}() {{ assert!(!std::path::Path::new(\"made\").exists()); }}\n")
    };
    (0..20).map(test).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_test_leaves_for_ever_costs_no_other_test() {
    use std::process::Command;

    let wrapper = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        // What is immutable vanishes with its file system.
        "mount -t tmpfs none /dev/shm && touch /dev/shm/file && chattr +i /dev/shm/file && chattr -i /dev/shm/file \
         && exec \"$@\"",
        "sh",
    ];
    let may_mount = Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").output();
    let is_possible = may_mount.is_ok_and(|ran| ran.status.success());
    if !require("the permission to mount, and `chattr +i` in memory, as root has it", is_possible) {
        return;
    }
    let bad = r#"
        #[cfg(not(target_family = "wasm"))]
        mod bad {
            use std::ffi::{c_char, c_int, c_ulong, c_void};

            unsafe extern "C" {
                fn mount(
                    from: *const c_char, to: *const c_char, kind: *const c_char, flags: c_ulong, data: *const c_void,
                ) -> c_int;
            }

            #[test]
            fn a_mounts() {
                std::fs::create_dir("made").unwrap();
                let null = std::ptr::null();
                let made = c"made".as_ptr();
                assert_eq!(unsafe { mount(c"none".as_ptr(), made, c"tmpfs".as_ptr(), 0, null) }, 0);
            }

            #[test]
            fn b_immutable() {
                std::fs::write("made", "").unwrap();
                let status = std::process::Command::new("chattr").args(["+i", "made"]).status();
                assert!(status.unwrap().success());
            }
        }
    "#;
    let (workspace, outside) = with_package(&[("src/lib.rs", &(undisturbed() + bad))]);
    let args = format!("check {} --tests --target wasip1 --junit report.xml", outside.path().display());
    let output = xtask_under(&workspace, &wrapper, &args).output().expect("unshare should start");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(stdout.contains("22 tests: 20 the same; 2 are left out for this target by a cfg"), "{stdout}");
    assert!(stderr.contains("warning: a directory is left that cannot be removed: "), "{stderr}");
    assert_eq!(elements(&workspace.read("report.xml")).len(), 1 + 1 + 22 + 2);
}

#[test]
#[cfg(unix)]
fn a_test_that_replaces_the_directory_of_all_tests_costs_no_other_test() {
    let bad = r#"
        #[cfg(not(target_family = "wasm"))]
        mod bad {
            use std::path::PathBuf;

            fn root() -> PathBuf {
                std::env::current_dir().unwrap().ancestors().nth(2).unwrap().into()
            }

            #[test]
            fn a_removes() {
                // Another test may create something there meanwhile.
                while std::fs::remove_dir_all(root()).is_err() {}
            }

            #[test]
            fn b_links() {
                let root = root();
                std::fs::remove_dir_all(&root).unwrap();
                std::os::unix::fs::symlink(concat!(env!("CARGO_MANIFEST_DIR"), "/kept"), root).unwrap();
            }
        }
    "#;
    let (workspace, outside) =
        with_package(&[("src/lib.rs", &(undisturbed() + bad)), ("kept/file.txt", "kept")]);
    workspace.example("hello", HELLO, "");
    let checked = check(&workspace, &outside, &["--tests", "--target", "wasip1", "--format", "json"]);
    let objects = objects(&checked);
    let is_good = |object: &&&Value| object["name"].as_str().is_some_and(|name| name.starts_with('d'));
    let tests = of_kind(&objects, "test");
    let good: Vec<_> = tests.iter().filter(is_good).collect();
    assert_eq!(good.len(), 20, "{objects:?}");
    for test in good {
        assert_eq!(test["here"]["wasip1"]["status"], "same", "{test}\n{checked}");
    }
    assert_eq!(fs::read_to_string(outside.path().join("kept/file.txt")).ok().as_deref(), Some("kept"));
    assert_eq!(fs::read_dir(outside.path().join("kept")).expect("a directory").count(), 1);
    workspace.assert_no_scratch();
}

/// A binary with one test that does something before its `main`, as a library that it is linked with might.
#[cfg(target_os = "linux")]
fn before_main(what: &str) -> String {
    format!(
        "#[cfg(target_os = \"linux\")]\n#[used]\n#[unsafe(link_section = \".init_array\")]\n\
         static BEFORE: extern \"C\" fn() = {{ extern \"C\" fn before() {{ {what} }} before }};\n\
         #[test]\nfn t() {{}}\n"
    )
}

#[test]
#[cfg(target_os = "linux")]
fn a_binary_that_does_not_list_its_tests_is_named() {
    let exits = before_main("eprintln!(\"no \\u{1b}[2J list\"); std::process::exit(3)");
    let hangs = before_main("std::thread::sleep(std::time::Duration::from_secs(3600))");
    let (workspace, outside) = with_package(&[
        ("src/lib.rs", "#[test]\nfn agrees() {}\n"),
        ("tests/exits.rs", &exits),
        ("tests/hangs.rs", &hangs),
    ]);
    let args = ["--tests", "--target", "wasip1", "--timeout", "2s", "--junit", "report.xml"];
    check(&workspace, &outside, &args)
        .code(101)
        .prints("  wasip1   1 test: 1 the same\n")
        .prints(
            "    exits@native: it does not list its tests: exit 3\n    hangs@native: it does not list its tests: timed out\n",
        )
        .says("error: exits@native: it does not list its tests: exit 3\n  │no ")
        .says("error: hangs@native: it does not list its tests: timed out\nhelp: `cargo test -- --list` has to");
    let elements = elements(&workspace.read("report.xml"));
    let suites: Vec<_> = elements
        .iter()
        .filter(|(name, _)| name == "testsuite")
        .map(|(_, attributes)| (&*attributes["name"], &*attributes["errors"]))
        .collect();
    assert_eq!(suites, [("lib@wasip1", "0"), ("exits@native", "1"), ("hangs@native", "1")]);

    let json = check(&workspace, &outside, &[&args[..5], &["--format", "json"]].concat()).code(101);
    let objects = objects(&json);
    let errors = of_kind(&objects, "error");
    assert_eq!(errors.len(), 2, "{objects:?}");
    assert_eq!((&errors[0]["binary"], &errors[0]["name"]), (&Value::from("exits"), &Value::Null));
    assert_eq!(of_kind(&objects, "summary")[0]["without_result"], 2);
}

/// A program that does what its argument names.
const DOES: &str = r#"
    fn main() {
        match &*std::env::args().nth(1).unwrap() {
            "hang" => std::thread::sleep(std::time::Duration::from_secs(3600)),
            "differ" => std::process::exit(std::fs::exists("..").is_ok() as i32 + seconds() % 7),
            word => println!("{}", word.len()),
        }
    }

    fn seconds() -> i32 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        (since.as_secs() % 100) as i32
    }
"#;

#[test]
fn a_case_without_a_result_costs_no_other_case() {
    let (workspace, outside) = with_package(&[("src/main.rs", DOES)]);
    let file = outside.path().join("my-cases.toml");
    // Linux does not take an argument of 128 KiB or more (execve(2)).
    let long = "x".repeat(200_000);
    let cases = format!(
        "[a]\nargs = ['one']\n[hangs]\nargs = ['hang']\ntimeout = '1s'\n[differs]\nargs = ['differ']\n\
         [long]\nargs = ['{long}']\n[z]\nargs = ['two']\n"
    );
    fs::write(&file, cases).expect("the file should be written");
    let cases = ["--target", "wasip1", "--cases", file.to_str().expect("UTF-8")];
    check(&workspace, &outside, &cases)
        .code(101)
        .prints("\na\n  wasip1   the same as native\n")
        .prints("\nz\n  wasip1   the same as native\n")
        .prints(
            "\nhangs\n  no result: demo does not end natively: it was stopped after 1s\n  help: give it less",
        )
        .prints("\ndiffers\n  no result: demo does not always end in the same way natively: exit ")
        .prints("\nlong\n  no result: ")
        .prints("\n5 cases: 2 the same, 0 different, 3 without a result\n")
        .says("error: demo/hangs: demo does not end natively: it was stopped after 1s\nhelp: give it less")
        .says("error: demo/long: demo/long/default@");

    let json = check(&workspace, &outside, &[&cases[..], &["--format", "json"]].concat()).code(101);
    let objects = objects(&json);
    let errors: Vec<_> = of_kind(&objects, "error").iter().map(|error| error["case"].clone()).collect();
    assert_eq!(errors, ["demo/hangs", "demo/differs", "demo/long"]);
    let agree: Vec<_> = of_kind(&objects, "answer").iter().map(|answer| answer["case"].clone()).collect();
    assert_eq!(agree, ["demo/a", "demo/z"]);
    let summary = of_kind(&objects, "summary")[0];
    assert_eq!([&summary["cases"], &summary["agree"], &summary["without_result"]], [5, 2, 3]);

    let one = check(&workspace, &outside, &["--format", "json", "--timeout", "1s", "--", "hang"]).code(101);
    let objects = crate::support::objects(&one);
    assert_eq!(of_kind(&objects, "error")[0]["case"], "demo/default");
}

#[test]
fn a_cell_that_cannot_be_started_costs_no_other_cell() {
    let long = "x".repeat(200_000);
    let workspace =
        Workspace::with("long", HELLO, &format!("[default]\nargs = ['{long}']\ntargets = ['native']\n"));
    workspace.example("hello", HELLO, "");
    workspace
        .test("--accept --junit report.xml")
        .code(101)
        .says("error: long/default/default@native: cannot run ")
        .says("1 passed (1 newly accepted)");
    let elements = elements(&workspace.read("report.xml"));
    let number = |name: &str| elements.iter().filter(|(other, _)| other == name).count();
    assert_eq!([number("testsuite"), number("testcase"), number("failure"), number("error")], [2, 4, 0, 1]);
    assert_eq!(workspace.snapshots().len(), 1);
}

/// Asserts that these arguments are refused before anything is compiled.
#[track_caller]
fn assert_refused(workspace: &Workspace, args: &[&str], junit: &Path, why: &str) {
    let run =
        workspace.xtask().args(args).arg("--junit").arg(junit).timeout(Duration::from_secs(60)).assert();
    run.code(2)
        .says(&format!("error: cannot write {}: {why}", junit.display()))
        .says("\nhelp: name a file with --junit")
        .does_not_say("Building");
    assert!(!workspace.path("target/parallax/lock").exists(), "a run has begun");
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_run() {
    let (workspace, outside) = with_package(&[("src/lib.rs", "#[test]\nfn agrees() {}\n")]);
    workspace.example("hello", HELLO, "");
    let package = outside.path().to_str().expect("UTF-8");
    for args in [&["test"][..], &["check", package, "--tests"]] {
        assert_refused(&workspace, args, Path::new("/nosuch/x.xml"), "No such file or directory");
        assert_refused(&workspace, args, outside.path(), "it is not a regular file");
        #[cfg(target_os = "linux")]
        {
            assert_refused(&workspace, args, Path::new("/dev/full"), "it is not a regular file");
            let fifo = workspace.path("fifo");
            if !fifo.exists() {
                make_fifo(&fifo);
            }
            assert_refused(&workspace, args, &fifo, "it is not a regular file");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn results_are_shown_before_a_report_that_cannot_be_written() {
    // The report's directory goes away during the run.
    let out = tempfile::tempdir().expect("a directory should be made");
    let out = out.path().to_str().expect("UTF-8");
    let gone = format!("#[test]\nfn removes() {{ let _ = std::fs::remove_dir_all({out:?}); }}\n");
    let (workspace, outside) = with_package(&[("src/lib.rs", &gone)]);
    let junit = Path::new(out).join("report.xml");
    let args = ["--tests", "--target", "wasip1", "--junit", junit.to_str().expect("UTF-8")];
    check(&workspace, &outside, &args)
        .code(101)
        .prints("  wasip1   1 test: 1 the same\n")
        .says(&format!("error: cannot write {}: No such file or directory", junit.display()));

    let program = "fn main() { let _ = std::fs::remove_dir_all(std::env::args().nth(1).unwrap()); }";
    let out = workspace.path("out");
    let cases = format!("[default]\nargs = ['{}']\ntargets = ['native']\n", out.display());
    workspace.example("removes", program, &cases);
    fs::create_dir(&out).expect("the directory should be made");
    workspace
        .test("--accept --junit out/report.xml")
        .code(101)
        .says("Summary")
        .says("1 passed")
        .says("error: cannot write out/report.xml: No such file or directory");
}

#[test]
#[cfg(target_os = "linux")]
fn junit_of_tests_is_valid_xml_whatever_they_say() {
    let noise = "\\u{1b}[2J \\u{fffe} \\u{ffff} ]]> <a b='c'> &amp; \\u{202e}";
    let test = format!(
        "#[test]\nfn noise() {{ if cfg!(target_family = \"wasm\") {{ panic!(\"{noise}\") }} }}\n\
         #[test]\nfn natively() {{ panic!(\"{noise}\") }}\n"
    );
    // The compiler shows the text of `compile_error!` as it is.
    let failing =
        format!("#[cfg(target_family = \"wasm\")]\ncompile_error!(\"{noise}\");\n#[test]\nfn t() {{}}\n");
    let forged = before_main(&format!(
        "if std::env::args().any(|arg| arg == \"--list\") {{ println!(\"{noise}: test\") }}"
    ));
    let (workspace, outside) =
        with_package(&[("src/lib.rs", &test), ("tests/failing.rs", &failing), ("tests/forged.rs", &forged)]);
    check(&workspace, &outside, &["--tests", "--target", "wasip1", "--junit", "report.xml"]).code(100);
    let xml = workspace.read("report.xml");
    let elements = elements(&xml);
    let number = |name: &str| elements.iter().filter(|(other, _)| other == name).count();
    assert_eq!([number("testcase"), number("failure"), number("skipped")], [5, 2, 2], "{xml}");
    assert!(xml.contains("\\u{fffe}") && xml.contains("]]&gt; &lt;a b='c'&gt; &amp;amp;"), "{xml}");
}
