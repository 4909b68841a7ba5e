//! Calls a function of another module: linked in natively, imported on wasm.
#![allow(unsafe_code, reason = "an import from another module is a foreign function")]

#[cfg(not(target_family = "wasm"))]
use answer::answer;

#[cfg(target_family = "wasm")]
#[link(wasm_import_module = "answer")]
unsafe extern "C" {
    safe fn answer() -> i32;
}

fn main() {
    println!("the answer is {}", answer());
}
