//! Starts a thread in one of several ways, and prints what it returned or why it could not start.

use std::env;
use std::thread;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("builder") => match thread::Builder::new().spawn(|| 6 * 7) {
            Ok(thread) => println!("the thread returned {}", thread.join().unwrap()),
            Err(error) => println!("no thread: {:?}: {error}", error.kind()),
        },
        Some("spawn") => println!("the thread returned {}", thread::spawn(|| 6 * 7).join().unwrap()),
        Some("scoped") => {
            let numbers = [6, 7];
            let product =
                thread::scope(|scope| scope.spawn(|| numbers.iter().product::<i32>()).join().unwrap());
            println!("the thread returned {product}");
        }
        Some("fallback") => {
            let numbers = [6, 7];
            let product = || numbers.iter().product::<i32>();
            // A scope waits for its threads; one that could not be started must not count.
            let product = thread::scope(|scope| match thread::Builder::new().spawn_scoped(scope, product) {
                Ok(thread) => thread.join().unwrap(),
                Err(_) => product(),
            });
            println!("the product is {product}");
        }
        _ => eprintln!("usage: thread-spawn builder|spawn|scoped|fallback"),
    }
}
