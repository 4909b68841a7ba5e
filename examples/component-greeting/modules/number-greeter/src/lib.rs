//! A greeter with the right name whose greeting is a number.
#![cfg(target_env = "p2")]
#![allow(unsafe_code, reason = "wit-bindgen generates it")]

wit_bindgen::generate!({ path: "wit", world: "number-greeter" });

struct Greeter;

impl exports::parallax::greeting::greeter::Guest for Greeter {
    fn greeting() -> u32 {
        7
    }
}

export!(Greeter);
