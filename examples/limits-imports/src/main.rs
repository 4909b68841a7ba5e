//! Prints one line. std has to import what that needs from the host.

fn main() {
    println!("started");
}
