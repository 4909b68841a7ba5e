//! Asks wasm's linker for a larger stack.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        // A native main thread's stack is the system's business: 8 MiB by custom.
        println!("cargo::rustc-link-arg-bins=-zstack-size={}", 4 << 20);
    }
}
