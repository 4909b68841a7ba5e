//! Processes that a program leaves running: the run kills them before it ends.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::processes::assert_no_processes;
use crate::support::{Workspace, objects};

/// Starts itself with the argument `stay`, waits until that process is ready, prints its ID and ends.
/// The other arguments name what the process does so that it is hard to find or to kill. `setsid` and
/// `signal` are not in the standard library, but in the C library that native programs are linked with.
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
            if how.iter().all(|word| word != "prints") {
                command.stdout(Stdio::null());
            }
            let mut child = command.spawn().unwrap();
            let mut ready = BufReader::new(child.stderr.take().unwrap());
            ready.read_line(&mut String::new()).unwrap();
            return eprintln!("{}", child.id());
        }
        for word in &how {
            match &**word {
                // SAFETY: both functions only change the calling process.
                "session" => assert!(unsafe { setsid() } > 0),
                "ignores-signals" => [1, 2, 13, 15].into_iter().for_each(|number| {
                    unsafe { signal(number, IGNORE) };
                }),
                "other-directory" => std::env::set_current_dir("/").unwrap(),
                "grandchild" => {
                    let mut command = Command::new(std::env::current_exe().unwrap());
                    command.args(["stay", "session"]).stdin(Stdio::null());
                    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
                }
                _ => {}
            }
        }
        eprintln!("ready");
        loop {
            if how.iter().any(|word| word == "prints") {
                let _ = writeln!(std::io::stdout(), "text");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
"#;

#[test]
fn processes_that_a_program_leaves_running_are_killed() {
    let ways = [
        "nothing-else",
        "prints",
        "session",
        "ignores-signals",
        "other-directory",
        "grandchild",
        "session ignores-signals prints other-directory grandchild",
    ];
    let case = |(number, way): (usize, &&str)| {
        let args: Vec<_> = way.split(' ').map(|word| format!("'{word}'")).collect();
        format!("[way-{number}]\nargs = [{}]\ntargets = ['native']\n", args.join(", "))
    };
    let cases: String = ways.iter().enumerate().map(case).collect();
    let workspace = Workspace::with("leaves", LEAVES, &cases);
    let started = Instant::now();
    let objects = objects(&workspace.test("--check --format json -j 2").code(100));
    assert_no_processes(&workspace);
    assert!(started.elapsed() < Duration::from_secs(60), "it took {:?}", started.elapsed());

    let outcomes: Vec<_> = objects.iter().filter_map(|object| object["outcome"].as_str()).collect();
    assert_eq!(outcomes.len(), ways.len());
    for (way, outcome) in ways.iter().zip(outcomes) {
        assert!(outcome.starts_with("exit 0, left processes running\n"), "{way}: {outcome}");
        let id = outcome.rsplit('│').next().expect("`rsplit` gives at least one part").trim();
        assert!(id.parse::<u32>().is_ok(), "{way}: {outcome}");
        // The process is not a zombie either. Its ID may belong to another process now.
        let process = Path::new("/proc").join(id);
        let program = fs::read_link(process.join("exe")).unwrap_or_default();
        assert!(!program.starts_with(workspace.root()), "{way}: {} is still running", process.display());
    }
}
