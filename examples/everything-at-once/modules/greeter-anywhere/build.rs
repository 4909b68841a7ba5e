//! On wasip1: the greeter as a shared library in the sense of wasm-ld. It imports its memory, its
//! stack pointer, and the addresses of its data and of its slots in the table.
//!
//! Cargo has no key with which a single package can request position-independent code. So this script
//! compiles the greeter, and links it into this otherwise empty module.

use std::env;
use std::path::Path;
use std::process::Command;

const SOURCE: &str = "../greeter/src/lib.rs";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SOURCE}");
    if env::var("CARGO_CFG_TARGET_ENV").as_deref() != Ok("p1") {
        return;
    }
    let variable = |name| env::var(name).expect("cargo sets it for build scripts");
    let object = Path::new(&variable("OUT_DIR")).join("greeter.o");
    let compiled = Command::new(variable("RUSTC"))
        .args(["--edition=2024", "--crate-type=lib", "--emit=obj", "-Copt-level=3", "-Cpanic=abort"])
        .args(["-Crelocation-model=pic", "--target", &variable("TARGET"), "-o"])
        .args([object.as_os_str(), SOURCE.as_ref()])
        .status()
        .expect("rustc runs");
    assert!(compiled.success(), "rustc could not compile {SOURCE}");
    let object = object.display().to_string();
    for arg in [&object, "-shared", "--experimental-pic", "--export=greeting"] {
        println!("cargo::rustc-cdylib-link-arg={arg}");
    }
}
