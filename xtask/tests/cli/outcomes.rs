//! What a program does is recorded as its outcome, also if the program does not build.

use crate::support::{AssertOutput, HELLO, Workspace, objects, require, snapshot};

#[test]
fn build_failure_for_one_target_is_recorded() {
    let program = r#"
        #[cfg(all(target_os = "wasi", target_env = "p1"))]
        compile_error!("preview 1 is not supported");

        fn main() { println!("Hello!"); }
    "#;
    let workspace = Workspace::with("picky", program, "");
    workspace.example("hello", HELLO, "");
    workspace.test("").code(100).says("hello/default  AAA").says("picky/default  ABA").says("compile_error!");
    workspace.test("--accept").code(0);
    assert_eq!(
        workspace.read("snapshots/picky/default.snap"),
        snapshot(
            "\
$ picky
           native  wasip1  wasip2
default      A       B       A

A  exit 0
   stdout
   │Hello!

B  does not build: error: preview 1 is not supported
"
        )
    );
    // The compiler's messages are not shown for an outcome that is recorded.
    workspace.test_in_ci("").code(0).does_not_say("compile_error!");
}

#[test]
fn program_that_starts_to_build_is_a_difference() {
    let workspace = Workspace::with("late", "fn main() { unknown(); }", "[default]\nbuilds = false\n");
    workspace.example("hello", HELLO, "");
    workspace.test("--accept").code(0);
    assert!(workspace.read("snapshots/late/default.snap").contains("A  does not build: error[E0425]: "));
    workspace.program("late", HELLO);
    workspace.test_in_ci("").code(100).says("- A  does not build").says("│Hello!");
}

#[test]
fn program_that_does_not_compile_natively_is_an_error_and_is_not_recorded() {
    let workspace = Workspace::with("broken", "fn main() { unknown(); }", "[one]\n[two]\n");
    for args in ["", "--accept", "broken --accept", "--target wasip1 --accept", "--check"] {
        workspace
            .test(args)
            .code(101)
            .says("BROKEN")
            .says("cannot find function `unknown` in this scope")
            .says("the example `broken` does not compile for native")
            .says("builds = false")
            .does_not_say("would contain")
            .does_not_say("cargo insta review");
        assert!(!workspace.path("snapshots").exists(), "{args}");
    }
    // The error is shown once, not for each case.
    assert_eq!(workspace.test("").stderr_text().matches("error[E0425]").count(), 1);
}

#[test]
fn program_that_compiles_for_no_target_of_its_cases_is_an_error() {
    let workspace = Workspace::with("broken", "fn main() { unknown(); }", "[one]\ntargets = ['wasip2']\n");
    workspace.test("--accept").code(101).says("does not compile for wasip2");
    assert!(!workspace.path("snapshots").exists());
    workspace.cases("broken", "[one]\ntargets = ['wasip2']\nbuilds = false\n");
    workspace.test("--accept").code(0).says("ACCEPTED");
}

#[test]
fn error_in_one_example_costs_no_other_its_result() {
    let workspace = Workspace::with_hello();
    workspace.example("typo", HELLO, "");
    workspace.example("waits", HELLO, "");
    workspace.test("typo --accept").code(0);
    let recorded = workspace.snapshots();
    workspace.program("typo", "fn main() { let x: u32 = \"a\"; }");
    let run = workspace
        .test("--accept")
        .code(101)
        .says("ACCEPTED")
        .says("PASS")
        .says("2 passed (1 newly accepted), 1 failed");
    // What the snapshot shows is not printed as removed.
    run.says("mismatched types").does_not_say("Hello!");
    let typo = std::path::Path::new("snapshots/typo/default.snap");
    assert_eq!(workspace.snapshots()[typo], recorded[typo]);
    let cases = objects(&workspace.test_in_ci("--format json typo").code(101));
    assert_eq!(cases.iter().find(|object| object["kind"] == "case").expect("a case")["status"], "broken");
}

#[test]
fn error_of_the_compiler_comes_before_the_difference() {
    let workspace = Workspace::with_hello();
    workspace.program("hello", "fn main() { #[cfg(target_os = \"wasi\")] unknown(); }");
    let stderr = workspace.test_in_ci("").code(100).stderr_text();
    let at = |text: &str| stderr.find(text).unwrap_or_else(|| panic!("{text} is not in\n{stderr}"));
    assert!(at("error[E0425]") < at("│Hello!"), "{stderr}");
}

#[test]
fn manifest_that_cargo_cannot_read_is_an_error() {
    let workspace = Workspace::with_hello();
    let manifest =
        workspace.read("examples/hello/Cargo.toml") + "\n[dependencies]\nabsent = { path = \"no\" }\n";
    workspace.write("examples/hello/Cargo.toml", &manifest);
    workspace.test("").code(101).says("absent").does_not_say("FAIL");
}

#[test]
fn files_that_a_program_changes_are_recorded() {
    let program = r#"
        fn main() {
            std::fs::write("made.txt", "new\n").unwrap();
            std::fs::write("changed.txt", "after\n").unwrap();
            std::fs::remove_file("removed.txt").unwrap();
        }
    "#;
    let workspace = Workspace::with("files", program, "[default]\ntargets = ['native']\n");
    workspace.write("examples/files/fixture/changed.txt", "before\n");
    workspace.write("examples/files/fixture/removed.txt", "before\n");
    workspace.test("--accept").code(0);
    let recorded = workspace.read("snapshots/files/default.snap");
    let files = "   files\n   changed  changed.txt\n   │after\n   created  made.txt\n   │new\n   removed  removed.txt\n";
    assert!(recorded.ends_with(files), "{recorded}");
    assert_eq!(workspace.read("examples/files/fixture/removed.txt"), "before\n");
}

#[test]
fn build_errors_that_differ_between_targets_are_recorded_separately() {
    let program = |first: &str, second: &str| {
        format!(
            "#[cfg(target_env = \"p1\")] compile_error!(\"{first}\");\n\
             #[cfg(target_env = \"p2\")] compile_error!(\"{second}\");\nfn main() {{}}\n"
        )
    };
    let workspace = Workspace::with("apart", &program("one", "two"), "");
    workspace.test("--accept").code(0).says("ABC");
    let recorded = workspace.read("snapshots/apart/default.snap");
    assert!(recorded.contains("B  does not build: error: one\n"), "{recorded}");
    assert!(recorded.contains("C  does not build: error: two\n"), "{recorded}");
    workspace.test_in_ci("").code(0);
    workspace.program("apart", &program("two", "one"));
    workspace.test_in_ci("").code(100).says("default@wasip1").says("default@wasip2");
    workspace.program("apart", "fn main() {}");
    workspace.test_in_ci("").code(100).says("default@wasip1 B→A").says("default@wasip2 C→A");
}

#[test]
#[cfg(target_os = "linux")]
fn write_errors_on_stdout_are_recorded() {
    let program = r#"
        use std::io::Write;

        fn main() { eprintln!("{:?}", std::io::stdout().write_all(b"a line\n").map_err(|error| error.kind())); }
    "#;
    let cases =
        "[broken]\nstdout = 'broken'\ntargets = ['native']\n[full]\nstdout = 'full'\ntargets = ['native']\n";
    let workspace = Workspace::with("writes", program, cases);
    workspace.test("--accept").code(0);
    let recorded = |case: &str, stdout: &str, kind: &str| {
        let table = format!(
            "$ writes\nstdout: {stdout}\n           native\ndefault      A\n\n\
             A  exit 0\n   stderr\n   │Err({kind})\n"
        );
        assert_eq!(workspace.read(&format!("snapshots/writes/{case}.snap")), snapshot(&table));
    };
    recorded("broken", "a pipe whose reader has gone", "BrokenPipe");
    recorded("full", "a device that is full", "StorageFull");
    // The snapshots can be read again.
    workspace.test_in_ci("").code(0);
    workspace.cases("writes", "[broken]\nstdout = 'brokn'\n");
    workspace.test("").code(2).says("cases.toml:2:10").says("expected `broken` or `full`");
}

#[test]
#[cfg(target_os = "linux")]
fn fifos_are_made_in_the_scratch_directory() {
    let program = r#"
        fn main() {
            let path = std::env::args().nth(1).unwrap();
            let kind = std::fs::metadata(&path).unwrap().file_type();
            println!("{}", std::os::unix::fs::FileTypeExt::is_fifo(&kind));
            if std::env::args().count() > 2 { std::fs::remove_file(&path).unwrap(); }
        }
    "#;
    let cases = "[stays]\nfifos = ['below/pipe']\nargs = ['below/pipe']\ntargets = ['native']\n\
                 [goes]\nfifos = ['below/pipe']\nargs = ['below/pipe', 'x']\ntargets = ['native']\n\
                 [in-a-new-directory]\nfifos = ['made/for/it/']\nargs = ['made/for/it']\ntargets = ['native']\n";
    let workspace = Workspace::with("looks", program, cases);
    workspace.write("examples/looks/fixture/below/file.txt", "");
    workspace.test("--accept").code(0);
    let stays = workspace.read("snapshots/looks/stays.snap");
    assert!(stays.contains("\nfifo: below/pipe\n") && stays.ends_with("│true\n"), "{stays}");
    assert!(workspace.read("snapshots/looks/goes.snap").contains("removed  below/pipe"));
    let made = workspace.read("snapshots/looks/in-a-new-directory.snap");
    assert!(made.ends_with("│true\n"), "{made}");
    for bad in ["../pipe", "/pipe", "", "a/../pipe", "."] {
        workspace.cases("looks", &format!("[stays]\nfifos = ['{bad}']\n"));
        workspace.test("").code(2).says("cases.toml:2:10").says("not a path in the scratch directory");
    }
    for (bad, column, what) in [
        ("'below/file.txt'", 10, "`below/file.txt` is already there"),
        ("'below'", 10, "`below` is already there"),
        ("'below/file.txt/pipe'", 10, "`below/file.txt` is not a directory"),
        ("'pipe', 'pipe'", 18, "`pipe` is already there"),
        ("'pipe', 'pipe/x'", 18, "`pipe` is not a directory"),
    ] {
        workspace.cases("looks", &format!("[stays]\nfifos = [{bad}]\n"));
        workspace.test("").code(2).says(&format!("cases.toml:2:{column}")).says(what);
    }
}

#[test]
#[cfg(unix)]
fn argument_can_contain_bytes_that_are_not_valid_utf8() {
    let program =
        r#"fn main() { println!("{:?}", std::env::args_os().nth(1).unwrap().as_encoded_bytes()); }"#;
    let workspace =
        Workspace::with("bytes", program, "[one]\nargs = ['caf{byte:e9}']\ntargets = ['native']\n");
    workspace.test("--accept").code(0);
    let one = workspace.read("snapshots/bytes/one.snap");
    assert!(one.contains("$ bytes $'caf\\xe9'\n") && one.ends_with("│[99, 97, 102, 233]\n"), "{one}");
    for bad in ["{byte:", "{byte:e}", "{byte:zz}", "{byte:00}", "{byte:+e}", "{byte:e9e9}"] {
        workspace.cases("bytes", &format!("[one]\nargs = ['{bad}']\n"));
        workspace.test("").code(2).says("cases.toml:2:9").says("two hexadecimal digits");
    }
}

/// What a snapshot shows as the command line is one, whatever the words have, and nothing in it is hidden.
#[test]
#[cfg(target_os = "linux")]
fn command_line_of_a_snapshot_means_the_same_to_a_shell() {
    let has_bash = std::process::Command::new("bash").arg("--version").output();
    if !require("`bash`", has_bash.is_ok_and(|ran| ran.status.success())) {
        return;
    }
    let program = r#"
        fn main() {
            let words = std::env::args_os().skip(1).chain(std::env::var_os("odd name"));
            words.for_each(|word| println!("{:?}", word.as_encoded_bytes()));
        }
    "#;
    let words = [
        r"\u001b[2J'\t\n\\x",
        r"a\u202eb\u200bc",
        "",
        " ",
        "{a,b}",
        "~",
        "ü",
        "{byte:e9}0",
        r"\r",
        "*",
        "$HOME",
        "!x",
    ];
    let words = words.map(|word| format!("\"{word}\"")).join(", ");
    let cases = format!(
        "[one]\ntargets = ['native']\nargs = [{words}]\nenv = {{ A = 'x', 'odd name' = \"\\u001b\" }}\n"
    );
    let workspace = Workspace::with("words", program, &cases);
    workspace.test("--accept").code(0);
    let recorded = workspace.read("snapshots/words/one.snap");
    assert!(!recorded.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\r', '\t']), "{recorded:?}");
    let line = recorded.lines().find_map(|line| line.strip_prefix("$ ")).expect("a command line");
    let program = workspace.listed("")[0]["argv"][0].as_str().expect("a program").to_string();
    let path = std::path::Path::new(&program).parent().expect("a directory");
    // The locale is not that of the test.
    let ran = assert_cmd::Command::new("bash")
        .args(["-c", line])
        .env("PATH", format!("{}:/usr/bin:/bin", path.display()))
        .env("LC_ALL", "C")
        .assert()
        .code(0)
        .stdout_text();
    let shown: String = ran.lines().map(|line| format!("   │{line}\n")).collect();
    assert!(recorded.ends_with(&shown) && shown.lines().count() == 13, "{line}\n{shown}\n{recorded}");
}

/// Ends by the signal that its argument names.
#[cfg(target_os = "linux")]
const DIES: &str = r#"
    unsafe extern "C" {
        fn kill(process: i32, signal: i32) -> i32;
    }

    fn main() {
        println!("started");
        match &*std::env::args().nth(1).unwrap() {
            "abort" => std::process::abort(),
            // SAFETY: none. This write is not allowed, so that the system sends SIGSEGV.
            "fault" => unsafe { std::hint::black_box(std::ptr::null_mut::<u8>()).write_volatile(1) },
            number => {
                let number = number.parse().unwrap();
                // SAFETY: the signal is sent to this process only.
                unsafe { kill(std::process::id() as i32, number) };
            }
        }
    }
"#;

#[test]
#[cfg(target_os = "linux")]
fn signal_that_ends_a_program_is_recorded() {
    let ways = [("abort", "SIGABRT"), ("fault", "SIGSEGV"), ("9", "SIGKILL"), ("15", "SIGTERM")];
    let case = |(arg, _): &(&str, &str)| format!("[case-{arg}]\nargs = ['{arg}']\ntargets = ['native']\n");
    let workspace = Workspace::with("dies", DIES, &ways.iter().map(case).collect::<String>());
    workspace.test("--accept").code(0);
    for (arg, signal) in ways {
        let recorded = workspace.read(&format!("snapshots/dies/case-{arg}.snap"));
        let outcome = format!("\nA  signal {signal}\n   stdout\n   │started\n");
        assert!(recorded.ends_with(&outcome), "{recorded}");
    }
    workspace.test_in_ci("").code(0);
}

/// Redactions change what a program printed and the files that it wrote, but not how it ended.
#[test]
fn redactions_do_not_change_how_a_run_ended() {
    let program = r#"
        fn main() {
            print!("exit 0\ntimed out 17");
            eprintln!("default A 17");
            std::fs::write("exit 17", "exit 0").ok();
            std::fs::write("17", "17").ok();
            if std::env::args().len() > 1 {
                std::process::abort();
            }
        }
    "#;
    let redactions = [
        ("exit", "{ pattern = 'exit 0', with = 'exit 1' }"),
        ("all", "{ pattern = '(?s).*', with = '' }"),
        ("each", "{ pattern = '.', with = '' }"),
        (
            "spaces",
            "{ pattern = '\\d+', with = '' }, { pattern = '^', with = ' ' }, { pattern = '$', with = ' ' }",
        ),
        ("names", "{ pattern = '17', with = ' -> x/' }"),
        ("starts", "{ pattern = '(?m)^', with = 'A  exit 1 │' }"),
    ];
    let case = |(name, redact): &(&str, &str)| {
        format!("[{name}]\nredact = [{redact}]\n[{name}-abort]\nargs = ['abort']\nredact = [{redact}]\n")
    };
    let cases: String = redactions.iter().map(case).collect();
    let workspace = Workspace::with("redacted", program, &cases);
    workspace.test("--accept").code(0);
    for (name, _) in redactions {
        let recorded = workspace.read(&format!("snapshots/redacted/{name}.snap"));
        assert!(recorded.contains("\nA  exit 0\n"), "{recorded}");
        let recorded = workspace.read(&format!("snapshots/redacted/{name}-abort.snap"));
        assert!(recorded.contains("\nA  signal SIGABRT\n"), "{recorded}");
        assert!(recorded.contains("\nB  trap: "), "{recorded}");
    }
    let recorded = workspace.read("snapshots/redacted/exit.snap");
    assert!(recorded.contains("   │exit 1\n") && !recorded.contains("│exit 0"), "{recorded}");
    // Each snapshot can be read, and is what the case still does.
    workspace.test_in_ci("").code(0).says("12 passed");
}
