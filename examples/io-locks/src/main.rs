//! Locks a standard stream while it holds the lock already.

use std::env;
use std::io::{self, Write};
use std::process;
use std::thread;
use std::time::Duration;

fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("stdout") => {
            let mut first = io::stdout().lock();
            writeln!(first, "with one lock")?;
            writeln!(io::stdout().lock(), "with two")
        }
        Some("stdin") => {
            println!("with one lock");
            let _first = io::stdin().lock();
            watch();
            let _second = io::stdin().lock();
            println!("with two");
            Ok(())
        }
        _ => {
            eprintln!("usage: io-locks stdout|stdin");
            Ok(())
        }
    }
}

/// Ends the program if it waits for long. Where there are no threads nobody watches, and nobody waits.
fn watch() {
    let _ = thread::Builder::new().spawn(|| {
        thread::sleep(Duration::from_millis(200));
        println!("still waiting after 200 ms");
        process::exit(1);
    });
}
