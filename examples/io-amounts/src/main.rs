//! Writes a mebibyte in one call and reads it back in one, and says how much that was.

use std::fs::{self, File};
use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    const SIZE: usize = 1 << 20;
    let mut buffer = vec![b'x'; SIZE];

    let mut file = File::create("big.txt")?;
    let written = file.write(&buffer)?;
    println!("written in one call: {written}");
    file.write_all(&buffer[written..])?;
    println!("in the file after write_all: {}", fs::metadata("big.txt")?.len());

    let mut file = File::open("big.txt")?;
    let read = file.read(&mut buffer)?;
    println!("read in one call: {read}");
    file.read_exact(&mut buffer[read..])?;
    println!("then read_exact found the rest");
    fs::remove_file("big.txt")
}
