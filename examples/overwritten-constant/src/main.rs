//! Asks another module for its constant, letter by letter.
#![allow(unsafe_code, reason = "an import from another module is a foreign function")]

// A letter of the constant; 0 after the last one.
#[cfg(target_family = "wasm")]
#[link(wasm_import_module = "victim")]
unsafe extern "C" {
    safe fn letter(index: u32) -> u32;
}

#[cfg(not(target_family = "wasm"))]
use victim::letter;

fn main() {
    // Linked in, so that natively both constants are in one program, too.
    #[cfg(not(target_family = "wasm"))]
    std::hint::black_box(shouter::shout as extern "C" fn(u32) -> u32);

    let letters = (0..).map(|index| letter(index)).take_while(|letter| *letter != 0);
    let word: String = letters.filter_map(char::from_u32).collect();
    println!("the victim says {word}");
}
