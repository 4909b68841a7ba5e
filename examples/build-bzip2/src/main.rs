//! Calls the C library that the `bzip2-sys` crate contains and compiles.
#![allow(unsafe_code, reason = "a C function is a foreign function")]

use std::ffi::{CStr, c_char};

// Links the library.
use bzip2_sys as _;

unsafe extern "C" {
    fn BZ2_bzlibVersion() -> *const c_char;
}

fn main() {
    // SAFETY: The function takes nothing, and returns a constant string.
    let version = unsafe { CStr::from_ptr(BZ2_bzlibVersion()) };
    println!("libbzip2 {}", version.to_string_lossy());
}
