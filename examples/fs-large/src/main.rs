//! Reads and writes 200,000 bytes at once, and prints how much one call transfers.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};

const SIZE: usize = 200_000;

fn main() -> io::Result<()> {
    let mut file = File::create("file")?;
    match env::args().nth(1).as_deref() {
        Some("write") => write(&mut file)?,
        Some("read") => read()?,
        _ => eprintln!("usage: fs-large write|read"),
    }
    // A file that is left behind would appear in the snapshot.
    fs::remove_file("file")
}

fn write(file: &mut File) -> io::Result<()> {
    let bytes = vec![b'x'; SIZE];
    show("one write", file.write(&bytes));
    show("write_all", file.write_all(&bytes));
    let (half, rest) = bytes.split_at(SIZE / 2);
    show("write_vectored", file.write_vectored(&[IoSlice::new(half), IoSlice::new(rest)]));
    show("an empty slice before a full one", file.write_vectored(&[IoSlice::new(b""), IoSlice::new(b"ab")]));
    show("write_vectored of small slices", file.write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b"cd")]));
    show("length", fs::metadata("file").map(|found| found.len()));
    Ok(())
}

fn read() -> io::Result<()> {
    fs::write("file", vec![b'x'; SIZE])?;
    let mut bytes = vec![0; SIZE];
    show("one read", File::open("file")?.read(&mut bytes));
    show("read_exact", File::open("file")?.read_exact(&mut bytes));
    show("read_to_end", File::open("file")?.read_to_end(&mut Vec::new()));
    let (half, rest) = bytes.split_at_mut(SIZE / 2);
    show(
        "read_vectored",
        File::open("file")?.read_vectored(&mut [IoSliceMut::new(half), IoSliceMut::new(rest)]),
    );
    let (two, rest) = bytes.split_at_mut(2);
    show(
        "read_vectored of small slices",
        File::open("file")?.read_vectored(&mut [IoSliceMut::new(two), IoSliceMut::new(&mut rest[..2])]),
    );
    show("io::copy", io::copy(&mut File::open("file")?, &mut File::create("copy")?));
    fs::remove_file("copy")
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
