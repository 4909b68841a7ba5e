//! Writes to a device that is always full, in the way that its argument specifies.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};

fn main() -> io::Result<()> {
    let mut file = match File::options().write(true).open("/dev/full") {
        Ok(file) => file,
        Err(error) => {
            println!("opening: {:?}: {error}", error.kind());
            return Ok(());
        }
    };
    match env::args().nth(1).as_deref() {
        Some("write") => {
            say("write", file.write(b"x"));
            say("once more", file.write(b"x"));
            say("flush", file.flush());
            say("fs::write", fs::write("/dev/full", "x"));
        }
        Some("dropped") => {
            let mut buffered = BufWriter::new(file);
            say("write", buffered.write(b"x"));
            drop(buffered);
            println!("dropped");
        }
        _ => eprintln!("usage: io-full write|dropped"),
    }
    Ok(())
}

fn say<T: std::fmt::Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {:?}: {error}", error.kind()),
    }
}
