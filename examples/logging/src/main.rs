//! Adds up the numbers on stdin, and logs its steps as RUST_LOG specifies.

use std::io;

use log::{debug, error, warn};

fn main() -> io::Result<()> {
    env_logger::init();
    let mut sum = 0;
    for line in io::stdin().lines() {
        let line = line?;
        match line.parse::<u32>() {
            Ok(number) => {
                debug!("adding {number}");
                sum += number;
            }
            Err(_) if line.is_empty() => warn!("an empty line"),
            Err(error) => error!("{line:?}: {error}"),
        }
    }
    println!("{sum}");
    Ok(())
}
