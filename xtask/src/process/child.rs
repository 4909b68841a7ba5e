//! What a child has when its program starts, whatever the caller of the harness has: no controlling terminal, no file
//! descriptors of the caller, no ignored signals, and the usual limits.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The soft limits of programs, where the hard limit allows them. These are what Linux gives the first process, and no
/// file with the memory of a program that crashes.
const LIMITS: [(Resource, u64); 3] =
    [(Resource::Stack, 8 << 20), (Resource::Nofile, 1024), (Resource::Core, 0)];

/// What is not limited, where the hard limit allows that.
const UNLIMITED: [Resource; 4] = [Resource::Fsize, Resource::Cpu, Resource::Data, Resource::As];

/// Starts `command` as the leader of a process group of its own, without a controlling terminal: the program cannot open
/// `/dev/tty`, write there, or put input into its queue (`TIOCSTI` in ioctl_tty(2)). It can still open a terminal whose
/// path it finds, as root or as the user who owns it.
///
/// It is no session of its own, because a leader of a session cannot change its process group, as programs may do.
pub fn detach(command: &mut Command) {
    command.process_group(0);
    before_exec(command, || {
        // This fails if there is no controlling terminal, which is what is wanted.
        if let Ok(terminal) =
            open(c"/dev/tty", OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())
        {
            give_up(&terminal);
        }
        Ok(())
    });
}

/// Gives up the controlling terminal of this process, which leads no session (`TIOCNOTTY` in ioctl_tty(2)).
#[expect(unsafe_code, reason = "rustix has no function for this call")]
fn give_up(terminal: &OwnedFd) {
    // SAFETY: the call has no argument, and changes nothing but the controlling terminal of this process.
    unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCNOTTY) };
}

/// Starts `command` with soft limits that do not depend on those of the caller.
pub fn set_limits(command: &mut Command) {
    before_exec(command, || {
        let unlimited = UNLIMITED.into_iter().map(|resource| (resource, None));
        for (resource, soft) in
            LIMITS.map(|(resource, soft)| (resource, Some(soft))).into_iter().chain(unlimited)
        {
            let Rlimit { maximum, .. } = getrlimit(resource);
            let current = match (soft, maximum) {
                (Some(soft), Some(maximum)) => Some(soft.min(maximum)),
                (soft, maximum) => soft.or(maximum),
            };
            setrlimit(resource, Rlimit { current, maximum })?;
        }
        Ok(())
    });
}

/// Calls `set_up` in the child before its program starts. It must only call what is allowed between fork and exec.
#[expect(
    unsafe_code,
    reason = "std has no safe way to start a program without a terminal, or with other limits"
)]
fn before_exec(command: &mut Command, set_up: impl FnMut() -> io::Result<()> + Send + Sync + 'static) {
    // SAFETY: open, ioctl, close, getrlimit and setrlimit only enter the system. They neither allocate memory nor take locks, so they
    // can be called in the only thread of a child whose parent has several (fork(2), signal-safety(7)).
    unsafe { command.pre_exec(set_up) };
}

/// Makes all file descriptors that the caller has left open, beyond the three standard streams, close when this process
/// starts another program. Linux can do this since 5.11; before, programs inherit them.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "rustix has no safe function for a range of descriptors")]
pub fn keep_descriptors() {
    // SAFETY: the flag changes no descriptor of this process, only those of the programs that it starts.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}
