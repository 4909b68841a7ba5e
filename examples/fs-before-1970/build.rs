//! Makes a file from 1960: the program cannot do so itself on WASI, and Git keeps no times.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let path = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("old");
    fs::write(&path, "")?;
    let ten_years = Duration::from_secs(315_619_200);
    File::options().write(true).open(&path)?.set_modified(UNIX_EPOCH - ten_years)
}
