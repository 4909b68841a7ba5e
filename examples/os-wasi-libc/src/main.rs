//! Does on stable Rust what std's extension traits for WASI do: reads and writes at a position, compares
//! inodes, and creates a symbolic link.
#![allow(unsafe_code, reason = "functions of the C library are foreign functions")]

use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::mem;
use std::os::fd::AsRawFd;

fn main() -> io::Result<()> {
    fs::write("file", "0123456789")?;
    match env::args().nth(1).as_deref() {
        Some("positions") => positions(),
        Some("inodes") => inodes(),
        Some("link") => link(),
        _ => {
            eprintln!("usage: os-wasi-libc positions|inodes|link");
            Ok(())
        }
    }
}

fn positions() -> io::Result<()> {
    let mut file = File::options().read(true).write(true).open("file")?;
    let mut bytes = [0; 3];
    println!("read at 4: {}", read_at(&file, &mut bytes, 4)?);
    println!("    it is {:?}", String::from_utf8_lossy(&bytes));
    println!("read past the end: {}", read_at(&file, &mut bytes, 20)?);
    println!("write at 8: {}", write_at(&file, b"abc", 8)?);
    let mut all = String::new();
    file.read_to_string(&mut all)?;
    println!("from the position of the file, which has not moved: {all:?}");
    Ok(())
}

/// A hard link has the same inode, another file does not.
fn inodes() -> io::Result<()> {
    fs::hard_link("file", "same")?;
    fs::write("other", "0123456789")?;
    let [file, same, other] =
        ["file", "same", "other"].map(|name| File::open(name).and_then(|file| inode(&file)));
    let file = file?;
    println!("a hard link has the same inode: {}", file == same?);
    println!("another file has the same inode: {}", file == other?);
    Ok(())
}

/// This function is the only stable one that creates symbolic links on WASI.
#[expect(deprecated, reason = "its replacements differ by system, and are not stable for WASI")]
fn link() -> io::Result<()> {
    fs::soft_link("file", "link")?;
    println!("link: {:?}", fs::read_link("link")?);
    println!("through it: {:?}", fs::read_to_string("link")?);
    Ok(())
}

fn read_at(file: &File, bytes: &mut [u8], position: libc::off_t) -> io::Result<usize> {
    // SAFETY: `bytes` is valid memory of this length.
    let read = unsafe { libc::pread(file.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len(), position) };
    usize::try_from(read).map_err(|_| io::Error::last_os_error())
}

fn write_at(file: &File, bytes: &[u8], position: libc::off_t) -> io::Result<usize> {
    // SAFETY: `bytes` is valid memory of this length.
    let written = unsafe { libc::pwrite(file.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), position) };
    usize::try_from(written).map_err(|_| io::Error::last_os_error())
}

/// The device and the number of the inode.
fn inode(file: &File) -> io::Result<(libc::dev_t, libc::ino_t)> {
    // SAFETY: all bytes zero is a value of this type.
    let mut stat: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: `stat` is valid memory for what the function writes.
    match unsafe { libc::fstat(file.as_raw_fd(), &raw mut stat) } {
        0 => Ok((stat.st_dev, stat.st_ino)),
        _ => Err(io::Error::last_os_error()),
    }
}
