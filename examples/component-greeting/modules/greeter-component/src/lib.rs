//! The greeter as a component, which imports the library.
#![cfg(target_env = "p2")]
#![allow(unsafe_code, reason = "wit-bindgen generates it")]

wit_bindgen::generate!({ path: "../../wit", world: "greeter-component" });

struct Greeter;

impl exports::parallax::greeting::greeter::Guest for Greeter {
    fn greeting() -> String {
        greeting_parts::greeting(parallax::greeting::abc::work)
    }

    fn shout(text: String) -> String {
        greeting_parts::shout(text)
    }

    fn bytes_at(address: u64, count: u32) -> Vec<u8> {
        greeting_parts::bytes_at(address, count)
    }
}

export!(Greeter);
