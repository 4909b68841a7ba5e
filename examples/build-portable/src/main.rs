//! Does with std for all systems what programs often do with std for Unix.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
#[cfg(any(unix, target_os = "wasi"))]
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("without-unix") => without_unix(),
        Some("private") => private(),
        _ => Err(io::Error::other("usage: build-portable without-unix|private")),
    }
}

fn without_unix() -> io::Result<()> {
    // Instead of `FileExt::write_all_at` and `read_exact_at`. They do not move the position; this does.
    let file = File::options().read(true).write(true).create_new(true).open("new.txt")?;
    (&file).write_all(b"hello, world")?;
    println!("read at 7: {}", read_at(&file, 7, 5)?);
    println!("the position: {}", (&file).stream_position()?);

    // Instead of `OsStrExt::as_bytes`.
    let name = OsStr::new("new.txt");
    println!("ends in .txt: {}", name.as_encoded_bytes().ends_with(b".txt"));

    // Instead of `std::os::unix::io`, which is the same: this is in std for Unix and for WASI.
    #[cfg(any(unix, target_os = "wasi"))]
    {
        println!("a descriptor: {}", file.as_fd().as_raw_fd() > 2);
        let file = File::from(OwnedFd::from(file));
        println!("of {} bytes", file.metadata()?.len());
    }

    // Instead of `MetadataExt::ino`. Two names are of one file if they canonicalize to one path; if they
    // are hard links they are, too, and this does not tell.
    println!("the same file: {}", fs::canonicalize("new.txt")? == fs::canonicalize("./new.txt")?);
    Ok(())
}

/// Creates a file that others must not read, as far as the system has modes.
fn private() -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open("private.txt")?.write_all(b"a secret")
}

fn read_at(mut file: &File, position: u64, length: usize) -> io::Result<String> {
    file.seek(SeekFrom::Start(position))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes.escape_ascii().to_string())
}
