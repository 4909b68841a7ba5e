//! Calls what std provides for a thread that is alone, as most programs do.

use std::cell::RefCell;
use std::thread;
use std::time::{Duration, Instant};

thread_local! {
    static NAMES: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn main() {
    println!("name: {:?}", thread::current().name());
    println!("the same thread: {}", thread::current().id() == thread::current().id());
    println!("panicking: {}", thread::panicking());
    NAMES.with(|names| names.borrow_mut().push("one"));
    NAMES.with_borrow_mut(|names| names.push("two"));
    NAMES.with_borrow(|names| println!("thread local: {names:?}"));
    let start = Instant::now();
    thread::yield_now();
    thread::sleep(Duration::from_millis(10));
    println!("slept: {}", start.elapsed() >= Duration::from_millis(10));
    thread::current().unpark();
    thread::park();
    println!("parked and unparked");
}
