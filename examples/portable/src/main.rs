//! Prints what the same source reports about its platform. The instructions are portable and the
//! language means the same; what differs is the side of the operating system.

use std::env::{self, consts};
use std::mem::size_of;
use std::path::{MAIN_SEPARATOR, Path};

fn main() {
    match env::args().nth(1).as_deref() {
        Some("equal") => equal(),
        Some("different") => different(),
        _ => eprintln!("usage: portable equal|different"),
    }
}

/// What a port can rely on.
fn equal() {
    println!("line end: {:?}", "\n".as_bytes());
    println!("path separator: {MAIN_SEPARATOR:?}");
    println!("absolute path: {}", Path::new("/data").is_absolute());
    println!("extension: {:?}", Path::new("a/b.tar.gz").extension());
    println!("little-endian: {}", cfg!(target_endian = "little"));
    println!("u64 multiplication: {}", 0xcbf2_9ce4_8422_2325_u64.wrapping_mul(0x0100_0000_01b3));
    println!("f64 sum: {:?}", 0.1 + 0.2);
    println!("f64 root: {:?}", 2.0_f64.sqrt());
    println!("overflow: {:?}", i32::MAX.checked_add(1));
    println!("size of a char: {}", size_of::<char>());
    println!("alignment of a u64: {}", align_of::<u64>());
}

/// What a port has to check.
fn different() {
    println!("cfg(unix): {}", cfg!(unix));
    println!("cfg(target_os = \"wasi\"): {}", cfg!(target_os = "wasi"));
    println!("cfg(target_family = \"wasm\"): {}", cfg!(target_family = "wasm"));
    println!("target_env is p1: {}, p2: {}", cfg!(target_env = "p1"), cfg!(target_env = "p2"));
    println!("consts::OS: {:?}", consts::OS);
    println!("consts::FAMILY: {:?}", consts::FAMILY);
    println!("consts::EXE_SUFFIX: {:?}", consts::EXE_SUFFIX);
    println!("panics unwind: {}", cfg!(panic = "unwind"));
    println!("pointer width: {}", usize::BITS);
    println!("size of a String: {}", size_of::<String>());
    println!("largest allocation: {}", isize::MAX);
}
