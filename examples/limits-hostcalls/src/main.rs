//! Passes a line of 60 bytes to the host in one call, or requests random bytes from it.

use std::collections::HashMap;
use std::env;
use std::io::{self, Write};

fn main() {
    match env::args().nth(1).as_deref() {
        Some("write") => write(),
        Some("hash-map") => hash_map(),
        _ => eprintln!("usage: limits-hostcalls write|hash-map"),
    }
}

fn write() {
    let mut line = "-".repeat(59);
    line.push('\n');
    match io::stdout().write_all(line.as_bytes()) {
        Ok(()) => eprintln!("wrote it"),
        Err(error) => eprintln!("writing: {:?}: {error}", error.kind()),
    }
}

/// Each hash map has its own keys, and the first one in a thread requests random bytes.
fn hash_map() {
    let map = HashMap::from([("key", "value")]);
    println!("{:?}", map.get("key"));
}
