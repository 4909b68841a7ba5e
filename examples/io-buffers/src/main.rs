//! Writes without a line feed, to stdout and through a buffer of its own to a file, and then ends in the
//! way that its argument specifies.

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [place, how] = args.as_slice() else {
        eprintln!("usage: io-buffers stdout|file return|exit|panic|abort");
        return Ok(());
    };
    // Dropped at the end of main, if main gets that far.
    let mut file;
    match place.as_str() {
        "stdout" => print!("a whole line\nand half a line"),
        _ => {
            file = BufWriter::new(File::create("out.txt")?);
            file.write_all(b"a whole line\nand half a line")?;
        }
    }
    eprint!("half a line on stderr");
    match how.as_str() {
        "return" => Ok(()),
        "exit" => process::exit(0),
        "abort" => process::abort(),
        _ => panic!("something is wrong"),
    }
}
