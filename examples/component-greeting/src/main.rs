//! Greets through a greeter and a library: linked in natively and on wasip1, components on wasip2.
#![cfg_attr(target_env = "p2", allow(unsafe_code, reason = "wit-bindgen generates it"))]

use std::env;
use std::hint::black_box;

#[cfg(target_env = "p2")]
mod greeter {
    wit_bindgen::generate!({ path: "wit", world: "program" });
    pub use parallax::greeting::greeter::{bytes_at, greeting, shout};
}

#[cfg(not(target_env = "p2"))]
mod greeter {
    pub use greeting_parts::bytes_at;

    pub fn greeting() -> String {
        greeting_parts::greeting(greeting_parts::work)
    }

    pub fn shout(text: &str) -> String {
        greeting_parts::shout(text.to_string())
    }
}

fn main() {
    match env::args().nth(1).as_deref() {
        None => println!("{}", greeter::greeting()),
        Some("copy") => {
            let text = String::from("hello");
            let shouted = greeter::shout(&text);
            println!("sent {text}, got {shouted}");
        }
        Some("address") => {
            // Large enough to lie deeper than the stack of the greeter has ever been.
            let mut buffer = [0; 65536];
            buffer[..5].copy_from_slice(b"hello");
            let address = black_box(&buffer).as_ptr().expose_provenance();
            println!("the greeter reads {:?}", greeter::bytes_at(address as u64, 5));
        }
        Some(other) => println!("no way to greet: {other}"),
    }
}
