//! The library with a memory of its own, which others can import with the stack pointer for it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("p1") {
        println!("cargo::rustc-cdylib-link-arg=--export=__stack_pointer");
    }
}
