//! Runs of `xtask` that a test watches, and to which it sends signals.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::tools::require;
use super::wait::wait_for;
use super::workspace::Workspace;

/// Starts a program for which these signals are not ignored. A shell starts a background job with
/// SIGINT and SIGQUIT ignored, and each program inherits that from the one that starts it.
const DEFAULT_SIGNALS: [&str; 2] = ["env", "--default-signal=HUP,INT,QUIT,TERM"];

/// Whether a test that relies on a signal can run: see [`require`].
#[track_caller]
pub fn can_signal() -> bool {
    let [program, option] = DEFAULT_SIGNALS;
    let ran = Command::new(program).args([option, "true"]).stderr(Stdio::null()).status();
    require("`env --default-signal` (coreutils 8.31 or newer)", ran.is_ok_and(|status| status.success()))
}

/// `xtask` with arguments that are separated by spaces, to be started and watched: a command of
/// assert_cmd can only be run to its end. A test that calls this has to call [`can_signal`] first.
pub fn xtask(workspace: &Workspace, args: &str) -> Command {
    xtask_under(workspace, &DEFAULT_SIGNALS, args)
}

/// As [`xtask`], started by another command: `wrapper` with the command line of `xtask` appended.
pub fn xtask_under(workspace: &Workspace, wrapper: &[&str], args: &str) -> Command {
    let xtask = workspace.xtask();
    let mut command = match wrapper {
        [] => Command::new(xtask.get_program()),
        [program, rest @ ..] => {
            let mut command = Command::new(program);
            command.args(rest).arg(xtask.get_program());
            command
        }
    };
    for (name, value) in xtask.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(args.split_whitespace()).current_dir(workspace.root());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A wrapper for [`xtask_under`] under which file permissions apply, also if root runs the tests;
/// `None` if the test has to be skipped.
#[track_caller]
pub fn unprivileged() -> Option<&'static [&'static str]> {
    const WRAPPER: &[&str] = &["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"];
    if !geteuid().is_root() {
        return Some(&[]);
    }
    let ran = Command::new(WRAPPER[0]).args(&WRAPPER[1..]).arg("true").output();
    require("`setpriv`, to run as root without privileges", ran.is_ok_and(|ran| ran.status.success()))
        .then_some(WRAPPER)
}

#[track_caller]
pub fn send_signal(signal: Signal, process: u32) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process ID is positive");
    kill_process(pid, signal).expect("the signal should be sent");
}

/// Whether a run that a test has started goes on.
#[track_caller]
pub fn is_running(run: &mut Child) -> bool {
    run.try_wait().expect("the run should be a child of this process").is_none()
}

/// Waits until a run ends, which has to be soon.
#[track_caller]
pub fn wait_for_exit(run: &mut Child) -> ExitStatus {
    wait_for("the end of the run", || run.try_wait().expect("the run should be a child of this process"))
}

/// What a run that has ended wrote to stderr.
#[track_caller]
pub fn stderr_of(run: &mut Child) -> String {
    let mut stderr = String::new();
    let mut pipe = run.stderr.take().expect("stderr should be a pipe that was not taken");
    pipe.read_to_string(&mut stderr).expect("stderr should be valid UTF-8");
    stderr
}
