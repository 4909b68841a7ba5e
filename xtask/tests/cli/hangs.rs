//! Programs that never end, that are killed, and that leave others running.

#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::{Duration, Instant};

use crate::processes::assert_nothing_runs;
use crate::support::{Workspace, objects};

/// Hangs in the way that its argument names, or does not.
const HANGS: &str = r#"
    use std::io::Read;

    fn main() {
        let args: Vec<String> = std::env::args().collect();
        println!("begun");
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
fn whatever_a_program_hangs_in_it_is_cut_with_its_output_so_far() {
    let workspace = Workspace::new();
    let fifo = workspace.path("pipes/fifo");
    workspace.write("pipes/about", "nobody ever writes to the FIFO beside this");
    // This test has no unsafe code, and the standard library makes no FIFO.
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
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
    // wasmtime compiles the modules here, so that the time below is the programs' own.
    workspace.test("hangs/quick --accept").code(0);

    let started = Instant::now();
    workspace.test("--accept -j 4").code(0);
    assert!(started.elapsed() < Duration::from_secs(60), "it took {:?}", started.elapsed());
    assert_nothing_runs(&workspace);

    let timed_out = "  timed out\n   stdout\n   │begun\n";
    for case in ["spin", "sleep"] {
        let recorded = workspace.read(&format!("snapshots/hangs/{case}.snap"));
        assert!(recorded.ends_with(&format!(" A       A       A\n\nA{timed_out}")), "{recorded}");
    }
    let recorded = workspace.read("snapshots/hangs/pipe.snap");
    assert!(recorded.ends_with(&format!("default      A\n\nA{timed_out}")), "{recorded}");
    // Without the flag, a guest is told that there is no such file, so it does not hang.
    let recorded = workspace.read("snapshots/hangs/fifo.snap");
    assert!(
        recorded.contains("default      A       B       B\npipes        ·       A       A "),
        "{recorded}"
    );
    assert!(recorded.contains(&format!("\nA{timed_out}")), "{recorded}");
    // A case without stdin has an empty one, and who reads it does not hang.
    let recorded = workspace.read("snapshots/hangs/stdin.snap");
    assert!(
        recorded.ends_with(" A       A       A\n\nA  exit 0\n   stdout\n   │begun\n   │0 bytes\n"),
        "{recorded}"
    );
}

/// Starts another process, waits until that is as it is to be, and ends. The standard library has
/// neither sessions nor signals, but a native program is linked with the system's.
const LEAVES: &str = r#"
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};
    use std::time::Duration;

    unsafe extern "C" {
        fn setsid() -> i32;
        fn signal(number: i32, handler: usize) -> usize;
    }
    const IGNORE: usize = 1;

    fn main() {
        let how: Vec<String> = std::env::args().skip(1).collect();
        if how[0] != "stay" {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.arg("stay").args(&how).stdin(Stdio::null()).stderr(Stdio::piped());
            if how.iter().all(|word| word != "chatty") {
                command.stdout(Stdio::null());
            }
            let mut child = command.spawn().unwrap();
            let mut ready = BufReader::new(child.stderr.take().unwrap());
            ready.read_line(&mut String::new()).unwrap();
            return eprintln!("{}", child.id());
        }
        for word in &how {
            match &**word {
                // SAFETY: both change the calling process alone.
                "session" => assert!(unsafe { setsid() } > 0),
                "deaf" => [1, 2, 13, 15].into_iter().for_each(|number| {
                    unsafe { signal(number, IGNORE) };
                }),
                "nameless" => std::env::set_current_dir("/").unwrap(),
                "parted" => {
                    // Who is started by one that has ended is nobody's child any more.
                    let mut command = Command::new(std::env::current_exe().unwrap());
                    command.args(["stay", "session"]).stdin(Stdio::null());
                    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
                }
                _ => {}
            }
        }
        eprintln!("ready");
        loop {
            if how.iter().any(|word| word == "chatty") {
                let _ = writeln!(std::io::stdout(), "chat");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
"#;

#[test]
fn what_a_program_leaves_running_is_dead_when_the_run_ends() {
    let ways =
        ["quiet", "chatty", "session", "deaf", "nameless", "parted", "session deaf chatty nameless parted"];
    let case = |(number, way): (usize, &&str)| {
        let args: Vec<_> = way.split(' ').map(|word| format!("'{word}'")).collect();
        format!("[way-{number}]\nargs = [{}]\ntargets = ['native']\n", args.join(", "))
    };
    let cases: String = ways.iter().enumerate().map(case).collect();
    let workspace = Workspace::with("leaves", LEAVES, &cases);
    let started = Instant::now();
    let objects = objects(&workspace.test("--check --format json -j 2").code(100));
    assert_nothing_runs(&workspace);
    assert!(started.elapsed() < Duration::from_secs(60), "it took {:?}", started.elapsed());

    let outcomes: Vec<_> = objects.iter().filter_map(|object| object["outcome"].as_str()).collect();
    assert_eq!(outcomes.len(), ways.len());
    for (way, outcome) in ways.iter().zip(outcomes) {
        assert!(outcome.starts_with("exit 0, left processes running\n"), "{way}: {outcome}");
        let number = outcome.rsplit('│').next().expect("a line").trim();
        assert!(number.parse::<u32>().is_ok(), "{way}: {outcome}");
        // Even the number is gone: the process was reaped, too.
        let process = std::path::Path::new("/proc").join(number);
        let program = std::fs::read_link(process.join("exe")).unwrap_or_default();
        assert!(!program.starts_with(workspace.root()), "{way}: {} survives", process.display());
    }
}

/// Ends by the signal that its argument names.
const DIES: &str = r#"
    unsafe extern "C" {
        fn kill(process: i32, signal: i32) -> i32;
    }

    fn main() {
        println!("begun");
        match &*std::env::args().nth(1).unwrap() {
            "abort" => std::process::abort(),
            // SAFETY: none, that is the point: nothing may be written there, and the system says so.
            "fault" => unsafe { std::hint::black_box(std::ptr::null_mut::<u8>()).write_volatile(1) },
            number => {
                let number = number.parse().unwrap();
                // SAFETY: it concerns this process alone.
                unsafe { kill(std::process::id() as i32, number) };
            }
        }
    }
"#;

#[test]
fn a_signal_that_ends_a_program_is_named() {
    let ways = [("abort", "SIGABRT"), ("fault", "SIGSEGV"), ("9", "SIGKILL"), ("15", "SIGTERM")];
    let case = |(arg, _): &(&str, &str)| format!("[case-{arg}]\nargs = ['{arg}']\ntargets = ['native']\n");
    let workspace = Workspace::with("dies", DIES, &ways.iter().map(case).collect::<String>());
    workspace.test("--accept").code(0);
    for (arg, signal) in ways {
        let recorded = workspace.read(&format!("snapshots/dies/case-{arg}.snap"));
        let outcome = format!("\nA  signal {signal}\n   stdout\n   │begun\n");
        assert!(recorded.ends_with(&outcome), "{recorded}");
    }
    workspace.test_in_ci("").code(0);
}
