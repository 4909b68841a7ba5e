//! Passes on the triple for which the harness is built: that of the examples' native column.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let host = std::env::var("TARGET").expect("cargo sets TARGET for build scripts");
    println!("cargo::rustc-env=PARALLAX_HOST={host}");
}
