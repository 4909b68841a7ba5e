//! Makes a name of bytes that are no UTF-8, by what std has for Unix and for WASI.

use std::ffi::OsStr;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
#[cfg(target_os = "wasi")]
use std::os::wasi::ffi::OsStrExt;

fn main() {
    println!("a name: {:?}", OsStr::from_bytes(b"na\xefve"));
}
