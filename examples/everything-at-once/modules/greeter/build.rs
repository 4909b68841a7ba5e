//! On wasip1 this module has no memory of its own: it imports `env.memory`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("p1") {
        println!("cargo::rustc-cdylib-link-arg=--import-memory");
    }
}
