//! The least that a program can do: one line on standard output.

fn main() {
    println!("Hello, world!");
}
