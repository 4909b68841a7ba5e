//! Prints the numbers of the standard streams, with the std API for all systems with descriptors.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

fn main() {
    println!("stdin is {}", io::stdin().as_raw_fd());
    println!("stdout is {}, borrowed {}", io::stdout().as_raw_fd(), io::stdout().as_fd().as_raw_fd());
    println!("stderr is {}", io::stderr().as_raw_fd());
}
