//! Like the shouter, with its data 64 KiB above where wasm-ld puts it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("p1") {
        for arg in ["--import-memory", "--global-base=1114112"] {
            println!("cargo::rustc-cdylib-link-arg={arg}");
        }
    }
}
