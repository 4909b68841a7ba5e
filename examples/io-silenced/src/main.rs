//! Writes to both of its output streams, and prints the result of each on the other one.

use std::io::{self, Read, Write};

fn main() {
    let mut text = String::new();
    let read = io::stdin().read_to_string(&mut text);
    let written = io::stdout().write(b"on stdout\n");
    let flushed = io::stdout().flush();
    eprintln!("stdin: {read:?}, stdout: {written:?}, flushed: {flushed:?}");
    let written = io::stderr().write(b"on stderr\n");
    println!("stderr: {written:?}");
}
