//! A minimal program: prints one line on standard output.

fn main() {
    println!("Hello, world!");
}
