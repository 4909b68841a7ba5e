//! Reads and writes bytes in memory or the standard streams, or makes errors, as most programs do.

use std::env;
use std::fs;
use std::io::{self, BufRead, Cursor, Error, ErrorKind, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};

fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("memory") => memory(),
        Some("streams") => streams(),
        Some("errors") => errors(),
        _ => {
            eprintln!("usage: io-everyday memory|streams|errors");
            Ok(())
        }
    }
}

fn memory() -> io::Result<()> {
    let mut written = Cursor::new(Vec::new());
    println!("write: {}", written.write(b"some ")?);
    written.write_all(b"bytes, ")?;
    write!(written, "{} and ", 42)?;
    println!("write_vectored: {}", written.write_vectored(&[IoSlice::new(b"more"), IoSlice::new(b".")])?);
    written.flush()?;
    println!("seek: {}", written.seek(SeekFrom::End(-5))?);
    let mut end = Vec::new();
    println!("read_to_end: {} {end:?}", written.read_to_end(&mut end)?);
    written.rewind()?;

    let (mut four, mut two, mut text) = ([0; 4], [0; 2], String::new());
    println!("read: {} {four:?}", written.read(&mut four)?);
    written.read_exact(&mut two)?;
    println!("read_exact: {two:?}");
    let mut buffers = [IoSliceMut::new(&mut four), IoSliceMut::new(&mut two)];
    println!("read_vectored: {}", written.read_vectored(&mut buffers)?);
    println!("they hold {four:?} and {two:?}");
    println!("fill_buf: {} bytes", written.fill_buf()?.len());
    written.consume(3);
    println!("read_to_string: {} {text:?}", Read::by_ref(&mut written).take(3).read_to_string(&mut text)?);
    println!("at the end: {:?}", written.read_exact(&mut [0; 9]).map_err(|error| error.to_string()));
    Ok(())
}

fn streams() -> io::Result<()> {
    let mut line = String::new();
    println!("read_line: {} {line:?}", io::stdin().read_line(&mut line)?);
    let mut rest = String::new();
    println!("read_to_string: {} {rest:?}", io::stdin().lock().read_to_string(&mut rest)?);
    let mut stdout = io::stdout().lock();
    stdout.write_all(b"write_all to stdout\n")?;
    writeln!(stdout, "write_fmt to stdout: {:>3}", 1 + 2)?;
    stdout.flush()?;
    writeln!(io::stderr(), "write_fmt to stderr")
}

fn errors() -> io::Result<()> {
    let error = Error::new(ErrorKind::InvalidData, "not a number");
    println!("{:?}: {error}, number {:?}", error.kind(), error.raw_os_error());
    let error = Error::other("mine");
    println!("{:?}: {error}, number {:?}", error.kind(), error.raw_os_error());
    println!("{:?}", Error::from(ErrorKind::TimedOut));
    // Numbers differ between systems, so that only what is the same of them is printed.
    let error = fs::File::open("missing").unwrap_err();
    let last = Error::last_os_error();
    println!("{:?}, the last one: {:?}", error.kind(), last.kind());
    println!("the same number: {}", last.raw_os_error() == error.raw_os_error());
    let number = error.raw_os_error().unwrap();
    println!("of this number: {:?}", Error::from_raw_os_error(number).kind());
    Err(Error::new(ErrorKind::InvalidInput, "returned from main"))
}
