//! Panics in uncommon ways, and prints what is caught.

use std::any::Any;
use std::env;
use std::panic::{self, AssertUnwindSafe};

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

fn main() {
    let how = env::args().nth(1).unwrap_or_default();
    // For a panic that cannot unwind, the default hook would print a backtrace, even unrequested.
    panic::set_hook(Box::new(|info| eprintln!("panic: {:?}", info.payload_as_str())));
    let mut reached = 0;
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        reached += 1;
        match how.as_str() {
            "any" => panic::panic_any(42),
            "resume" => panic::resume_unwind(Box::new("carried on")),
            "twice" => {
                let _guard = PanicsWhenDropped;
                panic!("the first");
            }
            "c" => from_c(),
            _ => eprintln!("usage: panic-nested any|resume|twice|c"),
        }
    }));
    println!("reached {reached}, {}", result.map_or_else(name, |()| "no panic".into()));
}

/// A function that C could call: no panic may unwind out of it.
extern "C" fn from_c() {
    panic!("out of a function for C");
}

fn name(payload: Box<dyn Any + Send>) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<i32>()) {
        (Some(text), _) => format!("caught text: {text}"),
        (_, Some(number)) => format!("caught a number: {number}"),
        _ => "caught something else".into(),
    }
}
