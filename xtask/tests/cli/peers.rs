//! Cases with a peer: a native program that the harness starts before a cell's program and kills
//! after it.

use std::time::{Duration, Instant};

use crate::support::{AssertOutput, HELLO, Workspace, objects};

/// Sends a word to the address in its argument and prints the answer. With the argument `wait`, it
/// only waits for a second.
const TALK: &str = r#"
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpStream};

    fn main() -> std::io::Result<()> {
        let address = std::env::args().nth(1).unwrap();
        if address == "wait" {
            std::thread::sleep(std::time::Duration::from_secs(1));
            return Ok(());
        }
        let mut stream = TcpStream::connect(&address)?;
        stream.write_all(b"hello")?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        println!("{address} in {:?}: {answer}", std::env::var("AT"));
        Ok(())
    }
"#;

/// Sends back what it receives, and the number of the connection.
const ECHO: &str = r#"
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::os::fd::AsFd;

    fn main() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // This does not compile for every target: a peer must only be built for native.
        let _ = listener.as_fd();
        std::fs::write("kept.txt", "written by the peer").unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut received = String::new();
            stream.read_to_string(&mut received).unwrap();
            write!(stream, "{received}, {}", number + 1).unwrap();
        }
    }
"#;

/// A workspace with the example `talk` and its module `server`, which is this program.
fn with_server(server: &str, cases: &str) -> Workspace {
    let workspace = Workspace::with("talk", TALK, cases);
    workspace.module("talk", "server", server);
    workspace
}

const NATIVE: &str = "[a]\npeer = 'server'\nargs = ['127.0.0.1:{port}']\ntargets = ['native']\n";

const ALL: &str = "[a]\npeer = 'server'\nargs = ['127.0.0.1:{port}']\nenv.AT = ':{port}'\n\
                   flags.network = ['-S', 'inherit-network', '--env=AT=:{port}']\n";

#[test]
fn each_cell_has_its_own_peer() {
    let workspace = with_server(ECHO, ALL);
    workspace.test("--accept -j 8 --repeat 6").code(0);
    assert_nothing_is_left(&workspace);
    let recorded = workspace.read("snapshots/talk/a.snap");
    let table = "\
$ AT=:{port} talk 127.0.0.1:{port}
           native  wasip1  wasip2  wasmtime flags
default      A       B       C
network      ·       B       A     -S inherit-network --env=AT=:{port}

A  exit 0
   stdout
   │127.0.0.1:{port} in Ok(\":{port}\"): hello, 1
";
    assert!(recorded.contains(table), "{recorded}");
    // The server does not build for wasm, and is not built for it.
    workspace.test("--check").code(0).does_not_say("server");
    // The peer is also built for native if native is not among the targets.
    std::fs::remove_dir_all(workspace.path("target")).expect("the directory should be removed");
    workspace.test("--check --target wasip2").code(0);
}

#[test]
fn list_starts_no_peer() {
    let workspace = with_server(ECHO, ALL);
    let cells = workspace.listed("");
    assert_eq!(cells.len(), 5);
    for cell in &cells {
        let argv = cell["argv"].as_array().expect("`argv` should be an array");
        assert_eq!(argv.last().expect("`argv` should not be empty"), "127.0.0.1:{port}");
        assert_eq!(cell["env"]["AT"], ":{port}");
        assert!(
            cell["peer"].as_str().expect("`peer` should be a string").contains("/example/server"),
            "{cell}"
        );
    }
    assert!(!workspace.path("target").exists(), "something was built");
}

/// Asserts that a run with this server ends soon with an error that contains all these texts, leaves nothing running,
/// and records another example.
#[track_caller]
fn assert_peer_error(server: &str, cases: &str, messages: &[&str]) {
    let workspace = with_server(server, cases);
    workspace.example("hello", HELLO, "[default]\ntargets = ['native']\n");
    workspace.test("--no-run").code(0);
    let started = Instant::now();
    let ran = workspace.test("--accept").code(101).says("error: talk/a/default@native: its peer server ");
    let ran = messages.iter().fold(ran, |ran, text| ran.says(text));
    ran.says("help: a peer listens on a port of 127.0.0.1, prints the port number on one line");
    assert!(started.elapsed() < Duration::from_secs(30), "it took {:?}", started.elapsed());
    assert_nothing_is_left(&workspace);
    assert!(!workspace.path("snapshots/talk").exists());
    assert!(workspace.path("snapshots/hello/default.snap").exists());
}

#[test]
fn a_peer_that_ends_early_assert_peer_error() {
    let server = r#"fn main() { eprintln!("no port"); std::process::exit(3) }"#;
    assert_peer_error(server, NATIVE, &["ended without printing its port: exit 3\nstderr\n│no port\n"]);
}

#[test]
fn peer_that_prints_something_other_than_a_port_is_an_error() {
    let server =
        r#"fn main() { println!("ready"); std::thread::sleep(std::time::Duration::from_secs(600)) }"#;
    assert_peer_error(server, NATIVE, &["did not print a port number on its first line\nstdout\n│ready\n"]);
}

#[test]
fn peer_that_prints_nothing_is_an_error_after_the_timeout() {
    let server = r#"fn main() { std::thread::sleep(std::time::Duration::from_secs(600)) }"#;
    let cases = format!("{NATIVE}timeout = '300ms'\n");
    assert_peer_error(server, &cases, &["did not print its port within 300ms\n"]);
}

#[test]
fn peer_that_ends_before_its_cell_is_an_error() {
    let server = r#"fn main() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        panic!("panic of the peer");
    }"#;
    assert_peer_error(
        server,
        &NATIVE.replace("127.0.0.1:{port}", "wait"),
        &["ended before its cell: exit 101\n", "panic of the peer"],
    );
}

#[test]
fn peer_that_does_not_compile_is_an_error() {
    let workspace = with_server("fn main() { nothing() }", NATIVE);
    workspace.test("--accept").code(101).says("error[E0425]");
    assert!(workspace.snapshots().is_empty());
    let cells = objects(&workspace.test("--check --format json").code(101));
    let outcome = cells[0]["outcome"].as_str().expect("`outcome` should be a string");
    assert!(outcome.starts_with("does not build: module server: error[E0425]"), "{outcome}");
}

#[test]
fn mistake_in_a_peer_key_is_a_usage_error_with_its_location() {
    let workspace = with_server(ECHO, "[a]\npeer = 'sever'\n[b]\nargs = ['{port}']\n");
    workspace
        .test("--list")
        .code(2)
        .says("examples/talk/cases.toml:2:8")
        .says("did you mean `server`?")
        .says("examples/talk/cases.toml:4:9")
        .says("`{port}` without a peer");
}

#[track_caller]
fn assert_nothing_is_left(workspace: &Workspace) {
    #[cfg(target_os = "linux")]
    crate::support::processes::assert_no_processes(workspace);
    workspace.assert_no_scratch();
}

#[cfg(target_os = "linux")]
mod processes {
    use std::os::unix::process::ExitStatusExt;

    use rustix::process::Signal;

    use super::*;
    use crate::support::processes::{assert_processes_end, running};
    use crate::support::runs::{can_signal, send_signal, wait_for_exit, xtask};
    use crate::support::wait::wait_for;

    /// A peer that starts another process, which leaves its process group and does not stop printing.
    const STARTS_CHILD: &str = r#"
        use std::os::unix::process::CommandExt;

        fn main() {
            let again = std::env::current_exe().unwrap();
            if std::env::args().count() == 1 {
                std::process::Command::new(again).arg("child").process_group(0).spawn().unwrap();
            }
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            println!("{}", listener.local_addr().unwrap().port());
            loop {
                std::thread::sleep(std::time::Duration::from_millis(10));
                println!("still running");
            }
        }
    "#;

    /// The peer does not answer, so that the cell runs until this timeout.
    fn with_child(timeout: &str) -> Workspace {
        with_server(STARTS_CHILD, &format!("{NATIVE}timeout = '{timeout}'\n"))
    }

    #[test]
    fn child_of_a_peer_is_killed_with_it() {
        let workspace = with_child("500ms");
        workspace.test("--accept").code(0);
        assert_nothing_is_left(&workspace);
        let recorded = workspace.read("snapshots/talk/a.snap");
        assert!(recorded.ends_with("A  timed out\n"), "{recorded}");
    }

    #[test]
    fn peer_ends_with_a_run_that_is_interrupted_or_killed() {
        if !can_signal() {
            return;
        }
        for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
            let workspace = with_child("10m");
            workspace.test("--no-run").code(0);
            let mut run = xtask(&workspace, "test --quiet").spawn().expect("xtask should start");
            wait_for("a running cell", || running(&workspace, "/talk").pop());
            wait_for("the peer and its child", || (running(&workspace, "/server").len() == 2).then_some(()));
            send_signal(signal, run.id());
            assert_eq!(wait_for_exit(&mut run).signal(), Some(signal.as_raw()));
            assert_processes_end(&workspace);
            wait_for("the removal of the scratch directory", || {
                (!workspace.scratch().exists()).then_some(())
            });
        }
    }

    #[test]
    fn interrupt_ends_a_run_that_waits_for_a_port() {
        if !can_signal() {
            return;
        }
        let server = r#"fn main() { std::thread::sleep(std::time::Duration::from_secs(600)) }"#;
        let workspace = with_server(server, &format!("{NATIVE}timeout = '10m'\n"));
        workspace.test("--no-run").code(0);
        let mut run = xtask(&workspace, "test --quiet").spawn().expect("xtask should start");
        wait_for("a running peer", || running(&workspace, "/server").pop());
        send_signal(Signal::INT, run.id());
        assert_eq!(wait_for_exit(&mut run).signal(), Some(Signal::INT.as_raw()));
        assert_nothing_is_left(&workspace);
    }
}
