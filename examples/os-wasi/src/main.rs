//! Reads at a position, compares inodes, opens with flags of the system and creates a symbolic link, with std's
//! extension traits for the system.

use std::fs::{self, File};
use std::io;
#[cfg(unix)]
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, symlink};
// These traits are nearly the same.
#[cfg(target_os = "wasi")]
use std::os::wasi::fs::{FileExt, MetadataExt, OpenOptionsExt, symlink_path as symlink};

fn main() -> io::Result<()> {
    fs::write("file", "0123456789")?;
    let file = File::options().read(true).custom_flags(0).open("file")?;
    let mut bytes = [0; 3];
    println!("{} bytes at position 4: {bytes:?}", file.read_at(&mut bytes, 4)?);
    println!("the same inode: {}", fs::metadata("file")?.ino() == file.metadata()?.ino());
    symlink("file", "link")?;
    println!("{}", fs::read_to_string("link")?);
    Ok(())
}
