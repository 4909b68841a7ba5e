//! Unix: a process group of its own for each program.
//!
//! When the leader of the group has ended, what is left of the group is killed while the leader is
//! still a zombie, so that the group's number cannot have been given away. Then the leader is reaped,
//! then what has left the group is looked for, then the end of output is waited for.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};

use super::{Echo, End, GRACE, Interrupt, Limits, Pipe, Ran};

/// How much is read at once.
const READ_CHUNK: usize = 64 * 1024;

/// How much is written at once: a pipe that polls as writable takes this much without blocking
/// (POSIX, PIPE_BUF).
const WRITE_CHUNK: usize = 512;

/// Runs `command` to its end and gives what it left behind, or `None` if an interrupt came
/// meanwhile: then the program was killed. `folder` is its scratch folder, which tells what it has
/// started from what others have. `stdout` is read if it is piped.
///
/// # Errors
/// If the program cannot be started, or the system refuses to tell about it.
pub fn run(
    mut command: Command,
    folder: &Path,
    stdin: &[u8],
    stdout: Stdio,
    limits: Limits,
    interrupt: &Interrupt,
    echo: Option<Echo<'_>>,
) -> io::Result<Option<Ran>> {
    let input = if stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(input).stdout(stdout).stderr(Stdio::piped()).process_group(0);
    let deadline = Instant::now() + limits.timeout;
    let mut child = command.spawn()?;
    let watched = watch(&mut child, folder, stdin, deadline, limits.output, interrupt, echo);
    if watched.is_err() {
        // Whatever went wrong, the program must not survive it.
        end_group(&mut child, folder)?;
    }
    watched
}

/// The writing end of a pipe that nobody reads.
pub fn broken_pipe() -> io::Result<io::PipeWriter> {
    let (reader, writer) = io::pipe()?;
    drop(reader);
    // Only of Linux is it known that it tells.
    if cfg!(target_os = "linux") {
        until_unread(&writer)?;
    }
    Ok(writer)
}

/// Waits until nobody has the reading end of a pipe any more: a program that another thread is just
/// starting has it, too, until its own file is loaded.
fn until_unread(writer: &io::PipeWriter) -> io::Result<()> {
    // This is an error of the pipe, which is told even if nothing is asked for.
    let poll = || poll(&mut [PollFd::new(writer, PollFlags::empty())], None);
    rustix::io::retry_on_intr(poll)?;
    Ok(())
}

/// Starts a tool, such as cargo, in a process group of its own.
pub fn start_tool(command: &mut Command) -> io::Result<Child> {
    command.process_group(0).spawn()
}

/// Ends a tool that was started so and not yet waited for, with what it has started.
pub fn end_tool(id: u32) {
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It fails where nobody is left in the group, and then there is nothing to do.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// What can happen while a program runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Interrupt,
    LeaderEnded,
    Stdout,
    Stderr,
    Stdin,
}

fn watch(
    child: &mut Child,
    folder: &Path,
    stdin: &[u8],
    mut deadline: Instant,
    output_limit: usize,
    interrupt: &Interrupt,
    echo: Option<Echo<'_>>,
) -> io::Result<Option<Ran>> {
    let leader = exit_notice(child)?;
    let mut input =
        Input { pipe: child.stdin.take().map(|pipe| File::from(OwnedFd::from(pipe))), left: stdin };
    let mut stdout = Output::new(Pipe::Stdout, child.stdout.take().map(OwnedFd::from), echo);
    let mut stderr = Output::new(Pipe::Stderr, child.stderr.take().map(OwnedFd::from), echo);

    let mut ended: Option<(ExitStatus, bool)> = None;
    // Why the harness ended the program, if it did.
    let mut killed_for: Option<End> = None;
    let mut interrupted = false;
    while ended.is_none() || stdout.pipe.is_some() || stderr.pipe.is_some() {
        let sources = [
            (Event::Interrupt, (!interrupted).then_some(interrupt.as_fd()), PollFlags::IN),
            (Event::LeaderEnded, ended.is_none().then_some(leader.as_fd()), PollFlags::IN),
            (Event::Stdout, stdout.pipe.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (Event::Stderr, stderr.pipe.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (Event::Stdin, input.pipe.as_ref().map(AsFd::as_fd), PollFlags::OUT),
        ];
        let mut end_for = None;
        for event in wait_for(sources, deadline)? {
            match event {
                Event::Interrupt => interrupted = true,
                Event::LeaderEnded => {
                    ended = Some(end_group(child, folder)?);
                    deadline = Instant::now() + GRACE;
                }
                Event::Stdin => input.write()?,
                Event::Stdout => stdout.read()?,
                Event::Stderr => stderr.read()?,
            }
        }
        for stream in [&mut stdout, &mut stderr] {
            if stream.bytes.len() > output_limit {
                stream.bytes.truncate(output_limit);
                stream.pipe = None;
                end_for = Some(End::TooMuchOutput);
            }
        }
        // The deadline is looked at even if something happens all the time.
        if Instant::now() >= deadline {
            if ended.is_some() {
                // Whatever holds the streams open has been looked for, and is out of reach.
                break;
            }
            if killed_for.is_some() || interrupted {
                return Err(io::Error::other("a killed program does not end"));
            }
            end_for = Some(End::TimedOut);
        }
        if killed_for.is_none() {
            killed_for = end_for;
            if ended.is_none() && (end_for.is_some() || interrupted) {
                kill_group(child);
                deadline = Instant::now() + GRACE;
            }
        }
    }

    let (status, left_running) = ended.expect("the loop ends after the leader");
    if interrupted {
        return Ok(None);
    }
    let end = killed_for.unwrap_or_else(|| end_of(status));
    let left_running = left_running && killed_for.is_none();
    Ok(Some(Ran { end, stdout: stdout.bytes, stderr: stderr.bytes, left_running }))
}

/// Ends the group of a leader that has ended or is to end now, then what has left the group. Gives
/// the leader's end, and whether anything else was running.
fn end_group(leader: &mut Child, folder: &Path) -> io::Result<(ExitStatus, bool)> {
    kill_group(leader);
    let status = leader.wait()?;
    let of_group = group(leader).map_or(Ok(false), reap_group)?;
    let escaped = end_children_of(folder)?;
    Ok((status, of_group || escaped))
}

#[cfg(target_os = "linux")]
use super::orphans::{end_children_of, reap_group};

/// Elsewhere, what is killed is reaped by another process; it is there until then.
#[cfg(not(target_os = "linux"))]
fn reap_group(group: Pid) -> io::Result<bool> {
    Ok(rustix::process::test_kill_process_group(group).is_ok())
}

/// Elsewhere, what leaves its group is out of reach.
#[cfg(not(target_os = "linux"))]
fn end_children_of(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Waits until something happens; nothing has happened if the deadline is over.
fn wait_for(
    sources: [(Event, Option<BorrowedFd<'_>>, PollFlags); 5],
    deadline: Instant,
) -> io::Result<Vec<Event>> {
    let open: Vec<_> =
        sources.into_iter().filter_map(|(event, fd, flags)| Some((event, fd?, flags))).collect();
    let mut fds: Vec<_> = open.iter().map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(|_| io::Error::other("a timeout of years"))?;
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

/// Kills what is in the group of a child that was not yet waited for, so that its number is its own.
fn kill_group(child: &Child) {
    end_tool(child.id());
}

/// The number of a child's group, which is its own.
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

/// What is still to be written to the program.
struct Input<'a> {
    pipe: Option<File>,
    left: &'a [u8],
}

impl Input<'_> {
    /// Writes some more. A program that does not want it is no error.
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

/// One stream of the program, and what it has carried.
struct Output<'a> {
    which: Pipe,
    pipe: Option<File>,
    bytes: Vec<u8>,
    echo: Option<Echo<'a>>,
    /// How much of it was told to `echo`.
    echoed: usize,
}

impl<'a> Output<'a> {
    fn new(which: Pipe, pipe: Option<OwnedFd>, echo: Option<Echo<'a>>) -> Output<'a> {
        Output { which, pipe: pipe.map(File::from), bytes: Vec::new(), echo, echoed: 0 }
    }

    /// Reads what there is, which never blocks behind `poll`.
    fn read(&mut self) -> io::Result<()> {
        let Some(pipe) = &self.pipe else { return Ok(()) };
        self.bytes.reserve(READ_CHUNK);
        let read = match rustix::io::read(pipe, spare_capacity(&mut self.bytes)) {
            Err(Errno::INTR) => return Ok(()),
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

/// The name of a signal, as `SIGABRT`; its number where it has no common name.
pub fn signal_name(number: i32) -> String {
    match signal_hook::low_level::signal_name(number) {
        Some(name) => name.to_string(),
        None => format!("signal {number}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: Limits = Limits { timeout: Duration::from_secs(20), output: 1 << 20 };

    #[track_caller]
    fn run_shell(script: &str, stdin: &[u8], limits: Limits) -> Ran {
        let folder = tempfile::tempdir().unwrap();
        let mut shell = Command::new("/bin/sh");
        let home = folder.path().join("cwd");
        std::fs::create_dir(&home).unwrap();
        shell.args(["-c", script]).env("HOME", home);
        let never = Interrupt::never();
        run(shell, folder.path(), stdin, Stdio::piped(), limits, &never, None)
            .unwrap()
            .expect("not interrupted")
    }

    #[test]
    fn ends() {
        assert_eq!(run_shell("exit 3", b"", LIMITS).end, End::Exit(3));
        assert_eq!(run_shell("kill -ABRT $$", b"", LIMITS).end, End::Signal(6));
        assert_eq!(signal_name(6), "SIGABRT");
    }

    #[test]
    fn streams_are_apart_and_whole() {
        let input = b"line\n".repeat(100_000);
        let ran = run_shell("cat; echo done >&2", &input, LIMITS);
        assert_eq!((ran.end, ran.stdout == input, ran.stderr), (End::Exit(0), true, b"done\n".to_vec()));
    }

    #[test]
    fn a_program_that_reads_nothing() {
        let ran = run_shell("exit 0", &b"x".repeat(1 << 20), LIMITS);
        assert_eq!(ran.end, End::Exit(0));
    }

    #[test]
    fn a_hang_is_cut_with_the_output_so_far() {
        let limits = Limits { timeout: Duration::from_millis(300), ..LIMITS };
        let started = Instant::now();
        let ran = run_shell("echo begun; while :; do sleep 60; done", b"", limits);
        assert_eq!((ran.end, ran.stdout), (End::TimedOut, b"begun\n".to_vec()));
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn too_much_output() {
        let limits = Limits { output: 1000, ..LIMITS };
        let ran = run_shell("while :; do echo yes; done", b"", limits);
        assert_eq!((ran.end, ran.stdout.len()), (End::TooMuchOutput, 1000));
    }

    #[test]
    fn a_trickle_of_output_does_not_put_off_the_end() {
        let limits = Limits { timeout: Duration::from_millis(300), ..LIMITS };
        let started = Instant::now();
        let ran = run_shell("while :; do echo drip; sleep 0.01; done", b"", limits);
        assert_eq!(ran.end, End::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    /// Runs a script that starts `sleep 600` in some way, and says whether that was noticed.
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
            "the sleeper lives"
        );
        ran.left_running
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn nothing_outlives_the_program() {
        assert!(leaves_running("sleep 600 & echo $!"), "in its group");
        assert!(
            leaves_running("setsid sh -c 'echo $$; exec >&- 2>&-; sleep 600' & sleep 0.3"),
            "in another session"
        );
        assert!(leaves_running("trap '' TERM HUP; setsid sleep 600 & echo $!; sleep 0.3"), "deaf to signals");
        assert!(
            leaves_running("cd $HOME; env -i setsid sh -c 'echo $$; sleep 600' & sleep 0.3"),
            "without variables"
        );
        assert!(!leaves_running("true & echo $!; wait"), "one that has ended");
    }

    /// The deadline for the end of output is not put off by who keeps on writing.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_chatty_orphan_is_killed_soon() {
        let script = "setsid sh -c 'echo $$; while :; do echo chat >&2; sleep 0.01; done' & sleep 0.3";
        assert!(leaves_running(script));
    }

    #[test]
    fn an_interrupt_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "sleep 600"]);
        let started = Instant::now();
        let interrupt = Interrupt::come();
        assert!(run(shell, folder.path(), b"", Stdio::piped(), LIMITS, &interrupt, None).unwrap().is_none());
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_pipe_is_broken_when_its_last_reader_has_gone() {
        let (reader, mut writer) = io::pipe().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(50));
                drop(reader);
            });
            until_unread(&writer).unwrap();
            assert_eq!(writer.write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        });
    }
}
