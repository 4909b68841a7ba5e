//! Prints what error numbers mean here, and which number and kind a common error has.

use std::env;
use std::io::{self, ErrorKind};

fn main() {
    match env::args().nth(1).as_deref() {
        Some("numbers") => {
            // On Linux: ENOENT, EINTR, EBADF, EAGAIN, EACCES, EEXIST, EINVAL, ENOSPC, EPIPE, ENOSYS.
            for number in [2, 4, 9, 11, 13, 17, 22, 28, 32, 38] {
                let error = io::Error::from_raw_os_error(number);
                println!("{number}: {:?}: {error}", error.kind());
            }
        }
        Some("unknown") => {
            for number in [0, -1, 4095] {
                let error = io::Error::from_raw_os_error(number);
                println!("{:?}: {error}", error.kind());
            }
        }
        Some("kinds") => {
            for kind in [ErrorKind::NotFound, ErrorKind::PermissionDenied, ErrorKind::BrokenPipe] {
                println!("{kind:?}: {kind}, as an error: {:?}", io::Error::from(kind));
            }
            let error = io::Error::other("mine");
            println!("{:?}: {error}, {:?}", error.kind(), error.raw_os_error());
        }
        _ => eprintln!("usage: io-errors numbers|unknown|kinds"),
    }
}
