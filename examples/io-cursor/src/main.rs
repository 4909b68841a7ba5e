//! Writes with a cursor at a position that no memory can reach: positions have 64 bits everywhere.

use std::io::{Cursor, Write};

fn main() {
    let mut cursor = Cursor::new(Vec::new());
    cursor.set_position(u64::MAX);
    println!("write: {:?}", cursor.write(&[2]).map_err(|error| error.to_string()));
}
