//! Installs a handler for Ctrl-C with the `ctrlc` crate.

fn main() {
    match ctrlc::set_handler(|| println!("interrupted")) {
        Ok(()) => println!("a handler is installed"),
        Err(error) => println!("no handler: {error}"),
    }
}
