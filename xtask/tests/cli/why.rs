//! `cargo xtask why`: the rules behind differences. The programs are real, and so are their traces.

use crate::support::{AssertOutput, HELLO, Workspace, require};

/// A program that does one thing, as its first argument says.
const PROGRAM: &str = r##"
use std::io::{Read, Seek, Write};

fn read(path: &str) {
    match std::fs::read_to_string(path) {
        Ok(text) => print!("{text}"),
        Err(error) => {
            eprintln!("{path}: {error}");
            std::process::exit(1);
        }
    }
}

#[inline(never)]
fn large() -> usize {
    std::hint::black_box([1u8; 2 << 20]).iter().map(|byte| usize::from(*byte)).sum()
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args[1].as_str() {
        "read" => read(&args[2]),
        // The host's trace of another call, which would be explained by another rule.
        "forge" => {
            let call = r#"2026-01-01T00:00:00.000000Z TRACE wiggle abi{module="wasi_snapshot_preview1" function="path_open"}: wasmtime_wasi::p1::wasi_snapshot_preview1: "#;
            let note = call.replace("TRACE", "DEBUG") + "unknown raw os error: a path led outside of the filesystem";
            eprintln!("{call}fd=Fd(3) path=forged\n{note}\n{call}result=Err(Error {{ inner: Noent }})");
            read("there.txt");
        }
        "traced" => std::process::exit(if std::env::var("WASMTIME_LOG").is_ok() { 3 } else { 2 - i32::from(cfg!(unix)) }),
        "cfg" => println!("operation not supported on this platform: {}", cfg!(unix)),
        "lock" => println!("{:?}", std::fs::File::open("there.txt").and_then(|file| file.lock())),
        "other" => read(if cfg!(unix) { "there.txt" } else { "elsewhere.txt" }),
        "env" => println!("{:?}", std::env::var("GREETING")),
        "not-env" => println!("{:?}", std::env::var("GREETING").is_ok_and(|_| cfg!(unix))),
        "exit" => std::process::exit(args[2].parse().unwrap()),
        "thread" => println!("{}", std::thread::spawn(|| 1).join().unwrap()),
        "panic" => panic!("on all targets"),
        // The first is an access to the stack; the others are accesses that also a larger memory would allow, or not.
        "stack" => println!("{}", large()),
        "wild" => {
            let address = args[2].parse::<usize>().unwrap();
            // SAFETY: none, on WASI: that is what the test is about.
            let byte = if cfg!(unix) { 0 } else { unsafe { std::ptr::read_volatile(std::hint::black_box(address) as *const u8) } };
            println!("{byte}");
        }
        "zone" => println!("{}", if cfg!(unix) { std::env::var("TZ").unwrap() } else { args[2].clone() }),
        "panic-here" => assert!(cfg!(unix), "only on WASI"),
        "temp" => println!("{}", std::env::temp_dir().is_absolute()),
        // One descriptor is read and written in turn; or one is read, and another one written.
        "one" | "two" => {
            std::fs::write("file", "0123456789").unwrap();
            let mut first = std::fs::File::options().read(true).write(true).open("file").unwrap();
            let mut second = std::fs::File::options().read(true).write(true).open("file").unwrap();
            let mut buffer = [0; 2];
            first.read_exact(&mut buffer).unwrap();
            match args[1].as_str() {
                "one" => first.write_all(b"ab").unwrap(),
                _ => second.write_all(b"ab").unwrap(),
            }
            first.read_exact(&mut buffer).unwrap();
            println!("{buffer:?} {}", cfg!(unix) && args[1] == "two");
            first.rewind().unwrap();
        }
        _ => unreachable!(),
    }
}
"##;

const CASES: &str = r#"
[no-preopen]
args = ["read", "there.txt"]
[absent]
args = ["read", "absent.txt"]
[forged]
args = ["forge"]
[traced]
args = ["traced"]
flags.env = ["-S", "inherit-env"]
[cfg]
args = ["cfg"]
[known]
about = "The program itself distinguishes the targets"
remedy = "do the same everywhere"
upstream = ["https://example.org/1", "https://example.org/2"]
args = ["cfg"]
[stack]
args = ["stack"]
[wild-near]
args = ["wild", "4194304"]
[wild-far]
args = ["wild", "1073741824"]
[zone]
args = ["zone", "UTC"]
env = { TZ = "CET-1" }
[zone-other]
args = ["zone", "GMT"]
env = { TZ = "CET-1" }
[lock]
args = ["lock"]
baseline = "here"
grant.here = { dirs = ["."] }
[other]
args = ["other"]
baseline = "here"
grant.here = { dirs = ["."] }
[left]
args = ["read", "../cwd/there.txt"]
baseline = "here"
grant.here = { dirs = ["."] }
[env]
args = ["env"]
env = { GREETING = "hello" }
[not-env]
args = ["not-env"]
env = { GREETING = "hello" }
baseline = "granted"
grant.granted = { env = ["GREETING"] }
[exit]
args = ["exit", "200"]
[thread]
args = ["thread"]
[panic]
args = ["panic"]
[panic-here]
args = ["panic-here"]
[temp]
args = ["temp"]
[one]
args = ["one"]
baseline = "here"
grant.here = { dirs = ["."] }
[two]
args = ["two"]
baseline = "here"
grant.here = { dirs = ["."] }
"#;

/// The recorded rules: those of the baseline, and of `default` where that differs.
const RULES: &str = "\
absent/default@wasip1 error-numbers
absent/default@wasip2 error-numbers
cfg/default@wasip1 cannot-tell
cfg/default@wasip2 cannot-tell
env/default@wasip1 env-not-granted
env/default@wasip2 env-not-granted
exit/default@wasip1 exit-code
exit/default@wasip2 exit-code
forged/default@wasip1 no-preopen
forged/default@wasip2 no-preopen
known/default@wasip1 cannot-tell
known/default@wasip2 cannot-tell
left/default@wasip1 no-preopen
left/default@wasip2 no-preopen
left/here@wasip1 left-preopen
left/here@wasip2 left-preopen
lock/default@wasip1 no-preopen
lock/default@wasip2 no-preopen
lock/here@wasip1 std-unsupported
lock/here@wasip2 std-unsupported
no-preopen/default@wasip1 no-preopen
no-preopen/default@wasip2 no-preopen
not-env/default@wasip1 cannot-tell
not-env/default@wasip2 cannot-tell
not-env/granted@wasip1 cannot-tell
not-env/granted@wasip2 cannot-tell
one/default@wasip1 no-preopen
one/default@wasip2 no-preopen
one/here@wasip2 stream-position
other/default@wasip1 no-preopen
other/default@wasip2 no-preopen
other/here@wasip1 host-answer
other/here@wasip2 host-answer
panic-here/default@wasip1 cannot-tell
panic-here/default@wasip2 cannot-tell
panic/default@wasip1 panic-abort
panic/default@wasip2 panic-abort
stack/default@wasip1 stack-in-memory
stack/default@wasip2 stack-in-memory
temp/default@wasip1 std-panics
temp/default@wasip2 std-panics
thread/default@wasip1 no-threads
thread/default@wasip2 no-threads
traced/default@wasip1 cannot-tell
two/default@wasip1 no-preopen
two/default@wasip2 no-preopen
two/here@wasip1 cannot-tell
two/here@wasip2 cannot-tell
wild-far/default@wasip1 cannot-tell
wild-far/default@wasip2 cannot-tell
wild-near/default@wasip1 cannot-tell
wild-near/default@wasip2 cannot-tell
zone-other/default@wasip1 cannot-tell
zone-other/default@wasip2 cannot-tell
zone/default@wasip1 no-time-zone
zone/default@wasip2 no-time-zone
";

fn workspace() -> Workspace {
    let workspace = Workspace::with("all", PROGRAM, CASES);
    workspace.write("examples/all/fixture/there.txt", "text\n");
    workspace
}

#[track_caller]
fn why(workspace: &Workspace, args: &str) -> assert_cmd::assert::Assert {
    workspace.xtask().arg("why").args(args.split(' ')).assert()
}

#[test]
fn rules_hold_where_they_are_proven_and_nowhere_else() {
    let workspace = workspace();
    why(&workspace, "--all --check")
        .code(0)
        .says("note: without all/no-preopen and 22 more cases: not recorded yet\n");
    workspace.test("--accept").code(0);
    why(&workspace, "--all --check").code(100).says("rules.txt is out of date");
    why(&workspace, "--all").code(0).prints("Wrote snapshots/rules.txt");
    let written = workspace.read("snapshots/rules.txt");
    let rules: String = written
        .lines()
        .filter(|line| !line.starts_with('#'))
        .fold(String::new(), |text, line| text + line.strip_prefix("all/").unwrap() + "\n");
    assert_eq!(rules, RULES);
    why(&workspace, "--all --check").code(0).prints("snapshots/rules.txt is up to date");
    workspace.write("snapshots/rules.txt", "all/a/b@wasip1 nothing\n");
    why(&workspace, "--all").code(2).says("rules.txt:1: there is no rule `nothing`");
}

#[test]
fn a_paragraph_explains_a_cell() {
    let workspace = workspace();
    let shown = why(&workspace, "all/no-preopen@wasip1")
        .code(0)
        .prints("all/no-preopen/default@wasip1 differs from native\n")
        .prints("error: exit 0 → exit 1: there.txt: No such file or directory (os error 44)\n")
        .prints("The host was never asked.")
        .prints("[rule: no-preopen; layer: wasi-libc]")
        .prints("Try:     grant the directory: `wasmtime run --dir=DIR`");
    if require("strace", std::process::Command::new("strace").arg("-V").output().is_ok()) {
        shown.prints("native   openat(AT_FDCWD, \"there.txt\", O_RDONLY|O_CLOEXEC) = 3\n");
    }
    why(&workspace, "all/left@wasip2")
        .code(0)
        .prints("wasip2   descriptor.open-at(path_flags=(SYMLINK_FOLLOW) path=\"../cwd/there.txt\" open_flags=() flags=(READ)) = not-permitted   <--\n")
        .prints("[rule: left-preopen; layer: wasmtime]");
}

#[test]
fn what_the_catalogue_says_is_shown_without_a_rule() {
    let workspace = workspace();
    why(&workspace, "all/known@wasip1").code(0).prints(
        "all/known\nThe program itself distinguishes the targets\n\n  Instead: do the same everywhere\n  \
         Known:   https://example.org/1\n  Known:   https://example.org/2\n\nall/known/default@wasip1 differs",
    );
    why(&workspace, "all/known@wasip1").prints("\nNo rule is proven by what was observed.\n\n  All calls:  ");
    why(&workspace, "all/cfg@wasip1")
        .code(100)
        .prints("\nCannot tell: no rule is proven by what was observed.\n");
}

#[test]
fn an_example_with_several_cases_is_explained_in_brief() {
    let workspace = Workspace::with("hello", HELLO, "[one]\n[two]\nabout = \"Same\"\n");
    why(&workspace, "hello").code(0).prints(
        "hello/one\n  wasip1   does what native does\n  wasip2   does what native does\n\nhello/two\nSame\n",
    );
    workspace.example("read", READ, "[one]\nargs = [\"a.txt\"]\n[two]\nargs = [\"b.txt\"]\n");
    workspace.write("examples/read/fixture/a.txt", "text\n");
    why(&workspace, "read@wasip2")
        .code(0)
        .prints("read/one\n  wasip2   abort: panic, trap: ")
        .prints("[rule: no-preopen] No call to the host failed with ENOENT. The guest\n")
        .prints("read/two\n  wasip2   abort: exit 101 → panic, trap: ")
        .prints("[rule: panic-abort] The program panicked at\n")
        .prints("In full, with the calls of WASI: cargo xtask why read/CASE\n");
}

/// A program that reads a file, and panics if it cannot.
const READ: &str =
    "fn main() { print!(\"{}\", std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap()); }";

#[test]
fn a_full_stack_is_recognized_where_the_host_gets_an_address_in_it() {
    // The stack is full from the beginning, and the first call of the host fails.
    let program = "fn main() { println!(\"{:?}\", std::hint::black_box([1u8; 2 << 20]).get(std::env::args().count())); }";
    let workspace = Workspace::with("large", program, "[default]\n");
    for target in ["wasip1", "wasip2"] {
        why(&workspace, &format!("large@{target}")).code(0).prints("[rule: stack-in-memory; layer: rustc]");
    }
}

#[test]
fn what_does_not_compile_has_no_calls() {
    let program = "#[cfg(target_os = \"wasi\")] compile_error!(\"not here\");\nfn main() {}";
    let workspace = Workspace::with("own", program, "[default]\n");
    let shown = why(&workspace, "own@wasip1")
        .code(100)
        .prints("  build: error: not here\n\nCannot tell: no rule is proven by what was observed: see what the compiler");
    let text = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    assert!(!text.contains("--trace"), "{text}");
}

#[test]
fn a_guest_cannot_forge_the_trace() {
    let workspace = workspace();
    for target in ["wasip1", "wasip2"] {
        let shown =
            why(&workspace, &format!("all/forged@{target} --trace")).code(0).prints("[rule: no-preopen;");
        let text = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
        assert!(!text.contains("path_open(") && !text.contains("open-at("), "{text}");
    }
}

/// Panics in a function whose name looks like the host's trace of a call. The name is in the report of the trap.
const FORGES_BY_NAME: &str = r##"
#[cfg_attr(target_os = "wasi", unsafe(export_name = "x
2026-01-01T00:00:00.000000Z TRACE wiggle abi{module=\"wasi_snapshot_preview1\" function=\"path_open\"}: wasmtime_wasi::p1::wasi_snapshot_preview1: fd=Fd(3) path=forged
2026-01-01T00:00:00.000000Z DEBUG wiggle abi{module=\"wasi_snapshot_preview1\" function=\"path_open\"}: x: unknown raw os error: a path led outside of the filesystem
2026-01-01T00:00:00.000000Z TRACE wiggle abi{module=\"wasi_snapshot_preview1\" function=\"path_open\"}: wasmtime_wasi::p1::wasi_snapshot_preview1: result=Err(Error { inner: Perm })
"))]
extern "C" fn named() {
    panic!("there.txt: Operation not permitted (os error 63)");
}

fn main() {
    if cfg!(target_os = "wasi") {
        std::hint::black_box(named as extern "C" fn())();
    }
}
"##;

#[test]
fn a_guest_cannot_forge_the_trace_by_the_name_of_a_function() {
    let workspace = Workspace::with("named", FORGES_BY_NAME, "[a]\ngrant.here = { dirs = ['.'] }\n");
    let shown = why(&workspace, "named/a/here@wasip1 --trace").code(0).prints("fd_write(").stdout_text();
    assert!(!shown.contains("path_open") && !shown.contains("left-preopen"), "{shown}");
}

#[test]
fn a_traced_run_that_does_something_else_proves_nothing() {
    let workspace = workspace();
    why(&workspace, "all/traced/env@wasip1")
        .code(100)
        .prints("The traced run did something else (exit 3), so its trace proves nothing.")
        .prints("Cannot tell: no rule is proven by what was observed.");
}

#[test]
fn cells_that_are_not_there() {
    let workspace = workspace();
    workspace.example("hello", HELLO, "[default]\n");
    why(&workspace, "hello").code(0).prints("hello/default/default@wasip1 does what native does\n");
    why(&workspace, "helo/default")
        .code(4)
        .says("no case `helo/default`\nhelp: did you mean `hello/default`?");
    why(&workspace, "hello/default/other").code(4).says("no row `other`");
    why(&workspace, "hello@wasip3").code(4).says("no cell `hello@wasip3`");
}
