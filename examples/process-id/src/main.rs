//! Asks for its process id.

use std::process;

fn main() {
    println!("the same twice: {}", process::id() == process::id());
}
