//! Uses what std has for files on Unix only: modes, owners, and reading at a position.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};

fn main() -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open("private.txt")?;
    file.write_all_at(b"hello", 2)?;
    let mut bytes = [0; 3];
    file.read_exact_at(&mut bytes, 4)?;
    println!("read at 4: {}", bytes.escape_ascii());
    DirBuilder::new().mode(0o700).create("private")?;
    println!("the directory's mode: {:o}", fs::metadata("private")?.permissions().mode() & 0o777);
    let (one, other) = (file.metadata()?, File::open("private.txt")?.metadata()?);
    println!("the same file: {}", (one.dev(), one.ino()) == (other.dev(), other.ino()));
    println!("the same owner: {}", one.uid() == other.uid());
    Ok(())
}
