//! Asks for the number of its process.

use std::process;

fn main() {
    println!("the same twice: {}", process::id() == process::id());
}
