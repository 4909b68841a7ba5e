//! Cases with a peer: a native program that the harness starts before a cell's program, and ends
//! after it.

use std::time::{Duration, Instant};

use crate::support::{Said, Workspace, objects};

/// Sends a word to the address that it is given and prints the answer, or only waits for a second.
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

/// Answers with what it was told, and for the how many-th time it answers.
const ECHO: &str = r#"
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::os::fd::AsFd;

    fn main() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // Only where there are descriptors, so not for every target.
        let _ = listener.as_fd();
        std::fs::write("kept.txt", "by the peer").unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut heard = String::new();
            stream.read_to_string(&mut heard).unwrap();
            write!(stream, "{heard}, {}", number + 1).unwrap();
        }
    }
"#;

/// A workspace with the example `talk`, whose module `server` is this program.
fn with_server(server: &str, cases: &str) -> Workspace {
    let workspace = Workspace::with("talk", TALK, cases);
    let manifest = workspace.read("Cargo.toml");
    workspace.write(
        "Cargo.toml",
        &manifest.replace("[\"examples/*\"]", "[\"examples/*\", \"examples/*/modules/*\"]"),
    );
    let module = "examples/talk/modules/server";
    workspace.write(&format!("{module}/Cargo.toml"), "[package]\nname = \"server\"\nedition = \"2024\"\n");
    workspace.write(&format!("{module}/src/main.rs"), server);
    workspace
}

const NATIVE: &str = "[a]\npeer = 'server'\nargs = ['127.0.0.1:{port}']\ntargets = ['native']\n";

const ALL: &str = "[a]\npeer = 'server'\nargs = ['127.0.0.1:{port}']\nenv.AT = ':{port}'\n\
                   flags.network = ['-S', 'inherit-network', '--env=AT=:{port}']\n";

#[test]
fn each_cell_talks_to_a_peer_of_its_own() {
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
    // The server has no build for wasm, and none was tried.
    workspace.test("--check").code(0).does_not_say("server");
    // Without native among the targets, the peer is built for it nevertheless.
    std::fs::remove_dir_all(workspace.path("target")).expect("a removed folder");
    workspace.test("--check --target wasip2").code(0);
}

#[test]
fn a_list_starts_no_peer() {
    let workspace = with_server(ECHO, ALL);
    let cells = workspace.listed("");
    assert_eq!(cells.len(), 5);
    for cell in &cells {
        let argv = cell["argv"].as_array().expect("words");
        assert_eq!(argv.last().expect("an argument"), "127.0.0.1:{port}");
        assert_eq!(cell["env"]["AT"], ":{port}");
        assert!(cell["peer"].as_str().expect("a program").contains("/example/server"), "{cell}");
    }
    assert!(!workspace.path("target").exists(), "something was built");
}

/// Asserts that a run with this server is an error of the harness that says all this, and that it
/// comes soon and leaves nothing.
#[track_caller]
fn is_an_error(server: &str, cases: &str, says: &[&str]) {
    let workspace = with_server(server, cases);
    workspace.test("--no-run").code(0);
    let started = Instant::now();
    let ran = workspace.test("--accept").code(101).says("error: talk/a/default@native: its peer server ");
    let ran = says.iter().fold(ran, |ran, text| ran.says(text));
    ran.says("a peer listens on a port of 127.0.0.1, prints its number in one line");
    assert!(started.elapsed() < Duration::from_secs(30), "it took {:?}", started.elapsed());
    assert_nothing_is_left(&workspace);
    assert!(!workspace.path("snapshots").exists());
}

#[test]
fn a_peer_that_ends_early_is_an_error() {
    let server = r#"fn main() { eprintln!("no luck"); std::process::exit(3) }"#;
    is_an_error(server, NATIVE, &["has ended without saying its port: exit 3\nstderr\n│no luck\n"]);
}

#[test]
fn a_peer_that_prints_something_else_is_an_error() {
    let server =
        r#"fn main() { println!("ready"); std::thread::sleep(std::time::Duration::from_secs(600)) }"#;
    is_an_error(server, NATIVE, &["prints something else than its port first\nstdout\n│ready\n"]);
}

#[test]
fn a_peer_that_says_nothing_is_an_error_in_the_time_of_its_case() {
    let server = r#"fn main() { std::thread::sleep(std::time::Duration::from_secs(600)) }"#;
    let cases = format!("{NATIVE}timeout = '300ms'\n");
    is_an_error(server, &cases, &["has not said its port within 300ms\n"]);
}

#[test]
fn a_peer_that_ends_before_its_cell_is_an_error() {
    let server = r#"fn main() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        panic!("I do not like this");
    }"#;
    is_an_error(
        server,
        &NATIVE.replace("127.0.0.1:{port}", "wait"),
        &["has ended before its cell: exit 101\n", "I do not like this"],
    );
}

#[test]
fn a_peer_that_does_not_compile_is_an_outcome() {
    let workspace = with_server("fn main() { nothing() }", NATIVE);
    let cells = objects(&workspace.test("--check --format json").code(100));
    let outcome = cells[0]["outcome"].as_str().expect("a text");
    assert!(outcome.starts_with("does not build: module server: error[E0425]"), "{outcome}");
}

#[test]
fn a_mistaken_peer_is_shown_with_its_place() {
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
    crate::processes::assert_nothing_runs(workspace);
    assert!(!workspace.scratch().exists(), "{}", workspace.scratch().display());
}

#[cfg(target_os = "linux")]
mod ends {
    use std::os::unix::process::ExitStatusExt;

    use rustix::process::Signal;

    use super::*;
    use crate::processes::{assert_all_end, end_of, running, send, soon, xtask};

    /// A peer that has started another process, which has left its group and writes on.
    const FAMILY: &str = r#"
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
                println!("still there");
            }
        }
    "#;

    /// Nobody answers, so the cell lasts as long as it may.
    fn with_family(timeout: &str) -> Workspace {
        with_server(FAMILY, &format!("{NATIVE}timeout = '{timeout}'\n"))
    }

    #[test]
    fn what_a_peer_has_started_ends_with_it() {
        let workspace = with_family("500ms");
        workspace.test("--accept").code(0);
        assert_nothing_is_left(&workspace);
        let recorded = workspace.read("snapshots/talk/a.snap");
        assert!(recorded.ends_with("A  timed out\n"), "{recorded}");
    }

    #[test]
    fn no_peer_survives_a_run_that_is_ended() {
        for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
            let workspace = with_family("10m");
            workspace.test("--no-run").code(0);
            let mut run = xtask(&workspace, "test --quiet").spawn().expect("a run");
            soon("a cell that has begun", || running(&workspace, "/talk").pop());
            soon("its peer and that one's child", || {
                (running(&workspace, "/server").len() == 2).then_some(())
            });
            send(signal, run.id());
            assert_eq!(end_of(&mut run).signal(), Some(signal.as_raw()));
            assert_all_end(&workspace);
            soon("the end of the scratch folder", || (!workspace.scratch().exists()).then_some(()));
        }
    }

    #[test]
    fn an_interrupt_ends_who_waits_for_a_port() {
        let server = r#"fn main() { std::thread::sleep(std::time::Duration::from_secs(600)) }"#;
        let workspace = with_server(server, &format!("{NATIVE}timeout = '10m'\n"));
        workspace.test("--no-run").code(0);
        let mut run = xtask(&workspace, "test --quiet").spawn().expect("a run");
        soon("a peer that has begun", || running(&workspace, "/server").pop());
        send(Signal::INT, run.id());
        assert_eq!(end_of(&mut run).signal(), Some(Signal::INT.as_raw()));
        assert_nothing_is_left(&workspace);
    }
}
