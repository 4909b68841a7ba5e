//! The stack pointer is a global of the instance; this exports it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("p1") {
        for arg in ["--import-table", "--export=__stack_pointer"] {
            println!("cargo::rustc-cdylib-link-arg={arg}");
        }
    }
}
