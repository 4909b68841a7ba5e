//! Reads and writes devices by their names in `/dev`, and the links to open files there.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    // If /dev is not granted, everything below fails in the same way: report that once.
    fs::metadata("/dev")?;
    match env::args().nth(1).as_deref() {
        Some("devices") => devices(),
        Some("open-files") => open_files(),
        _ => eprintln!("usage: fs-special devices|open-files"),
    }
    Ok(())
}

fn devices() {
    let mut bytes = [1; 4];
    show("read /dev/null", fs::read("/dev/null"));
    show("write /dev/null", fs::write("/dev/null", "text"));
    show(
        "append to /dev/null",
        OpenOptions::new().append(true).open("/dev/null").and_then(|mut null| null.write(b"text")),
    );
    show("set the length of /dev/null", File::create("/dev/null").and_then(|null| null.set_len(4)));
    show("read /dev/zero", File::open("/dev/zero").and_then(|mut zero| zero.read(&mut bytes)));
    println!("    {bytes:?}");
    show(
        "read /dev/urandom",
        File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes)),
    );
    show(
        "write /dev/full",
        OpenOptions::new().write(true).open("/dev/full").and_then(|mut full| full.write(b"text")),
    );
}

fn open_files() {
    show("what /dev/stdin says", fs::read_link("/dev/stdin"));
    show("read /dev/stdin", fs::read_to_string("/dev/stdin"));
    show("read /dev/fd/0", fs::read_to_string("/dev/fd/0"));
    show("read /proc/self/fd/0", fs::read_to_string("/proc/self/fd/0"));
    show(
        "write /dev/stdout",
        OpenOptions::new().append(true).open("/dev/stdout").and_then(|mut out| out.write_all(b"written\n")),
    );
    show("read stdin", io::read_to_string(io::stdin()));
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
