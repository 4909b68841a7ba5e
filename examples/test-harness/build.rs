//! Builds the program as `cargo test` would: `rustc --test` makes a program of the tests in `src/main.rs`
//! and std's harness. That program becomes an object file here, of which cargo makes the example.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/main.rs");
    let [rustc, target, out, level] = ["RUSTC", "TARGET", "OUT_DIR", "OPT_LEVEL"]
        .map(|name| env::var(name).expect("cargo sets it for each build script"));
    let object = Path::new(&out).join("tests.o");
    let status = Command::new(&rustc)
        .args(["--test", "--edition=2024", "--emit=obj", "--target", &target, "src/main.rs", "-o"])
        .arg(&object)
        .args(["-Ccodegen-units=1".into(), format!("-Copt-level={level}")])
        .status();
    assert!(status.is_ok_and(|status| status.success()), "the tests do not compile");
    println!("cargo::rustc-link-arg-bins={}", object.display());

    // rustc links the harness only into what it compiles with `--test`, so it is named here: std's crate
    // `test`, and the one with which it parses its arguments.
    let printed = Command::new(&rustc).args(["--print", "target-libdir", "--target", &target]).output();
    let printed = printed.expect("rustc ran before").stdout;
    let libraries = String::from_utf8(printed).expect("cargo supports no other paths");
    for entry in fs::read_dir(libraries.trim_end()).expect("rustc names its own directory") {
        let path = entry.expect("it can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".rlib") && ["libtest-", "libgetopts-"].iter().any(|start| name.starts_with(start))
        {
            println!("cargo::rustc-link-arg-bins={}", path.display());
        }
    }
}
