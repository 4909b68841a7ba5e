//! Tells wasm's linker to use a larger stack.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        // The system decides on the stack of a native main thread: usually 8 MiB.
        println!("cargo::rustc-link-arg-bins=-zstack-size={}", 4 << 20);
    }
}
