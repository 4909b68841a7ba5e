//! Checks the file type of the working directory, with a part of std that is for Linux only.

use std::fs;
use std::os::linux::fs::MetadataExt;

fn main() -> std::io::Result<()> {
    println!("it is a directory: {}", fs::metadata(".")?.st_mode() & 0o170_000 == 0o040_000);
    Ok(())
}
