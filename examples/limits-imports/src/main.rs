//! Says one line. What it needs of its host, std has to import.

fn main() {
    println!("started");
}
