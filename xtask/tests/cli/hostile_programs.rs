//! Programs that disturb the harness: they cost their own cell at most, and change nothing outside of their
//! scratch directories.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Signal, geteuid};

use crate::support::processes::{assert_no_processes, assert_processes_end, running};
use crate::support::runs::{can_signal, send_signal, wait_for_exit, xtask, xtask_under};
use crate::support::wait::{wait_at_most, wait_for};
use crate::support::{AssertOutput, HELLO, Workspace, require};

/// Does what its first argument names. The functions are in the C library that native programs are linked
/// with.
const DISTURBS: &str = r#"
    use std::ffi::{CString, c_char, c_int, c_long, c_ulong, c_void};
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};
    use std::time::Duration;

    unsafe extern "C" {
        fn setsid() -> c_int;
        fn kill(pid: c_int, signal: c_int) -> c_int;
        fn ptrace(request: c_long, pid: c_int, address: *mut c_void, data: *mut c_void) -> c_long;
        fn prctl(option: c_int, one: c_ulong, two: c_ulong, three: c_ulong, four: c_ulong) -> c_int;
        fn mount(
            from: *const c_char, to: *const c_char, kind: *const c_char, flags: c_ulong, data: *const c_void,
        ) -> c_int;
    }

    fn sleep() -> ! {
        std::thread::sleep(Duration::from_secs(3600));
        std::process::exit(0)
    }

    /// Starts this program again with other arguments, and waits until it says that it is ready.
    fn start(args: &[&str], is_marked: bool) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(args).stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
        if !is_marked {
            command.env_clear().current_dir("/");
        }
        let mut child = command.spawn().unwrap();
        let mut ready = [0];
        std::io::Read::read_exact(&mut child.stdout.take().unwrap(), &mut ready).unwrap();
    }

    /// Tells the process that has started this one that it can go on.
    fn ready() {
        println!();
    }

    fn kill_watchdog(root: &Path) {
        let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            entry.unwrap().file_name().to_str()?.parse::<c_int>().ok()
        });
        for pid in processes {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words: Vec<_> = line.split(|byte| *byte == 0).collect();
            if words.contains(&&b"watchdog"[..]) && words.contains(&root.to_str().unwrap().as_bytes()) {
                assert_eq!(unsafe { kill(pid, 9) }, 0);
            }
        }
    }

    fn main() {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let cwd = std::env::current_dir().unwrap();
        let up = |count| -> PathBuf { cwd.ancestors().nth(count).unwrap().into() };
        let moved = |path: &Path| PathBuf::from(format!("{}.moved", path.display()));
        match &*args[0] {
            "hang" => {
                unsafe { prctl(0x59616d61, c_ulong::MAX, 0, 0, 0) };
                sleep();
            }
            // Traces the process of this number, or its parent.
            "trace" => {
                let parent = std::os::unix::process::parent_id() as c_int;
                let traced = args.get(1).map_or(parent, |pid| pid.parse().unwrap());
                unsafe { setsid() };
                if unsafe { ptrace(16, traced, std::ptr::null_mut(), std::ptr::null_mut()) } == 0 {
                    ready();
                }
                sleep();
            }
            "is-traced" => {
                // PR_SET_PTRACER, which some systems require.
                unsafe { prctl(0x59616d61, c_ulong::MAX, 0, 0, 0) };
                start(&["trace"], args[1] == "marked");
                sleep();
            }
            "daemon" => {
                unsafe { setsid() };
                ready();
                sleep();
            }
            "kill-watchdog" => {
                start(&["daemon"], true);
                kill_watchdog(&up(2));
            }
            "kill-watchdog-and-run" => {
                start(&["daemon"], true);
                kill_watchdog(&up(2));
                unsafe { kill(std::os::unix::process::parent_id() as c_int, 9) };
                sleep();
            }
            "leave-unmarked" => {
                start(&["daemon"], false);
                sleep();
            }
            "write-unmarked" => {
                start(&["write", cwd.to_str().unwrap()], false);
            }
            "write" => {
                unsafe { setsid() };
                ready();
                for number in 0_u64.. {
                    let _ = fs::create_dir_all(&args[1]);
                    let _ = fs::write(format!("{}/{}", args[1], number % 1000), "");
                }
            }
            "bind" => {
                fs::create_dir("mounted").unwrap();
                let text = |text: &str| CString::new(text).unwrap();
                let (from, to) = (text(&args[1]), text("mounted"));
                // MS_BIND
                let null = std::ptr::null();
                assert_eq!(unsafe { mount(from.as_ptr(), to.as_ptr(), null, 4096, null.cast()) }, 0);
            }
            "immutable" => {
                fs::write("fixed.txt", "").unwrap();
                assert!(Command::new("chattr").args(["+i", "fixed.txt"]).status().unwrap().success());
            }
            "link-cell" => {
                fs::rename(up(1), moved(&up(1))).unwrap();
                std::os::unix::fs::symlink(&args[1], up(1)).unwrap();
            }
            "link-root" => {
                fs::rename(up(2), moved(&up(2))).unwrap();
                std::os::unix::fs::symlink(&args[1], up(2)).unwrap();
            }
            _ => {}
        }
    }
"#;

/// A workspace with a case for these arguments of [`DISTURBS`], and the example `hello`, which disturbs nothing.
fn disturbed(args: &[&str]) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("outside/kept.txt", "kept");
    let outside = workspace.path("outside");
    let args: Vec<_> = args
        .iter()
        .map(|arg| {
            format!("'{}'", arg.replace("OUTSIDE", outside.to_str().expect("the path should be UTF-8")))
        })
        .collect();
    let args = args.join(", ");
    let cases = format!("[default]\nargs = [{args}]\ntimeout = '2s'\ntargets = ['native']\n");
    workspace.example("disturbs", DISTURBS, &cases);
    workspace.example("hello", HELLO, "[default]\ntargets = ['native']\n");
    workspace.test("--no-run").code(0);
    workspace
}

const RECORDED: &str = "snapshots/disturbs/default.snap";

#[track_caller]
fn assert_quick(started: Instant) {
    assert!(started.elapsed() < Duration::from_secs(45), "it took {:?}", started.elapsed());
}

/// Whether a process may trace another one that allows it: see [`require`].
#[track_caller]
fn can_trace() -> bool {
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    let allowed = if geteuid().is_root() { 2 } else { 1 };
    require("the permission to trace processes", scope.trim().parse().unwrap_or(0) <= allowed)
}

#[test]
fn program_that_its_own_child_traces_is_killed() {
    if !can_trace() {
        return;
    }
    for marks in ["marked", "unmarked"] {
        let workspace = disturbed(&["is-traced", marks]);
        let started = Instant::now();
        workspace.test("--accept").code(0).says("2 passed").does_not_say("warning");
        assert_quick(started);
        assert!(workspace.read(RECORDED).contains("\nA  timed out\n"), "{}", workspace.read(RECORDED));
        assert_no_processes(&workspace);
        workspace.assert_no_scratch();
    }
}

/// Starts a run, and then a process that traces the program of its running cell. Returns the run, the process ID of
/// the program, and the tracer. The harness does not kill the tracer, because it has not started it.
fn run_with_tracer(workspace: &Workspace, args: &str) -> (Child, u32, Child) {
    let program = workspace.listed("disturbs")[0]["argv"][0].as_str().expect("a string").to_string();
    let run = xtask(workspace, args).spawn().expect("xtask should start");
    let traced = wait_for("a running cell", || running(workspace, "disturbs").pop());
    let mut tracer = Command::new(program);
    tracer.args(["trace", &traced.to_string()]).stdout(Stdio::piped());
    (run, traced, tracer.spawn().expect("the program should start"))
}

#[test]
fn program_that_cannot_be_reaped_costs_its_cell_and_not_the_run() {
    if !can_signal() || !can_trace() {
        return;
    }
    let workspace = disturbed(&["hang"]);
    let started = Instant::now();
    let (run, traced, mut tracer) = run_with_tracer(&workspace, "test --accept --timeout 6s");
    let output = run.wait_with_output().expect("the run should end");
    let stderr = String::from_utf8_lossy(&output.stderr);
    tracer.kill().expect("the tracer should be killed");
    tracer.wait().expect("the tracer should end");
    assert_quick(started);
    assert_eq!(output.status.code(), Some(101), "{stderr}");
    let left = format!("{traced} (disturbs, traced by process {})", tracer.id());
    assert!(stderr.contains("error: disturbs/default") && stderr.contains(&left), "{stderr}");
    assert!(stderr.contains("1 passed (1 newly accepted)"), "{stderr}");
    assert!(stderr.contains("1 cell without an outcome"), "{stderr}");
    assert_eq!(workspace.snapshots().len(), 1);
    assert_processes_end(&workspace);
}

#[test]
fn termination_ends_a_run_with_a_program_that_cannot_be_reaped() {
    if !can_signal() || !can_trace() {
        return;
    }
    let workspace = disturbed(&["hang"]);
    let (mut run, _, mut tracer) = run_with_tracer(&workspace, "test --accept --timeout 10m");
    let mut ready = [0];
    let stdout = tracer.stdout.as_mut().expect("stdout should be a pipe");
    stdout.read_exact(&mut ready).expect("the program should trace");
    send_signal(Signal::TERM, run.id());
    let ended = wait_at_most(Duration::from_secs(45), "the end of the run", || {
        run.try_wait().expect("the run should be a child of this process")
    });
    tracer.kill().expect("the tracer should be killed");
    tracer.wait().expect("the tracer should end");
    assert_eq!(ended.signal(), Some(Signal::TERM.as_raw()));
    assert!(!workspace.path("snapshots").exists());
    assert_processes_end(&workspace);
}

#[test]
fn program_that_kills_the_watchdog_does_not_cost_the_run() {
    let workspace = disturbed(&["kill-watchdog"]);
    workspace.test("--accept").code(0).says("warning: the watchdog of this run has ended").says("2 passed");
    assert_eq!(workspace.snapshots().len(), 2);
    assert_no_processes(&workspace);
    workspace.assert_no_scratch();
    workspace.test("--check hello").code(0).does_not_say("warning");
}

#[test]
fn next_run_ends_what_a_run_without_watchdog_has_left() {
    if !can_signal() {
        return;
    }
    let workspace = disturbed(&["kill-watchdog-and-run"]);
    let mut run = xtask(&workspace, "test disturbs").spawn().expect("xtask should start");
    wait_for_exit(&mut run);
    assert!(!running(&workspace, "disturbs").is_empty(), "the daemon has ended by itself");
    workspace.test("--accept hello").code(0).does_not_say("warning");
    assert_no_processes(&workspace);
    workspace.assert_no_scratch();
}

#[test]
fn unmarked_process_that_writes_costs_its_cell_at_most() {
    let workspace = disturbed(&["write-unmarked"]);
    let started = Instant::now();
    let ran = workspace.test("--accept hello disturbs");
    assert_quick(started);
    assert!(ran.stderr_text().contains("Summary"), "{ran}");
    assert!(workspace.path("snapshots/hello/default.snap").exists(), "{ran}");
    assert_no_processes(&workspace);
    workspace.assert_no_scratch();
}

/// Runs a script in which `"$@"` is `xtask test --accept`, in a mount namespace of its own. Returns `None` if
/// the test has to be skipped.
#[track_caller]
fn with_mounts(workspace: &Workspace, script: &str) -> Option<Output> {
    let mount = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"];
    let may_mount = Command::new(mount[0]).args(&mount[1..]).output().is_ok_and(|ran| ran.status.success());
    if !require("the permission to mount, as root has it", may_mount) {
        return None;
    }
    let wrapper = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"];
    Some(xtask_under(workspace, &wrapper, "test --accept").output().expect("unshare should start"))
}

#[test]
fn mounted_directory_keeps_its_files() {
    let workspace = disturbed(&["bind", "OUTSIDE"]);
    let Some(output) = with_mounts(&workspace, "\"$@\"") else { return };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(workspace.read("outside/kept.txt"), "kept");
    assert!(stderr.contains("2 passed (2 newly accepted)"), "{stderr}");
    assert!(stderr.contains("/mounted: a file system is mounted there\nhelp: "), "{stderr}");
    let recorded = workspace.read(RECORDED);
    assert!(recorded.contains("   created  mounted/ (a mounted file system: not read)\n"), "{recorded}");
    // Outside of the namespace nothing is mounted there, and the next run removes it.
    workspace.test("--check hello").code(0).does_not_say("warning");
    workspace.assert_no_scratch();
}

#[test]
fn directory_that_cannot_be_removed_does_not_block_the_next_run() {
    let workspace = disturbed(&["bind", "OUTSIDE"]);
    let scratch = workspace.scratch();
    let Some(output) = with_mounts(&workspace, "\"$@\"; \"$@\"") else { return };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(workspace.read("outside/kept.txt"), "kept");
    assert_eq!(stderr.matches("2 passed").count(), 2, "{stderr}");
    // At the end of the first run, and at the beginning and the end of the second run.
    assert_eq!(stderr.matches("a file system is mounted there").count(), 3, "{stderr}");
    assert!(stderr.contains(&format!("rm -r --one-file-system {}-1", scratch.display())), "{stderr}");
    workspace.test("--check hello").code(0).does_not_say("warning");
    workspace.assert_no_scratch();
    assert!(!PathBuf::from(format!("{}-1", scratch.display())).exists());
}

#[test]
fn immutable_file_does_not_block_the_next_run() {
    let workspace = disturbed(&["immutable"]);
    let scratch = workspace.scratch();
    // Whether the file system of the scratch directories has such files.
    let chattr = |flag: &str, path: &Path| {
        Command::new("chattr").arg(flag).arg(path).output().is_ok_and(|ran| ran.status.success())
    };
    let probe = tempfile::NamedTempFile::new_in(scratch.parent().expect("a directory")).expect("a file");
    let is_supported = chattr("+i", probe.path()) && chattr("-i", probe.path());
    if !require("`chattr +i` in the directory for scratch directories, as root", is_supported) {
        return;
    }
    workspace.test("--accept").code(0).says("fixed.txt: Operation not permitted");
    workspace.test("--check hello").code(0).says("fixed.txt: Operation not permitted").says("chattr -i");
    // What `--accept` records has run twice.
    let cells: Vec<_> = fs::read_dir(&scratch).expect("a directory").collect();
    assert_eq!(cells.len(), 2);
    for cell in cells {
        assert!(chattr("-i", &cell.expect("an entry").path().join("cwd/fixed.txt")));
    }
    workspace.test("--check hello").code(0).does_not_say("warning");
    workspace.assert_no_scratch();
}

#[test]
fn cell_directory_that_is_replaced_by_a_link_is_not_followed() {
    let workspace = disturbed(&["link-cell", "OUTSIDE"]);
    workspace.test("--accept").code(0).says("2 passed");
    let recorded = workspace.read(RECORDED);
    assert!(recorded.contains("   created  ../. -> {workspace}/outside\n"), "{recorded}");
    assert!(!recorded.contains("kept"), "{recorded}");
    assert_eq!(workspace.read("outside/kept.txt"), "kept");
    workspace.assert_no_scratch();
}

#[test]
fn scratch_root_that_is_replaced_by_a_link_is_not_followed() {
    let workspace = disturbed(&["link-root", "OUTSIDE"]);
    let scratch = workspace.scratch();
    // With one cell at a time, `disturbs` has ended before `hello` starts.
    workspace.test("--accept -j 1").code(101).says("was replaced by a program of this run");
    let outside: Vec<_> = fs::read_dir(workspace.path("outside")).expect("a directory").collect();
    assert_eq!(outside.len(), 1, "{outside:?}");
    assert_eq!(workspace.read("outside/kept.txt"), "kept");
    workspace.assert_no_scratch();
    fs::remove_dir_all(format!("{}.moved", scratch.display())).expect("the directory should be removable");
    workspace.test("--accept hello").code(0);
}

#[test]
fn killed_run_leaves_no_process_without_marks() {
    if !can_signal() {
        return;
    }
    let workspace = disturbed(&["leave-unmarked"]);
    let mut run = xtask(&workspace, "test disturbs --timeout 10m").spawn().expect("xtask should start");
    wait_for("two processes", || (running(&workspace, "disturbs").len() == 2).then_some(()));
    // The watchdog looks for such processes at intervals.
    std::thread::sleep(Duration::from_secs(1));
    send_signal(Signal::KILL, run.id());
    wait_for_exit(&mut run);
    assert_processes_end(&workspace);
    workspace.assert_no_scratch();
}
