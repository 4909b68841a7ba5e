//! Prints its arguments after the first, which selects how to read them.

use std::env;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("text") => {
            for arg in env::args().skip(2) {
                println!("{arg:?}");
            }
        }
        Some("os") => {
            for arg in env::args_os().skip(2) {
                println!("{arg:?}, {} bytes", arg.len());
            }
        }
        Some("name") => println!("name: {:?}", env::args().next()),
        _ => eprintln!("usage: env-arguments text|os|name ARG…"),
    }
}
