//! Prints one line, which takes many items that the program itself does not see.

fn main() {
    println!("started");
}
