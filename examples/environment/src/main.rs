//! Prints its arguments, or if there are none, its variables. `lookup` asks only for single variables.

use std::env;

fn main() {
    if env::args().nth(1).as_deref() == Some("lookup") {
        println!("GREETING is {:?}", env::var("GREETING").ok());
        println!("BAD is {:?}", env::var_os("BAD"));
        return;
    }
    if env::args().len() > 1 {
        for (number, arg) in env::args().enumerate() {
            println!("argument {number}: {arg:?}");
        }
        return;
    }
    let mut variables: Vec<_> = env::vars().collect();
    // Sorted by name only, so that duplicates keep the order in which they were given.
    variables.sort_by(|one, other| one.0.cmp(&other.0));
    for (name, value) in variables {
        println!("{name}={value}");
    }
    println!("GREETING is {:?}", env::var("GREETING").ok());
}
