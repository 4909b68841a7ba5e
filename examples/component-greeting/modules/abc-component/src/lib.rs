//! The library as a component.
#![cfg(target_env = "p2")]
#![allow(unsafe_code, reason = "wit-bindgen generates it")]

wit_bindgen::generate!({ path: "../../wit", world: "abc-component" });

struct Library;

impl exports::parallax::greeting::abc::Guest for Library {
    fn work() -> u32 {
        greeting_parts::work()
    }
}

export!(Library);
