//! A function pointer means something to another module only if both have one table.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("p1") {
        println!("cargo::rustc-link-arg-bins=--import-table");
    }
}
