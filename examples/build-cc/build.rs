//! Compiles the C source for the target of the program.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=src/absolute.c");
    let mut build = cc::Build::new();
    // With a wasi-sdk, this would compile. So that a machine that has one shows the same as others, only
    // clang is used here, if there is one, and none of the headers that may be installed with it.
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("wasi") {
        build.compiler("clang").flag("-nostdlibinc");
    }
    build.file("src/absolute.c").compile("absolute");
}
