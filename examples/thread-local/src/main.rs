//! Keeps a value in a thread local whose destructor prints a line, and ends in one of several ways.

use std::cell::{Cell, RefCell};
use std::env;
use std::process;
use std::thread;

struct Loud(&'static str);

impl Drop for Loud {
    fn drop(&mut self) {
        println!("destructor of the {}", self.0);
    }
}

thread_local! {
    static LOUD: RefCell<Loud> = const { RefCell::new(Loud("first value")) };
    static COUNT: Cell<u32> = const { Cell::new(40) };
}

fn main() {
    match env::args().nth(1).as_deref() {
        Some("values") => {
            COUNT.set(COUNT.get() + 2);
            println!("count {}, taken {}, left {}", COUNT.get(), COUNT.take(), COUNT.get());
        }
        Some("return") => LOUD.with_borrow(|loud| println!("main returns with the {}", loud.0)),
        Some("exit") => {
            LOUD.with_borrow(|loud| println!("main exits with the {}", loud.0));
            process::exit(0);
        }
        Some("thread") => {
            let work = || LOUD.with_borrow(|loud| println!("a worker has the {}", loud.0));
            match thread::Builder::new().spawn(work) {
                Ok(thread) => thread.join().unwrap(),
                Err(_) => work(),
            }
            println!("the work is done");
        }
        _ => eprintln!("usage: thread-local values|return|exit|thread"),
    }
}
