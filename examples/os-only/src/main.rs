//! Sends text through a pair of Unix sockets, which std has for Unix only.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

fn main() -> std::io::Result<()> {
    let (mut one, mut other) = UnixStream::pair()?;
    one.write_all(b"through a socket")?;
    drop(one);
    let mut heard = String::new();
    other.read_to_string(&mut heard)?;
    println!("{heard}");
    Ok(())
}
