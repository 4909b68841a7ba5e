//! Windows: a job object for each program, which ends all in it when it is closed.
//!
//! This is only known to compile. A program is in its job from shortly after its start, so what it
//! starts before that is not.

use std::io::{self, Read, Write};
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use win32job::{ExtendedLimitInfo, Job};

use super::{Echo, End, GRACE, Interrupt, Limits, Pipe, Ran};

/// How often it is looked whether the program has ended or an interrupt has come.
const LOOK: Duration = Duration::from_millis(5);

/// As the function of this name for Unix.
pub fn run(
    mut command: Command,
    _folder: &Path,
    stdin: &[u8],
    stdout: Stdio,
    limits: Limits,
    interrupt: &Interrupt,
    echo: Option<Echo<'_>>,
) -> io::Result<Option<Ran>> {
    let mut info = ExtendedLimitInfo::new();
    info.limit_kill_on_job_close();
    let job = Job::create_with_limit_info(&info).map_err(io::Error::other)?;
    command.stdin(Stdio::piped()).stdout(stdout).stderr(Stdio::piped());
    let deadline = Instant::now() + limits.timeout;
    let mut child = command.spawn()?;
    job.assign_process(child.as_raw_handle() as isize).map_err(io::Error::other)?;

    let (sender, chunks) = mpsc::channel();
    let mut input = child.stdin.take();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as _),
        child.stderr.take().map(|pipe| Box::new(pipe) as _),
    ];
    thread::scope(|scope| {
        // A program that does not want its input is no error.
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
        let mut deadline = deadline;
        let (mut code, mut killed_for, mut interrupted) = (None, None, false);
        loop {
            match chunks.recv_timeout(LOOK) {
                Ok((number, chunk)) => {
                    if let Some(echo) = echo {
                        echo([Pipe::Stdout, Pipe::Stderr][number], &chunk);
                    }
                    bytes[number].extend(chunk);
                    if bytes[number].len() > limits.output {
                        bytes[number].truncate(limits.output);
                        killed_for = killed_for.or(Some(End::TooMuchOutput));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if code.is_some() => break,
                Err(RecvTimeoutError::Disconnected) => thread::sleep(LOOK),
            }
            interrupted |= interrupt.signal().is_some();
            if code.is_none() {
                code = child.try_wait()?.map(|status| status.code().unwrap_or_default());
                if code.is_some() {
                    deadline = Instant::now() + GRACE;
                }
            }
            if Instant::now() >= deadline {
                if code.is_some() {
                    break;
                }
                killed_for = killed_for.or(Some(End::TimedOut));
            }
            if killed_for.is_some() || interrupted || code.is_some() {
                // Closing the job ends all that is in it.
                job = None;
            }
        }
        drop(job);
        let [stdout, stderr] = bytes;
        let end = killed_for.unwrap_or(End::Exit(code.unwrap_or_default()));
        Ok((!interrupted).then_some(Ran { end, stdout, stderr, left_running: false }))
    })
}

/// The writing end of a pipe that nobody reads.
pub fn broken_pipe() -> io::Result<io::PipeWriter> {
    let (_, writer) = io::pipe()?;
    Ok(writer)
}

/// Starts a tool, such as cargo.
pub fn start_tool(command: &mut Command) -> io::Result<Child> {
    command.spawn()
}

/// A console's Ctrl-C reaches cargo by itself.
pub fn end_tool(_: u32) {}

/// Windows has no signals.
pub fn signal_name(number: i32) -> String {
    format!("signal {number}")
}
