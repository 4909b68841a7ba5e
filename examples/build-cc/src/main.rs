//! Calls a C function that the build script has compiled.
#![allow(unsafe_code, reason = "a C function is a foreign function")]

unsafe extern "C" {
    safe fn child_exits_with(code: i32) -> i32;
}

fn main() {
    println!("the child exited with {}", child_exits_with(3));
}
