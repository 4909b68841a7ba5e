//! Calls functions of the C library that it declares itself, as generated bindings do.
#![allow(unsafe_code, reason = "functions of the C library are foreign functions")]

unsafe extern "C" {
    safe fn getuid() -> u32;
    safe fn geteuid() -> u32;
}

fn main() {
    println!("the real and the effective user are the same: {}", getuid() == geteuid());
}
