//! Aborts, after a line that it had printed.

use std::process;

fn main() {
    println!("about to abort");
    process::abort();
}
