//! Inspects a FIFO, writes and reads it, or waits for a writer.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("look") => {
            let kind = fs::metadata("pipe")?.file_type();
            println!("file {}, directory {}, link {}", kind.is_file(), kind.is_dir(), kind.is_symlink());
            println!("length {}", fs::metadata("pipe")?.len());
        }
        Some("both-ends") => {
            // Opened for both reading and writing, a FIFO does not wait.
            let mut pipe = OpenOptions::new().read(true).write(true).open("pipe")?;
            println!("written: {}", pipe.write(b"through the pipe")?);
            let mut bytes = [0; 32];
            let read = pipe.read(&mut bytes)?;
            println!("read: {:?}", String::from_utf8_lossy(&bytes[..read]));
        }
        Some("wait") => println!("read: {:?}", fs::read_to_string("pipe")?),
        _ => eprintln!("usage: fs-fifos look|both-ends|wait"),
    }
    Ok(())
}
