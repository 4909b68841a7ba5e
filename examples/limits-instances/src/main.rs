//! Says one line: what it needs to get there is many things of which it knows nothing.

fn main() {
    println!("started");
}
