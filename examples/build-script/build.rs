//! Tells the program for which system it is compiled, in the wrong way and in the right one.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A build script runs on the machine that compiles, and is compiled for it: this is about the script.
    let of_script = if cfg!(unix) { "like Unix" } else { "unlike Unix" };
    println!("cargo::rustc-env=CFG_OF_SCRIPT={of_script}, {} bits", usize::BITS);
    // Cargo says in variables what `cfg` is for the program. A name that is not set is not one for it.
    let unix = env::var_os("CARGO_CFG_UNIX").is_some();
    let of_program = if unix { "like Unix" } else { "unlike Unix" };
    let bits = env::var("CARGO_CFG_TARGET_POINTER_WIDTH").expect("cargo sets it");
    println!("cargo::rustc-env=CFG_OF_PROGRAM={of_program}, {bits} bits");
}
