//! Windows: a job object for each program, which kills all processes in it when it is closed.
//!
//! This is only known to compile. A program is put into its job just after it was started, so a process
//! that it starts before that is not in the job.

use std::io::{self, Read, Write};
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use win32job::{ExtendedLimitInfo, Job};

use super::interrupt::Interrupt;
use super::supervision::{Action, Supervision};
use super::types::{Echo, End, Limits, Pipe, Ran, RunError, Streams};

/// How often the harness checks whether the program has ended or an interrupt has come.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Does the same as the function of this name for Unix, without the need for a scratch directory.
pub fn run(
    mut command: Command,
    _scratch: &Path,
    stdin: &[u8],
    streams: Streams,
    limits: Limits,
    interrupt: &Interrupt,
    echo: Option<Echo<'_>>,
) -> Result<Option<Ran>, RunError> {
    let mut info = ExtendedLimitInfo::new();
    info.limit_kill_on_job_close();
    let job = Job::create_with_limit_info(&info).map_err(|error| RunError::Start(io::Error::other(error)))?;
    let mut input = Stdio::piped();
    let stdout = match streams {
        Streams::Recorded => Stdio::piped(),
        Streams::StdoutTo(stdout) => stdout,
        Streams::StdinFrom(file) => {
            input = file.into();
            Stdio::piped()
        }
        Streams::Terminal => {
            let message = "the harness cannot give a program a terminal on this system";
            return Err(RunError::Start(io::Error::new(io::ErrorKind::Unsupported, message)));
        }
    };
    command.stdin(input).stdout(stdout).stderr(Stdio::piped());
    let deadline = Instant::now() + limits.timeout;
    let child = command.spawn().map_err(RunError::Start)?;
    watch(child, job, stdin, deadline, limits.output, interrupt, echo).map_err(RunError::Watch)
}

/// Feeds and reads a started program until it and its output have ended.
fn watch(
    mut child: Child,
    job: Job,
    stdin: &[u8],
    deadline: Instant,
    output_limit: usize,
    interrupt: &Interrupt,
    echo: Option<Echo<'_>>,
) -> io::Result<Option<Ran>> {
    job.assign_process(child.as_raw_handle() as isize).map_err(io::Error::other)?;

    let (sender, chunks) = mpsc::channel();
    let mut input = child.stdin.take();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as _),
        child.stderr.take().map(|pipe| Box::new(pipe) as _),
    ];
    thread::scope(|scope| {
        // A program need not read its input, so a broken pipe is not an error.
        scope.spawn(move || input.as_mut().map(|pipe| pipe.write_all(stdin)));
        for (number, pipe) in streams.into_iter().enumerate() {
            let sender = sender.clone();
            scope.spawn(move || {
                let Some(mut pipe) = pipe else { return };
                let mut chunk = vec![0; 1 << 16];
                while let Ok(read @ 1..) = pipe.read(&mut chunk) {
                    if sender.send((number, chunk[..read].to_vec())).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);

        let mut bytes = [Vec::new(), Vec::new()];
        let mut job = Some(job);
        let mut supervision = Supervision::new(deadline);
        let mut code = None;
        loop {
            let mut too_much_output = false;
            let left = supervision.deadline().saturating_duration_since(Instant::now());
            match chunks.recv_timeout(POLL_INTERVAL.min(left)) {
                Ok((number, chunk)) => {
                    if let Some(echo) = echo {
                        echo([Pipe::Stdout, Pipe::Stderr][number], &chunk);
                    }
                    bytes[number].extend(chunk);
                    if bytes[number].len() > output_limit {
                        bytes[number].truncate(output_limit);
                        too_much_output = true;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if code.is_some() => break,
                Err(RecvTimeoutError::Disconnected) => thread::sleep(POLL_INTERVAL),
            }
            if interrupt.signal().is_some() {
                supervision.interrupt();
            }
            if code.is_none() {
                code = child.try_wait()?.map(|status| status.code().unwrap_or_default());
                if code.is_some() {
                    // Closing the job ends what the program has left running.
                    job = None;
                    supervision.leader_ended(Instant::now());
                }
            }
            match supervision.next(Instant::now(), too_much_output) {
                Action::Wait => {}
                Action::Kill => job = None,
                Action::StopReading => break,
                Action::GiveUp => return Err(io::Error::other("a killed program does not end")),
            }
        }
        drop(job);
        let [stdout, stderr] = bytes;
        let end = supervision.killed_for().unwrap_or(End::Exit(code.unwrap_or_default()));
        Ok((!supervision.is_interrupted()).then_some(Ran { end, stdout, stderr, left_running: false }))
    })
}

/// The writing end of a pipe whose reading end is closed.
///
/// # Errors
/// If the system refuses to make a pipe.
pub fn broken_pipe() -> io::Result<io::PipeWriter> {
    let (_, writer) = io::pipe()?;
    Ok(writer)
}

/// Has no effect, as files have no modes here.
pub fn set_umask() {}

/// Starts a tool, such as cargo.
///
/// # Errors
/// If it cannot be started.
pub fn start_tool(command: &mut Command) -> io::Result<Child> {
    command.spawn()
}

/// Does nothing: Ctrl-C reaches all programs in a console, so cargo ends by itself.
pub fn end_tool(_: u32) {}
