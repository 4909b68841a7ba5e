//! A function pointer is valid in another module only if both share one table.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("p1") {
        println!("cargo::rustc-link-arg-bins=--import-table");
    }
}
