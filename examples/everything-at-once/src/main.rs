//! Prints the contents of a buffer that only its own module should access.
#![allow(unsafe_code, reason = "an import from another module is a foreign function")]

#[cfg(target_family = "wasm")]
#[link(wasm_import_module = "greeter")]
unsafe extern "C" {
    safe fn greeting() -> u64;
}

#[cfg(not(target_family = "wasm"))]
use greeter::greeting;

fn main() {
    let bytes = greeting().to_le_bytes();
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    println!("{}", String::from_utf8_lossy(text));
}
