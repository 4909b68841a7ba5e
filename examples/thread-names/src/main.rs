//! Prints the name of the current thread.

use std::env;
use std::thread::{self, Builder};

fn main() {
    match env::args().nth(1).as_deref() {
        Some("main") => {
            let main = thread::current();
            println!("name {:?}, {:?}", main.name(), main.id());
            println!("the same thread later: {}", main.id() == thread::current().id());
        }
        Some("worker") => {
            let name = || thread::current().name().map(str::to_string);
            let named = Builder::new().name("a name longer than Linux keeps".into()).spawn(name);
            println!("named: {:?}", named.map(|thread| thread.join().unwrap()));
            let unnamed = Builder::new().spawn(name);
            println!("unnamed: {:?}", unnamed.map(|thread| thread.join().unwrap()));
        }
        _ => eprintln!("usage: thread-names main|worker"),
    }
}
