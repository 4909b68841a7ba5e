//! Calls a C function that the build script has compiled.
#![allow(unsafe_code, reason = "a C function is a foreign function")]

unsafe extern "C" {
    safe fn absolute(number: i32) -> i32;
}

fn main() {
    println!("the absolute value of -3 is {}", absolute(-3));
}
