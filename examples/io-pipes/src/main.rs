//! Sends text through a pipe within one process, and writes to a pipe whose other end is closed.

use std::env;
use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("through") => {
            let (mut reader, mut writer) = match io::pipe() {
                Ok(pipe) => pipe,
                Err(error) => {
                    println!("no pipe: {:?} ({:?}): {error}", error.kind(), error.raw_os_error());
                    return Ok(());
                }
            };
            writer.write_all(b"through a pipe")?;
            drop(writer);
            println!("read: {:?}", io::read_to_string(&mut reader)?);
            println!("then: {} bytes", reader.read(&mut [0])?);
        }
        Some("broken") => {
            let (reader, mut writer) = io::pipe()?;
            drop(reader);
            match writer.write(b"x") {
                Ok(count) => println!("wrote {count}"),
                Err(error) => println!("writing: {:?}: {error}", error.kind()),
            }
        }
        _ => eprintln!("usage: io-pipes through|broken"),
    }
    Ok(())
}
