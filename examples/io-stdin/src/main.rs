//! Reads standard input in the way that its argument specifies, and then once more.

use std::env;
use std::io::{self, BufRead, Read};

fn main() -> io::Result<()> {
    let mut input = io::stdin().lock();
    match env::args().nth(1).as_deref() {
        Some("lines") => {
            for line in input.by_ref().lines() {
                println!("{:?}", line?);
            }
        }
        Some("bytes") => {
            let mut bytes = Vec::new();
            println!("{} bytes", input.read_to_end(&mut bytes)?);
            println!("{bytes:?}");
        }
        Some("parts") => {
            let mut first = [0; 4];
            input.read_exact(&mut first)?;
            println!("four bytes: {:?}", String::from_utf8_lossy(&first));
            let mut part = Vec::new();
            input.read_until(b';', &mut part)?;
            println!("up to a semicolon: {:?}", String::from_utf8_lossy(&part));
            println!("a few more: {:?}", io::read_to_string(input.by_ref().take(3))?);
            let error = input.read_exact(&mut [0; 8]).expect_err("there is not that much");
            println!("eight more: {:?}: {error}", error.kind());
        }
        _ => eprintln!("usage: io-stdin lines|bytes|parts"),
    }
    // At the end of a file, further reads return nothing.
    println!("then {} bytes, and {} bytes", input.read(&mut [0; 8])?, input.read(&mut [0; 8])?);
    Ok(())
}
