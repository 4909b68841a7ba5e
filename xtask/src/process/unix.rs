//! Unix: each program is started as the leader of a process group of its own.
//!
//! When the leader has ended, the group is killed while the leader is still a zombie: until it is reaped,
//! the number of the group cannot be used for another one (POSIX, "Process ID Reuse"). Then the leader is
//! reaped, then survivors that have left the group are killed, and then the end of output is waited for.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};

use super::child;
use super::interrupt::Interrupt;
use super::supervision::{Action, Supervision};
use super::terminal;
use super::types::{Echo, End, Limits, Pipe, Ran, RunError, Streams};

/// How many bytes are read at once.
const READ_CHUNK: usize = 64 * 1024;

/// How many bytes are written at once. Linux, the BSDs and macOS report a pipe as writable only if it has
/// room for PIPE_BUF bytes, so that such a write does not block; 512 is the smallest value of PIPE_BUF
/// that POSIX allows (`limits.h`).
const WRITE_CHUNK: usize = 512;

/// Runs `command` to its end and returns the result, or `None` if an interrupt came meanwhile; then the
/// program was killed.
///
/// The program reads `stdin`; `streams` says where its output goes. `scratch` is its scratch directory, by which
/// its survivors are found. `echo` is called with its output.
///
/// # Errors
/// If the program cannot be started or watched, or if it or a survivor cannot be reaped within some seconds
/// after it was killed.
pub fn run(
    mut command: Command,
    scratch: &Path,
    stdin: &[u8],
    streams: Streams,
    limits: Limits,
    interrupt: &Interrupt,
    echo: Option<Echo<'_>>,
) -> Result<Option<Ran>, RunError> {
    let input = if stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    child::detach(&mut command);
    child::set_limits(&mut command);
    let terminal = match streams {
        Streams::Recorded => None,
        Streams::StdoutTo(stdout) => {
            command.stdout(stdout);
            None
        }
        Streams::StdinFrom(file) => {
            command.stdin(file);
            None
        }
        Streams::Terminal => Some(terminal::attach(&mut command).map_err(RunError::Watch)?),
    };
    let deadline = Instant::now() + limits.timeout;
    let mut child = command.spawn().map_err(RunError::Start)?;
    // The harness must not keep the program's side of the terminal open.
    drop(command);
    let typed = [stdin, &terminal::END_OF_INPUT].concat();
    let (read, written, left) = match terminal {
        None => (child.stdout.take().map(OwnedFd::from), child.stdin.take().map(OwnedFd::from), stdin),
        Some(ours) => {
            let written = ours.try_clone().map_err(RunError::Watch)?;
            (Some(ours), Some(written), &*typed)
        }
    };
    let ours = Ours {
        input: Input { pipe: written.map(File::from), left },
        stdout: Output::new(Pipe::Stdout, read, echo),
        stderr: Output::new(Pipe::Stderr, child.stderr.take().map(OwnedFd::from), echo),
    };
    let watched = watch(&mut child, scratch, ours, deadline, limits.output, interrupt);
    if watched.is_err() {
        // The program must not keep running, whatever the error is.
        end_group(&mut child, scratch).map_err(RunError::Watch)?;
    }
    watched.map_err(RunError::Watch)
}

/// The writing end of a pipe whose reading end is closed, so that a write to it fails with EPIPE.
///
/// # Errors
/// If the system refuses to make a pipe.
pub fn broken_pipe() -> io::Result<io::PipeWriter> {
    let (reader, writer) = io::pipe()?;
    drop(reader);
    // That `poll` reports the end of all readers is only known of Linux.
    if cfg!(target_os = "linux") {
        wait_for_no_reader(&writer)?;
    }
    Ok(writer)
}

/// Waits until the reading end of a pipe is closed in all processes: a program that another thread is just
/// starting has inherited it and keeps it open until exec.
fn wait_for_no_reader(writer: &io::PipeWriter) -> io::Result<()> {
    // POLLERR, which is reported even if no events are requested (poll(2)).
    let poll = || poll(&mut [PollFd::new(writer, PollFlags::empty())], None);
    rustix::io::retry_on_intr(poll)?;
    Ok(())
}

/// Sets the umask that programs inherit to 022, which most systems have, so that the modes of the files that they
/// create are the same everywhere.
pub fn set_umask() {
    rustix::process::umask(rustix::fs::Mode::WGRP | rustix::fs::Mode::WOTH);
}

/// Starts a tool, such as cargo, in a process group of its own and without a controlling terminal.
///
/// # Errors
/// If it cannot be started.
pub fn start_tool(command: &mut Command) -> io::Result<Child> {
    child::detach(command);
    command.spawn()
}

/// Kills the process group of a tool that was started by [`start_tool`]. It must not have been waited for, as
/// its process `id` may then be that of another process.
pub fn end_tool(id: u32) {
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // This fails only if no process is left in the group.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// An event while a program runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Interrupt,
    LeaderEnded,
    Stdout,
    Stderr,
    Stdin,
}

/// The harness's sides of the streams of a program.
struct Ours<'a> {
    input: Input<'a>,
    stdout: Output<'a>,
    stderr: Output<'a>,
}

/// Feeds and reads a started program until it and its output have ended, and kills it when its time is
/// up, its output is too long or an interrupt comes. Returns `None` after an interrupt.
fn watch(
    child: &mut Child,
    scratch: &Path,
    ours: Ours<'_>,
    deadline: Instant,
    output_limit: usize,
    interrupt: &Interrupt,
) -> io::Result<Option<Ran>> {
    let leader = exit_notice(child)?;
    let Ours { mut input, mut stdout, mut stderr } = ours;
    let mut supervision = Supervision::new(deadline);
    let mut ended: Option<(ExitStatus, bool)> = None;
    while ended.is_none() || stdout.pipe.is_some() || stderr.pipe.is_some() {
        let sources = [
            (Event::Interrupt, (!supervision.is_interrupted()).then_some(interrupt.as_fd()), PollFlags::IN),
            (Event::LeaderEnded, ended.is_none().then_some(leader.as_fd()), PollFlags::IN),
            (Event::Stdout, stdout.pipe.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (Event::Stderr, stderr.pipe.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (Event::Stdin, input.pipe.as_ref().map(AsFd::as_fd), PollFlags::OUT),
        ];
        for event in wait_for(sources, supervision.deadline())? {
            match event {
                Event::Interrupt => supervision.interrupt(),
                Event::LeaderEnded => {
                    ended = Some(end_group(child, scratch)?);
                    supervision.leader_ended(Instant::now());
                }
                Event::Stdin => input.write()?,
                Event::Stdout => stdout.read()?,
                Event::Stderr => stderr.read()?,
            }
        }
        let mut too_much_output = false;
        for stream in [&mut stdout, &mut stderr] {
            if stream.bytes.len() > output_limit {
                stream.bytes.truncate(output_limit);
                stream.pipe = None;
                too_much_output = true;
            }
        }
        match supervision.next(Instant::now(), too_much_output) {
            Action::Wait => {}
            Action::Kill => kill_group(child),
            Action::StopReading => break,
            Action::GiveUp => return Err(io::Error::other("a killed program does not end")),
        }
    }

    let (status, left_running) = ended.expect("the loop ends after the leader");
    if supervision.is_interrupted() {
        return Ok(None);
    }
    let killed_for = supervision.killed_for();
    let end = killed_for.unwrap_or_else(|| end_of(status));
    let left_running = left_running && killed_for.is_none();
    Ok(Some(Ran { end, stdout: stdout.bytes, stderr: stderr.bytes, left_running }))
}

/// Kills the process group of `leader`, which may have ended, and then the survivors that have left the
/// group. Returns the exit status of the leader, and whether any other process was running.
fn end_group(leader: &mut Child, scratch: &Path) -> io::Result<(ExitStatus, bool)> {
    kill_group(leader);
    let status = reap_leader(leader)?;
    let of_group = group(leader).map_or(Ok(false), reap_group)?;
    let outside = end_children_of(scratch)?;
    Ok((status, of_group || outside))
}

/// Waits for the end of a program that was killed.
#[cfg(target_os = "linux")]
fn reap_leader(leader: &mut Child) -> io::Result<ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = leader.try_wait()? {
            return Ok(status);
        }
        let pid = Pid::from_child(leader);
        if Instant::now() >= deadline {
            return Err(does_not_end([pid].into_iter()));
        }
        end_tracer(pid)?;
        std::thread::sleep(INTERVAL);
    }
}

/// On other systems, a program that was killed is known to end only if no other process traces it.
#[cfg(not(target_os = "linux"))]
fn reap_leader(leader: &mut Child) -> io::Result<ExitStatus> {
    leader.wait()
}

#[cfg(target_os = "linux")]
use super::subreaper::{INTERVAL, PATIENCE, does_not_end, end_children_of, end_tracer, reap_group};

/// On other systems, orphaned processes are reaped by init. Whether there were any can only be told by asking
/// whether the group still exists, which it may do for a moment after it was killed.
#[cfg(not(target_os = "linux"))]
fn reap_group(group: Pid) -> io::Result<bool> {
    Ok(rustix::process::test_kill_process_group(group).is_ok())
}

/// On other systems, a process that has left its group cannot be found.
#[cfg(not(target_os = "linux"))]
fn end_children_of(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Waits for events until the deadline, and returns those that have happened: none if it is over.
fn wait_for(
    sources: [(Event, Option<BorrowedFd<'_>>, PollFlags); 5],
    deadline: Instant,
) -> io::Result<Vec<Event>> {
    let open: Vec<_> =
        sources.into_iter().filter_map(|(event, fd, flags)| Some((event, fd?, flags))).collect();
    let mut fds: Vec<_> = open.iter().map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left)
            .map_err(|_| io::Error::other("the timeout is too long for this system"))?;
        match poll(&mut fds, Some(&left)) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let happened = |fd: &PollFd<'_>| !fd.revents().is_empty();
    Ok(open.iter().zip(&fds).filter(|(_, fd)| happened(fd)).map(|((event, ..), _)| *event).collect())
}

fn end_of(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exit(code),
        (None, Some(signal)) => End::Signal(signal),
        (None, None) => unreachable!("a waited-for process has exited or was killed"),
    }
}

/// Kills the process group of a child, which must not have been waited for.
fn kill_group(child: &Child) {
    end_tool(child.id());
}

/// The process group of a child, which has the same number as the child.
fn group(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}

/// A descriptor that becomes readable when the child has ended, without reaping it.
#[cfg(target_os = "linux")]
fn exit_notice(child: &Child) -> io::Result<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    Ok(pidfd_open(Pid::from_child(child), PidfdFlags::empty())?)
}

/// A descriptor that becomes readable when the child has ended, without reaping it.
#[cfg(not(target_os = "linux"))]
fn exit_notice(child: &Child) -> io::Result<OwnedFd> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let (reader, writer) = io::pipe()?;
    let pid = Pid::from_child(child);
    std::thread::spawn(move || {
        while let Err(Errno::INTR) = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
        }
        drop(writer);
    });
    Ok(reader.into())
}

/// The standard input of the program.
struct Input<'a> {
    /// `None` when all is written or the program has closed it.
    pipe: Option<File>,
    /// What is still to be written.
    left: &'a [u8],
}

impl Input<'_> {
    /// Writes the next chunk. A program need not read its input, so a broken pipe is not an error.
    fn write(&mut self) -> io::Result<()> {
        let Some(pipe) = &mut self.pipe else { return Ok(()) };
        let chunk = &self.left[..self.left.len().min(WRITE_CHUNK)];
        match pipe.write(chunk) {
            Ok(written) => self.left = &self.left[written..],
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.left = &[],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if self.left.is_empty() {
            self.pipe = None;
        }
        Ok(())
    }
}

/// One output stream of the program.
struct Output<'a> {
    which: Pipe,
    /// `None` when it has ended, or is not to be read any more.
    pipe: Option<File>,
    /// What was read so far.
    bytes: Vec<u8>,
    echo: Option<Echo<'a>>,
    /// How many of the bytes were passed to `echo`.
    echoed: usize,
}

impl<'a> Output<'a> {
    fn new(which: Pipe, pipe: Option<OwnedFd>, echo: Option<Echo<'a>>) -> Output<'a> {
        Output { which, pipe: pipe.map(File::from), bytes: Vec::new(), echo, echoed: 0 }
    }

    /// Reads what is available. This does not block, because `poll` has reported the pipe as readable.
    fn read(&mut self) -> io::Result<()> {
        let Some(pipe) = &self.pipe else { return Ok(()) };
        self.bytes.reserve(READ_CHUNK);
        let read = match rustix::io::read(pipe, spare_capacity(&mut self.bytes)) {
            Err(Errno::INTR) => return Ok(()),
            // A terminal whose other side is closed (pty(7)).
            Err(Errno::IO) => 0,
            other => other?,
        };
        let at_end = read == 0;
        if let Some(echo) = self.echo {
            let new = &self.bytes[self.echoed..];
            let whole = if at_end {
                new.len()
            } else {
                new.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
            };
            if whole > 0 {
                echo(self.which, &new[..whole]);
                self.echoed += whole;
            }
        }
        if at_end {
            self.pipe = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: Limits = Limits { timeout: Duration::from_secs(20), output: 1 << 20 };

    #[track_caller]
    fn run_shell(script: &str, stdin: &[u8], limits: Limits) -> Ran {
        run_shell_with(Streams::Recorded, script, stdin, limits)
    }

    #[track_caller]
    fn run_shell_with(streams: Streams, script: &str, stdin: &[u8], limits: Limits) -> Ran {
        let scratch = tempfile::tempdir().unwrap();
        let mut shell = Command::new("/bin/sh");
        let home = scratch.path().join("cwd");
        std::fs::create_dir(&home).unwrap();
        shell.args(["-c", script]).env("HOME", home);
        let never = Interrupt::never();
        run(shell, scratch.path(), stdin, streams, limits, &never, None).unwrap().expect("not interrupted")
    }

    #[test]
    fn the_end_of_a_program_is_its_exit_code_or_signal() {
        assert_eq!(run_shell("exit 3", b"", LIMITS).end, End::Exit(3));
        assert_eq!(run_shell("kill -ABRT $$", b"", LIMITS).end, End::Signal(6));
        assert_eq!(End::Signal(6).to_string(), "signal SIGABRT");
        // The first of the real-time signals, which have no names of their own.
        assert_eq!(End::Signal(34).to_string(), "signal 34");
    }

    #[test]
    fn streams_are_read_separately_and_completely() {
        let input = b"line\n".repeat(100_000);
        let ran = run_shell("cat; echo done >&2", &input, LIMITS);
        assert_eq!((ran.end, ran.stdout == input, ran.stderr), (End::Exit(0), true, b"done\n".to_vec()));
    }

    #[test]
    fn streams_can_be_a_terminal() {
        let script = "test -t 0 && test -t 1 && test -t 2 && cat; echo done >&2; exit 3";
        for (input, output) in [("", "done\n"), ("a\nb\n", "a\nb\ndone\n"), ("a", "adone\n")] {
            let ran = run_shell_with(Streams::Terminal, script, input.as_bytes(), LIMITS);
            assert_eq!((ran.end, ran.stderr), (End::Exit(3), Vec::new()));
            assert_eq!(String::from_utf8_lossy(&ran.stdout), output);
        }
    }

    #[test]
    fn a_program_need_not_read_its_input() {
        let ran = run_shell("exit 0", &b"x".repeat(1 << 20), LIMITS);
        assert_eq!(ran.end, End::Exit(0));
    }

    #[test]
    fn a_program_is_killed_at_its_timeout_and_its_output_is_kept() {
        let limits = Limits { timeout: Duration::from_millis(300), ..LIMITS };
        let started = Instant::now();
        let ran = run_shell("echo begun; while :; do sleep 60; done", b"", limits);
        assert_eq!((ran.end, ran.stdout), (End::TimedOut, b"begun\n".to_vec()));
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_program_is_killed_when_it_prints_too_much() {
        let limits = Limits { output: 1000, ..LIMITS };
        let ran = run_shell("while :; do echo yes; done", b"", limits);
        assert_eq!((ran.end, ran.stdout.len()), (End::TooMuchOutput, 1000));
    }

    #[test]
    fn output_does_not_extend_the_timeout() {
        let limits = Limits { timeout: Duration::from_millis(300), ..LIMITS };
        let started = Instant::now();
        let ran = run_shell("while :; do echo drip; sleep 0.01; done", b"", limits);
        assert_eq!(ran.end, End::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    /// Runs a script that starts a process which does not end, and prints its number. Asserts that this
    /// process is killed, and returns whether it was reported.
    #[cfg(target_os = "linux")]
    #[track_caller]
    fn leaves_running(script: &str) -> bool {
        crate::process::adopt().unwrap();
        let started = Instant::now();
        let ran = run_shell(script, b"", LIMITS);
        assert_eq!(ran.end, End::Exit(0));
        assert!(started.elapsed() < Duration::from_secs(10));
        let pid: i32 = String::from_utf8(ran.stdout).unwrap().trim().parse().unwrap();
        assert!(
            rustix::process::test_kill_process(Pid::from_raw(pid).unwrap()).is_err(),
            "process {pid} is still running"
        );
        ran.left_running
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn survivors_are_killed_and_reported() {
        assert!(leaves_running("sleep 600 & echo $!"), "in the process group");
        assert!(
            leaves_running("setsid sh -c 'echo $$; exec >&- 2>&-; sleep 600' & sleep 0.3"),
            "in another session"
        );
        assert!(
            leaves_running("trap '' TERM HUP; setsid sleep 600 & echo $!; sleep 0.3"),
            "that ignores signals"
        );
        assert!(
            leaves_running("cd $HOME; env -i setsid sh -c 'echo $$; sleep 600' & sleep 0.3"),
            "that is matched by its working directory"
        );
        assert!(!leaves_running("true & echo $!; wait"), "a process that has ended is not a survivor");
    }

    /// A survivor that keeps writing does not postpone the end of the run.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_survivor_that_writes_is_killed_soon() {
        let script = "setsid sh -c 'echo $$; while :; do echo chat >&2; sleep 0.01; done' & sleep 0.3";
        assert!(leaves_running(script));
    }

    #[test]
    fn an_interrupt_ends_a_program() {
        for script in ["sleep 600", "while :; do echo flood; echo flood >&2; done"] {
            let scratch = tempfile::tempdir().unwrap();
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", script]);
            let started = Instant::now();
            let interrupt = Interrupt::come();
            let ran = run(shell, scratch.path(), b"", Streams::Recorded, LIMITS, &interrupt, None);
            assert!(ran.unwrap().is_none(), "{script}");
            assert!(started.elapsed() < Duration::from_secs(10), "{script}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_pipe_is_broken_when_its_last_reader_is_closed() {
        let (reader, mut writer) = io::pipe().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(50));
                drop(reader);
            });
            wait_for_no_reader(&writer).unwrap();
            assert_eq!(writer.write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        });
    }
}
