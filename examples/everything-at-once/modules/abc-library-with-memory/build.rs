//! The library with its own memory, which others can import together with its stack pointer.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("p1") {
        println!("cargo::rustc-cdylib-link-arg=--export=__stack_pointer");
    }
}
