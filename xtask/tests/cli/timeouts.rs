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
