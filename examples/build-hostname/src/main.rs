//! Asks for the name of the machine with the `hostname` crate.

fn main() {
    match hostname::get() {
        Ok(name) => println!("the machine has a name: {}", !name.is_empty()),
        Err(error) => println!("no name: {error}"),
    }
}
