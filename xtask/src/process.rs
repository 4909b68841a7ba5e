//! Process control: the one file that starts, watches and ends the programs under test.
//!
//! A program runs in a process group of its own, with both streams read as they come, an absolute
//! deadline and a limit on output. When its leader has ended, what is left of the group is killed
//! while the leader is still a zombie, so that the group's number cannot have been given away.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};

/// What a run may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub timeout: Duration,
    /// The most bytes that are kept of each stream.
    pub output: usize,
}

/// What a run left behind, as it came.
#[derive(Clone, Debug)]
pub struct Ran {
    pub end: End,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Exit(i32),
    Signal(i32),
    TimedOut,
    TooMuchOutput,
}

/// How long the end of output is waited for once the leader has ended, and the leader's end once
/// it was killed. Only a process that left the group can hold a stream open longer.
const GRACE: Duration = Duration::from_secs(1);

/// How much is read at once.
const READ_CHUNK: usize = 64 * 1024;

/// How much is written at once: a pipe that polls as writable takes this much without blocking
/// (POSIX, PIPE_BUF).
const WRITE_CHUNK: usize = 512;

/// Is told of output as it comes, whole lines at a time as far as there are line feeds.
pub type Echo = fn(&[u8]);

/// Runs `command` to its end and gives what it left behind, or `None` if `interrupt` became
/// readable meanwhile: then the program was killed.
///
/// # Errors
/// If the program cannot be started, or the system refuses to tell about it.
pub fn run(
    mut command: Command,
    stdin: &[u8],
    limits: Limits,
    interrupt: BorrowedFd<'_>,
    echo: Option<Echo>,
) -> io::Result<Option<Ran>> {
    let deadline = Instant::now() + limits.timeout;
    let input = if stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let watched = watch(&mut child, stdin, deadline, limits.output, interrupt, echo);
    if watched.is_err() {
        // Whatever went wrong, the program must not survive it.
        kill_group(&child);
        child.wait()?;
    }
    watched
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
    stdin: &[u8],
    mut deadline: Instant,
    output_limit: usize,
    interrupt: BorrowedFd<'_>,
    echo: Option<Echo>,
) -> io::Result<Option<Ran>> {
    let leader = exit_notice(child)?;
    let mut input =
        Input { pipe: child.stdin.take().map(|pipe| File::from(OwnedFd::from(pipe))), left: stdin };
    let mut stdout = Output::new(child.stdout.take().map(OwnedFd::from), echo);
    let mut stderr = Output::new(child.stderr.take().map(OwnedFd::from), echo);

    let mut status: Option<ExitStatus> = None;
    // Why the harness ended the program, if it did.
    let mut killed_for: Option<End> = None;
    let mut interrupted = false;
    while status.is_none() || stdout.pipe.is_some() || stderr.pipe.is_some() {
        let sources = [
            (Event::Interrupt, (!interrupted).then_some(interrupt), PollFlags::IN),
            (Event::LeaderEnded, status.is_none().then_some(leader.as_fd()), PollFlags::IN),
            (Event::Stdout, stdout.pipe.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (Event::Stderr, stderr.pipe.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (Event::Stdin, input.pipe.as_ref().map(AsFd::as_fd), PollFlags::OUT),
        ];
        let events = wait_for(sources, deadline)?;

        let timed_out = events.is_empty();
        if timed_out && status.is_some() {
            break;
        }
        if timed_out && (killed_for.is_some() || interrupted) {
            return Err(io::Error::other("a killed program does not end"));
        }
        let mut end_for = timed_out.then_some(End::TimedOut);
        for event in events {
            match event {
                Event::Interrupt => interrupted = true,
                Event::LeaderEnded => {
                    kill_group(child);
                    status = Some(child.wait()?);
                    deadline = Instant::now() + GRACE;
                }
                Event::Stdin => input.write()?,
                Event::Stdout | Event::Stderr => {
                    let stream = if event == Event::Stdout { &mut stdout } else { &mut stderr };
                    stream.read()?;
                    if stream.bytes.len() > output_limit {
                        stream.bytes.truncate(output_limit);
                        stream.pipe = None;
                        end_for = Some(End::TooMuchOutput);
                    }
                }
            }
        }
        if (end_for.is_some() || interrupted) && status.is_none() && killed_for.is_none() {
            kill_group(child);
            killed_for = end_for;
            deadline = Instant::now() + GRACE;
        } else if killed_for.is_none() && end_for == Some(End::TooMuchOutput) {
            // The leader had ended by itself, but left more than the limit in the pipe.
            killed_for = end_for;
        }
    }

    if interrupted {
        return Ok(None);
    }
    let end = killed_for.unwrap_or_else(|| end_of(status.expect("the loop ends with the leader")));
    Ok(Some(Ran { end, stdout: stdout.bytes, stderr: stderr.bytes }))
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
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // It fails where nobody is left in the group, and then there is nothing to do.
        let _ = kill_process_group(group, Signal::KILL);
    }
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
struct Output {
    pipe: Option<File>,
    bytes: Vec<u8>,
    echo: Option<Echo>,
    /// How much of it was told to `echo`.
    echoed: usize,
}

impl Output {
    fn new(pipe: Option<OwnedFd>, echo: Option<Echo>) -> Output {
        Output { pipe: pipe.map(File::from), bytes: Vec::new(), echo, echoed: 0 }
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
                echo(&new[..whole]);
                self.echoed += whole;
            }
        }
        if at_end {
            self.pipe = None;
        }
        Ok(())
    }
}

/// From now on, what programs leave behind becomes a child of this process.
#[cfg(target_os = "linux")]
pub fn adopt_orphans() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Elsewhere, what leaves its group is out of reach.
#[cfg(not(target_os = "linux"))]
pub fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// Kills all children, and what becomes a child by their end, until there is none left.
#[cfg(target_os = "linux")]
pub fn end_orphans() -> io::Result<()> {
    loop {
        let mut children = Vec::new();
        for task in std::fs::read_dir("/proc/self/task")? {
            let listed = std::fs::read_to_string(task?.path().join("children")).unwrap_or_default();
            children.extend(listed.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)));
        }
        if children.is_empty() {
            return Ok(());
        }
        for pid in children {
            // Both fail only for a process that is gone already.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
        }
    }
}

/// Elsewhere, nothing was adopted.
#[cfg(not(target_os = "linux"))]
pub fn end_orphans() -> io::Result<()> {
    Ok(())
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
    use super::*;

    const LIMITS: Limits = Limits { timeout: Duration::from_secs(20), output: 1 << 20 };

    #[track_caller]
    fn run_shell(script: &str, stdin: &[u8], limits: Limits) -> Ran {
        let (never, _open) = io::pipe().unwrap();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", script]);
        run(shell, stdin, limits, never.as_fd(), None).unwrap().expect("not interrupted")
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
    fn what_is_left_of_the_group_is_killed() {
        let started = Instant::now();
        let ran = run_shell("sleep 600 & echo $!", b"", LIMITS);
        assert_eq!(ran.end, End::Exit(0));
        assert!(started.elapsed() < Duration::from_secs(10));
        let pid: i32 = String::from_utf8(ran.stdout).unwrap().trim().parse().unwrap();
        let pid = Pid::from_raw(pid).unwrap();
        let gone = || rustix::process::test_kill_process(pid).is_err() || is_zombie(pid);
        while !gone() {
            assert!(started.elapsed() < Duration::from_secs(10), "the sleeper lives");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whoever adopted the killed process may not have reaped it yet.
    fn is_zombie(pid: Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
    }

    #[test]
    fn an_interrupt_ends_it() {
        let (readable, mut writer) = io::pipe().unwrap();
        writer.write_all(b"!").unwrap();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "sleep 600"]);
        let started = Instant::now();
        assert!(run(shell, b"", LIMITS, readable.as_fd(), None).unwrap().is_none());
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}
