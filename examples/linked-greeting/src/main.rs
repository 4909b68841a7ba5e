//! Greets through the greeter and the library of `component-greeting`, linked in on every target.

fn main() {
    println!("{}", greeting_parts::greeting(greeting_parts::work));
}
