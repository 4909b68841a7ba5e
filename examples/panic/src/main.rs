//! Panics, and catches the panic if its argument says so.

use std::env;
use std::panic;

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        println!("the destructor ran");
    }
}

fn main() {
    let caught = match env::args().nth(1).as_deref() {
        Some("catch") => panic::catch_unwind(fail).is_err(),
        _ => fail(),
    };
    println!("caught: {caught}");
}

fn fail() -> bool {
    let _guard = Guard;
    panic!("something is wrong");
}
