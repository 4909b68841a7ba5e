//! Lets a library put one buffer after the other on its stack, and prints where they are, or what they
//! overwrite.
#![allow(unsafe_code, reason = "an import from another module is a foreign function")]

use std::env;

#[cfg(not(target_family = "wasm"))]
use layout_today::{descend, descend_writing, letter};

#[cfg(target_family = "wasm")]
#[link(wasm_import_module = "library")]
unsafe extern "C" {
    safe fn descend(callback: extern "C" fn(isize));
    safe fn descend_writing(callback: extern "C" fn(isize));
    safe fn letter(index: u32) -> u32;
}

#[cfg(target_family = "wasm")]
#[link(wasm_import_module = "stack-pointer")]
unsafe extern "C" {
    // The library's stack pointer, which is a global of its instance.
    safe fn get() -> isize;
}

// Natively the stack pointer is a processor register; a program cannot ask another one for it.
#[cfg(not(target_family = "wasm"))]
fn get() -> isize {
    0
}

fn main() {
    match env::args().nth(1).as_deref() {
        Some("look") => descend(look),
        _ => {
            println!("writing");
            descend_writing(write);
        }
    }
}

/// Prints where the buffer is, and continues while that is an address.
extern "C" fn look(address: isize) {
    println!("{address} {}", get());
    if address > 0 {
        descend(look);
    }
}

/// Prints the library's constant if it is no longer what it was, and continues forever.
extern "C" fn write(_: isize) {
    let letters = (0..).map(|index| letter(index)).take_while(|letter| *letter != 0);
    let word: String = letters.filter_map(char::from_u32).collect();
    if word != "hello" {
        println!("the library's constant is now {word}");
    }
    descend_writing(write);
}
