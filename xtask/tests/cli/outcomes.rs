//! What a program does is an outcome, also where it does not build or never ends.

use std::time::{Duration, Instant};

use crate::support::{HELLO, Said, Workspace, snapshot};

#[test]
fn a_program_that_does_not_build_for_one_target() {
    let program = r#"
        #[cfg(all(target_os = "wasi", target_env = "p1"))]
        compile_error!("the first preview has no such thing");

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

B  does not build: error: the first preview has no such thing
"
        )
    );
    // What is recorded is no news: the compiler's words are not repeated.
    workspace.test_in_ci("").code(0).does_not_say("compile_error!");
}

#[test]
fn a_program_that_begins_to_build_is_a_change() {
    let workspace = Workspace::with("late", "fn main() { unknown(); }", "");
    workspace.example("hello", HELLO, "");
    workspace.test("--accept").code(0);
    assert!(workspace.read("snapshots/late/default.snap").contains("A  does not build: error[E0425]: "));
    workspace.program("late", HELLO);
    workspace.test_in_ci("").code(100).says("- A  does not build").says("│Hello!");
}

#[test]
fn nothing_that_builds_is_an_error() {
    let workspace = Workspace::with("broken", "fn main() { unknown(); }", "");
    workspace.test("").code(101).says("unknown");
    assert!(!workspace.path("snapshots").exists());
}

#[test]
fn a_manifest_that_cargo_cannot_read_is_an_error() {
    let workspace = Workspace::with_hello();
    let manifest =
        workspace.read("examples/hello/Cargo.toml") + "\n[dependencies]\nabsent = { path = \"no\" }\n";
    workspace.write("examples/hello/Cargo.toml", &manifest);
    workspace.test("").code(101).says("absent").does_not_say("FAIL");
}

/// Hangs if it gets an argument.
const HANGS: &str = r#"
    fn main() {
        println!("begun");
        match std::env::args().nth(1).as_deref() {
            Some("sleep") => std::thread::sleep(std::time::Duration::from_secs(3600)),
            Some("spin") => loop { std::hint::black_box(()); },
            _ => {}
        }
    }
"#;

#[test]
fn a_cell_that_hangs_is_cut_and_the_others_run_on() {
    let cases = "\
[quick]
[sleep]
args = ['sleep']
timeout = '1s'
[spin]
args = ['spin']
timeout = '500ms'
targets = ['wasip1']
";
    let workspace = Workspace::with("hangs", HANGS, cases);
    // wasmtime compiles the modules here, so that the time below is the programs' own.
    workspace.test("hangs/quick --accept").code(0);

    let started = Instant::now();
    workspace.test("--accept").code(0).says("hangs/quick  AAA").says("3 passed");
    assert!(started.elapsed() < Duration::from_secs(60), "it took {:?}", started.elapsed());
    let outcome = "\nA  timed out\n   stdout\n   │begun\n";
    let of_all = "$ hangs sleep\n           native  wasip1  wasip2\ndefault      A       A       A\n";
    assert_eq!(workspace.read("snapshots/hangs/sleep.snap"), snapshot(&format!("{of_all}{outcome}")));
    let of_one = "$ hangs spin\n           wasip1\ndefault      A\n";
    assert_eq!(workspace.read("snapshots/hangs/spin.snap"), snapshot(&format!("{of_one}{outcome}")));
}

#[test]
fn a_timeout_on_the_command_line_overrules_that_of_the_case() {
    let cases = "[sleep]\nargs = ['sleep']\ntimeout = '60m'\ntargets = ['native']\n";
    let workspace = Workspace::with("hangs", HANGS, cases);
    workspace.test("--timeout 200ms --accept").code(0);
    assert!(workspace.read("snapshots/hangs/sleep.snap").contains("A  timed out\n"));
    for bad in ["0s", "soon", "10"] {
        workspace.test(&format!("--timeout {bad}")).code(2).says("--timeout");
    }
}

#[test]
fn files_that_a_program_leaves_behind_are_recorded() {
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
fn errors_of_several_targets_are_told_apart_in_every_run() {
    let program = |first: &str, second: &str| {
        format!(
            "#[cfg(target_env = \"p1\")] compile_error!(\"{first}\");\n\
             #[cfg(target_env = \"p2\")] compile_error!(\"{second}\");\nfn main() {{}}\n"
        )
    };
    let workspace = Workspace::with("apart", &program("one", "two"), "");
    workspace.test("--accept").code(0).says("ABC");
    let known = "target/parallax/failures.json";
    assert!(workspace.read(known).contains("error: two"));
    workspace.test_in_ci("").code(0);
    workspace.write(known, "{ damaged");
    workspace.test_in_ci("").code(0);
    // What an earlier run has found out does not stand against what cargo says now.
    workspace.program("apart", &program("two", "one"));
    workspace.test_in_ci("").code(100).says("default@wasip1").says("default@wasip2");
    workspace.program("apart", "fn main() {}");
    workspace.test_in_ci("").code(100).says("default@wasip1 B→A").says("default@wasip2 C→A");
}

#[test]
#[cfg(target_os = "linux")]
fn a_standard_output_that_takes_nothing() {
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
    // It is read back, too.
    workspace.test_in_ci("").code(0);
    workspace.cases("writes", "[broken]\nstdout = 'brokn'\n");
    workspace.test("").code(2).says("cases.toml:2:10").says("expected `broken` or `full`");
}

#[test]
#[cfg(target_os = "linux")]
fn a_fifo_in_the_scratch_folder() {
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
                 [in-no-folder]\nfifos = ['made/for/it/']\nargs = ['made/for/it']\ntargets = ['native']\n";
    let workspace = Workspace::with("looks", program, cases);
    workspace.write("examples/looks/fixture/below/file.txt", "");
    workspace.test("--accept").code(0);
    let stays = workspace.read("snapshots/looks/stays.snap");
    assert!(stays.contains("\nfifo: below/pipe\n") && stays.ends_with("│true\n"), "{stays}");
    assert!(workspace.read("snapshots/looks/goes.snap").contains("removed  below/pipe"));
    let made = workspace.read("snapshots/looks/in-no-folder.snap");
    assert!(made.ends_with("│true\n"), "{made}");
    for bad in ["../pipe", "/pipe", "", "a/../pipe", "."] {
        workspace.cases("looks", &format!("[stays]\nfifos = ['{bad}']\n"));
        workspace.test("").code(2).says("cases.toml:2:10").says("not a path in the scratch folder");
    }
    for (bad, column, what) in [
        ("'below/file.txt'", 10, "`below/file.txt` is there already"),
        ("'below'", 10, "`below` is there already"),
        ("'below/file.txt/pipe'", 10, "`below/file.txt` is no folder"),
        ("'pipe', 'pipe'", 18, "`pipe` is there already"),
        ("'pipe', 'pipe/x'", 18, "`pipe` is no folder"),
    ] {
        workspace.cases("looks", &format!("[stays]\nfifos = [{bad}]\n"));
        workspace.test("").code(2).says(&format!("cases.toml:2:{column}")).says(what);
    }
}

#[test]
#[cfg(unix)]
fn an_argument_that_is_no_text() {
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
