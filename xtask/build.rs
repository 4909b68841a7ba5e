//! Passes on to the code of the harness: its target triple, for which the native column is built, too; how it is
//! called; and the catalogue that is built in, which is empty here. `cargo-parallax/build.rs` has one.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let var = |name| std::env::var(name).expect("cargo sets the variables of build scripts");
    let catalogue = PathBuf::from(var("OUT_DIR")).join("catalogue.pack");
    std::fs::write(&catalogue, "")?;
    println!("cargo::rustc-env=PARALLAX_HOST={}", var("TARGET"));
    println!("cargo::rustc-env=PARALLAX_COMMAND=cargo xtask");
    println!("cargo::rustc-env=PARALLAX_CATALOGUE={}", catalogue.display());
    Ok(())
}
