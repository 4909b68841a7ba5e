//! Passes the target triple of the harness on to its code. The native column is built for the same one.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let host = std::env::var("TARGET").expect("cargo sets TARGET for build scripts");
    println!("cargo::rustc-env=PARALLAX_HOST={host}");
}
