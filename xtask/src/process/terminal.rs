//! Pseudo-terminals (pty(7)), for programs that behave differently on a terminal.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Command;

use rustix::fs::{Mode, OFlags};
use rustix::io::FdFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr};

/// What ends the input of a program that reads lines from a terminal: VEOF (termios(3)) twice, as the first one
/// only ends an incomplete line.
pub const END_OF_INPUT: [u8; 2] = [4, 4];

/// Gives the program a terminal as its three standard streams, and returns the side of the harness. What the
/// program writes can be read there, and nothing is added to it: the terminal does not echo its input, and does
/// not translate line feeds. Reading fails with EIO when the program has ended.
///
/// # Errors
/// If the system has no terminal left, or refuses to configure it.
pub fn attach(command: &mut Command) -> io::Result<OwnedFd> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    #[cfg(target_os = "linux")]
    let flags = flags | OpenptFlags::CLOEXEC;
    let ours = openpt(flags)?;
    // Other systems do not know the flag.
    rustix::io::fcntl_setfd(&ours, FdFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let path = ptsname(&ours, Vec::new())?;
    let theirs = rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let mut settings = tcgetattr(&theirs)?;
    settings.local_modes.remove(LocalModes::ECHO);
    settings.output_modes.remove(OutputModes::OPOST);
    tcsetattr(&theirs, OptionalActions::Now, &settings)?;
    let theirs = File::from(theirs);
    command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
    Ok(ours)
}
