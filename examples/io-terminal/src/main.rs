//! Prints which of its streams std considers a terminal, and whether a device is one.

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal};

fn main() {
    match env::args().nth(1) {
        None => {
            println!("stdin: {}", io::stdin().is_terminal());
            println!("stdout: {}", io::stdout().is_terminal());
            println!("stderr: {}", io::stderr().is_terminal());
        }
        Some(path) => match File::open(&path) {
            Ok(file) => println!("{path}: {}", file.is_terminal()),
            Err(error) => println!("opening {path}: {:?}: {error}", error.kind()),
        },
    }
}
