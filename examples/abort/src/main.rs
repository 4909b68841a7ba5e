//! Prints a line, then aborts.

use std::process;

fn main() {
    println!("about to abort");
    process::abort();
}
