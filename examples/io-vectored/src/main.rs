//! Writes several buffers in one call, and prints how much of them the call wrote.

use std::env;
use std::io::{self, IoSlice, Write};

fn main() -> io::Result<()> {
    let buffers = [IoSlice::new(b""), IoSlice::new(b"one"), IoSlice::new(b"two")];
    match env::args().nth(1).as_deref() {
        Some("stderr") => println!("written: {}", io::stderr().write_vectored(&buffers)?),
        Some("stdout") => {
            let written = io::stdout().write_vectored(&buffers)?;
            println!(" written: {written}");
        }
        _ => eprintln!("usage: io-vectored stderr|stdout"),
    }
    Ok(())
}
