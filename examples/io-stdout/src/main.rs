//! Writes to a standard output that accepts nothing, and prints the result on standard error.

use std::env;
use std::fmt::Debug;
use std::io::{self, Write};

fn main() {
    match env::args().nth(1).as_deref() {
        Some("write") => {
            let mut out = io::stdout().lock();
            // Standard output buffers text that has no line ending yet.
            say("write", out.write(b"one"));
            say("flush", out.flush());
            say("write a line", out.write(b"two\n"));
            say("flush once more", out.flush());
        }
        Some("println") => {
            println!("a line");
            eprintln!("printed");
        }
        Some("writeln") => say("writeln", writeln!(io::stdout(), "a line")),
        _ => eprintln!("usage: io-stdout write|println|writeln"),
    }
}

fn say<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => eprintln!("{what}: {value:?}"),
        Err(error) => eprintln!("{what}: {:?}: {error}", error.kind()),
    }
}
