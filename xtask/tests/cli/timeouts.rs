//! Programs that do not end: they are killed after their timeout.

#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use crate::support::processes::assert_no_processes;
use crate::support::{AssertOutput, Workspace, make_fifo};

/// Hangs in the way that its argument names, or ends at once.
const HANGS: &str = r#"
    use std::io::Read;

    fn main() {
        let args: Vec<String> = std::env::args().collect();
        println!("started");
        match &*args[1] {
            "spin" => loop { std::hint::black_box(()); },
            "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
            "fifo" => {
                let fifo = if cfg!(target_os = "wasi") { "/pipes/fifo" } else { &args[2] };
                println!("{:?}", std::fs::read(fifo).map_err(|error| error.kind()));
            }
            "pipe" => {
                let (mut reader, _writer) = std::io::pipe().unwrap();
                reader.read_to_end(&mut Vec::new()).unwrap();
            }
            "stdin" => {
                let read = std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
                println!("{read} bytes");
            }
            _ => {}
        }
    }
"#;

#[test]
fn program_that_hangs_is_killed_and_its_output_is_recorded() {
    let workspace = Workspace::new();
    let fifo = workspace.path("pipes/fifo");
    workspace.write("pipes/about", "The FIFO in this directory has no writer.");
    make_fifo(&fifo);
    let cases = format!(
        "\
[quick]
args = ['quick']
[spin]
args = ['spin']
timeout = '500ms'
[sleep]
args = ['sleep']
timeout = '500ms'
[fifo]
args = ['fifo', '{}']
timeout = '500ms'
flags.pipes = ['--dir={}::/pipes']
[pipe]
args = ['pipe']
timeout = '500ms'
targets = ['native']
[stdin]
args = ['stdin']
timeout = '60s'
",
        fifo.display(),
        workspace.path("pipes").display(),
    );
    workspace.example("hangs", HANGS, &cases);
    // This compiles the modules, so that the time measured below does not include it.
    workspace.test("hangs/quick --accept").code(0);

    let started = Instant::now();
    workspace.test("--accept -j 4").code(0).says("hangs/quick  AAA").says("6 passed");
    assert!(started.elapsed() < Duration::from_secs(60), "it took {:?}", started.elapsed());
    assert_no_processes(&workspace);

    let timed_out = "  timed out\n   stdout\n   │started\n";
    for case in ["spin", "sleep"] {
        let recorded = workspace.read(&format!("snapshots/hangs/{case}.snap"));
        assert!(recorded.ends_with(&format!(" A       A       A\n\nA{timed_out}")), "{recorded}");
    }
    let recorded = workspace.read("snapshots/hangs/pipe.snap");
    assert!(recorded.ends_with(&format!("default      A\n\nA{timed_out}")), "{recorded}");
    // Without the flag, the guest gets an error instead of the FIFO, and does not hang.
    let recorded = workspace.read("snapshots/hangs/fifo.snap");
    assert!(
        recorded.contains("default      A       B       B\npipes        ·       A       A "),
        "{recorded}"
    );
    assert!(recorded.contains(&format!("\nA{timed_out}")), "{recorded}");
    // A case without `stdin` has an empty one: reading it does not hang.
    let recorded = workspace.read("snapshots/hangs/stdin.snap");
    assert!(
        recorded.ends_with(" A       A       A\n\nA  exit 0\n   stdout\n   │started\n   │0 bytes\n"),
        "{recorded}"
    );
}

#[test]
fn timeout_on_the_command_line_overrides_that_of_the_case() {
    let cases = "[sleep]\nargs = ['sleep']\ntimeout = '60m'\ntargets = ['native']\n";
    let workspace = Workspace::with("hangs", HANGS, cases);
    workspace.test("--timeout 200ms --accept").code(0);
    assert!(workspace.read("snapshots/hangs/sleep.snap").contains("A  timed out\n"));
    for bad in ["0s", "soon", "10"] {
        workspace.test(&format!("--timeout {bad}")).code(2).says("--timeout");
    }
}

/// A program with many functions, of which it calls none. Without optimizations, wasmtime compiles it for a while, and
/// runs it in a moment.
fn large_program() -> String {
    let step = |number| format!("y = y.wrapping_mul(x ^ {number}).rotate_left(3).wrapping_add(y >> 2);");
    let body: String = (0..60).map(step).collect();
    let function = |number| format!("fn f{number}(x: u32) -> u32 {{ let mut y = x; {body} y }}\n");
    let functions: String = (0..200).map(function).collect();
    let names: Vec<_> = (0..200).map(|number| format!("f{number}")).collect();
    format!(
        "{functions}static ALL: [fn(u32) -> u32; 200] = [{}];\n\
         fn main() {{ println!(\"{{}}\", std::hint::black_box(ALL).len()); }}\n",
        names.join(", ")
    )
}

#[test]
fn compiling_a_module_does_not_count() {
    let workspace = Workspace::with("large", &large_program(), "");
    let manifest = workspace.read("Cargo.toml");
    workspace.write("Cargo.toml", &format!("{manifest}\n[profile.example.package.large]\nopt-level = 0\n"));
    workspace.test("--no-run --target wasip1").code(0);
    let argv = workspace.listed("--target wasip1")[0]["argv"].clone();
    let module = argv.as_array().and_then(|argv| argv.last()).and_then(|path| path.as_str()).expect("a path");
    let started = Instant::now();
    let wasmtime = std::process::Command::new(workspace.wasmtime())
        .args(["run", "-C", "cache=n", module])
        .output()
        .expect("wasmtime should run");
    let took = started.elapsed();
    assert_eq!(wasmtime.stdout, b"200\n");
    assert!(took > Duration::from_millis(300), "compiled in {took:?}: the module is too small for this test");
    let timeout = format!("{}ms", took.as_millis() / 2);

    workspace.cases("large", &format!("[default]\ntargets = ['wasip1']\ntimeout = '{timeout}'\n"));
    workspace.test("--accept").code(0).does_not_say("run again");
    assert!(workspace.read("snapshots/large/default.snap").contains("A  exit 0\n   stdout\n   │200\n"));

    // A finished program that no run has compiled.
    std::fs::remove_dir_all(workspace.path("target/parallax/wasmtime-cache")).expect("the cache was used");
    let check = ["check", "--native", "/bin/true", "--wasm", module, "--equal", "end", "--timeout", &timeout];
    workspace.xtask().args(check).assert().code(0).does_not_say("run again");
}

#[test]
fn time_out_that_may_be_the_fault_of_the_machine_is_tried_again() {
    // Hangs in its first run, as on a machine that does something else.
    let program = r#"
        fn main() {
            println!("started");
            let runs = std::env::args().nth(1).unwrap();
            let before = std::fs::read_to_string(&runs).unwrap_or_default();
            std::fs::write(&runs, format!("{before}x")).unwrap();
            while before.is_empty() || std::env::args().nth(2).is_some() {
                std::thread::sleep(std::time::Duration::from_secs(60));
            }
        }
    "#;
    let workspace = Workspace::with("slow", program, "");
    let runs = workspace.path("runs");
    let case = |more: &str| {
        let common = "targets = ['native']\ntimeout = '300ms'\n";
        format!("[default]\nargs = ['{}'{more}]\n{common}", runs.display())
    };
    workspace.cases("slow", &case(""));
    workspace.test("--accept").code(0).says("slow/default/default@native was stopped after 300ms, but ");
    assert!(workspace.read("snapshots/slow/default.snap").contains("A  exit 0\n"));
    // One run was stopped, the second one counts, and the third one confirms it.
    assert_eq!(workspace.read("runs"), "xxx");

    // What is recorded to hang does so again, without a second run.
    workspace.cases("slow", &case(", 'always'"));
    workspace
        .test("")
        .code(100)
        .says("help: it was ended after 300ms; if it is slow")
        .says("`timeout` in examples/slow/cases.toml");
    workspace.test("--accept").code(0).says("run again alone");
    let before = workspace.read("runs").len();
    workspace.test("").code(0).does_not_say("run again");
    assert_eq!(workspace.read("runs").len(), before + 1);
}

#[test]
fn program_that_is_checked_can_have_more_time() {
    let workspace = Workspace::new();
    let slow = "fn main() { if cfg!(target_os = \"wasi\") { std::thread::sleep(std::time::Duration::from_secs(2)) } }";
    let package = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| std::fs::write(package.path().join(path), text).unwrap();
    std::fs::create_dir(package.path().join("src")).unwrap();
    write(
        "Cargo.toml",
        "[package]\nname = \"slow\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    write("src/main.rs", slow);
    let check = |timeout: &str| {
        let check = ["check", "--target", "wasip1", "--timeout", timeout];
        workspace.xtask().args(check).arg(package.path()).assert()
    };
    check("500ms")
        .code(100)
        .prints("  wasip1   abort: timed out")
        .prints("each run was ended after 500ms: give it more with --timeout\n");
    check("20s").code(0).prints("  wasip1   the same as native\n");
}
