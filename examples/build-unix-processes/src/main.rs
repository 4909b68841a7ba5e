//! Uses what std has for processes on Unix only: arguments, signals, groups, and becoming another program.

use std::io;
use std::os::unix::process::{self, CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

fn main() -> io::Result<()> {
    println!("there is a parent: {}", process::parent_id() > 0);
    println!("a status of 9: {:?}", ExitStatus::from_raw(9).signal());
    let status = Command::new("sh").arg0("shell").args(["-c", "echo as $0; kill -9 $$"]).status()?;
    println!("ended by signal {:?}", status.signal());
    // This returns only if it fails.
    Err(Command::new("echo").arg("now another program").process_group(0).exec())
}
