//! Prints one line, if it gets to run.

fn main() {
    println!("started");
}
