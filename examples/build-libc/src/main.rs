//! Forks with the `libc` crate, and waits for the child.
#![allow(unsafe_code, reason = "functions of the C library are foreign functions")]

fn main() {
    // SAFETY: there is only one thread, and the child does nothing except exit.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: this exits the child.
        unsafe { libc::_exit(3) };
    }
    let mut status = 0;
    // SAFETY: `status` is valid memory for the child's status.
    let ended = unsafe { libc::waitpid(child, &raw mut status, 0) };
    println!("the child has ended: {}", ended == child);
    println!("with {}", libc::WEXITSTATUS(status));
}
