//! Prints a word in bold with the `crossterm` crate.

use crossterm::style::Stylize;

fn main() {
    println!("a {} word", "bold".bold());
}
