//! Goes with a cursor to where no memory can be, which is a number of 64 bits everywhere.

use std::env;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};

fn main() {
    match env::args().nth(1).as_deref() {
        Some("array") => {
            let mut cursor = Cursor::new([1_u8; 4]);
            println!("seek: {:?}", cursor.seek(SeekFrom::Start(1 << 33)));
            println!("read: {:?}", cursor.read(&mut [0]));
            println!("write: {:?}", cursor.write(&[2]));
            println!("back: {:?}", cursor.seek(SeekFrom::Current(-(1 << 33))));
            println!("before the start: {}", cursor.seek(SeekFrom::Current(-1)).unwrap_err());
        }
        Some("vector") => {
            let mut cursor = Cursor::new(Vec::new());
            cursor.set_position(u64::MAX);
            println!("write: {:?}", cursor.write(&[2]).map_err(|error| error.to_string()));
        }
        _ => eprintln!("usage: io-cursor array|vector"),
    }
}
