//! Runs a tool to its end, or until an interrupt.

use std::io;
use std::process::{Command, ExitStatus};

use crate::process::{self, Interrupt};
use crate::tools::POLL_INTERVAL;

/// Runs a tool to its end, and calls `poll` again and again until then. On an interrupt, the tool and
/// what it has started are killed. Its streams are those of `command`; they must not be pipes, because nothing
/// reads them.
///
/// # Errors
/// If the tool cannot be started or waited for.
pub fn run(command: &mut Command, interrupt: &Interrupt, mut poll: impl FnMut()) -> io::Result<ExitStatus> {
    let mut child = process::start_tool(command)?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupt.signal().is_some() {
            process::end_tool(child.id());
            return child.wait();
        }
        poll();
        std::thread::sleep(POLL_INTERVAL);
    }
}
