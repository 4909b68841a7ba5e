//! Prints when a file was modified that its build script has made. It has the time of a file from 1960.

use std::fs;
use std::io;
use std::time::UNIX_EPOCH;

fn main() -> io::Result<()> {
    let modified = fs::metadata(concat!(env!("OUT_DIR"), "/old"))?.modified()?;
    match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => println!("{after:?} after 1970 began"),
        Err(error) => println!("{:?} before 1970 began", error.duration()),
    }
    Ok(())
}
