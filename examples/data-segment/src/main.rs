//! Prints eight bytes of a memory that other modules share, through a module that reads them.
#![allow(unsafe_code, reason = "an import from another module is a foreign function")]

// The byte at an address in the shared memory.
#[cfg(target_family = "wasm")]
#[link(wasm_import_module = "peek")]
unsafe extern "C" {
    safe fn byte(address: u32) -> u32;
}

// Natively nothing is shared, and nothing is written.
#[cfg(not(target_family = "wasm"))]
fn byte(_: u32) -> u32 {
    0
}

fn main() {
    let bytes: Vec<String> = (0..8).map(|address| byte(address).to_string()).collect();
    println!("{}", bytes.join(" "));
}
