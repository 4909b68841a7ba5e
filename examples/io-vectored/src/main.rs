//! Writes and reads several buffers in one call, and says how much of them that took.

use std::env;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};

fn main() -> io::Result<()> {
    let buffers = [IoSlice::new(b""), IoSlice::new(b"one"), IoSlice::new(b"two")];
    match env::args().nth(1).as_deref() {
        Some("stderr") => println!("written: {}", io::stderr().write_vectored(&buffers)?),
        Some("stdout") => {
            let written = io::stdout().write_vectored(&buffers)?;
            println!(" written: {written}");
        }
        Some("file") => {
            println!("written: {}", File::create("out.txt")?.write_vectored(&buffers)?);
            let (mut one, mut two) = ([0; 2], [0; 2]);
            let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
            println!("read: {}", File::open("in.txt")?.read_vectored(&mut buffers)?);
        }
        _ => eprintln!("usage: io-vectored stderr|stdout|file"),
    }
    Ok(())
}
