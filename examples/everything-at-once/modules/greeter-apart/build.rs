//! Like the greeter, with its data and its stack above everything that the library has.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("p1") {
        for arg in ["--import-memory", "--global-base=1114112", "-zstack-size=65536", "--no-stack-first"] {
            println!("cargo::rustc-cdylib-link-arg={arg}");
        }
    }
}
