//! Sets a panic hook, which does what the argument says.

use std::env;
use std::panic::{self, PanicHookInfo};
use std::process;
use std::thread;

fn main() {
    let how = env::args().nth(1).unwrap_or_default();
    match how.as_str() {
        "tell" => panic::set_hook(Box::new(tell)),
        "exit" => panic::set_hook(Box::new(|info| {
            tell(info);
            process::exit(1);
        })),
        "panic" => panic::set_hook(Box::new(|_| panic!("in the hook"))),
        _ => eprintln!("usage: panic-hooks tell|exit|panic"),
    }
    let name = "a formatted one";
    panic!("{name}");
}

fn tell(info: &PanicHookInfo<'_>) {
    println!("payload: {:?}", info.payload_as_str());
    println!("location: {}", info.location().expect("it is always known"));
    println!("panicking: {}, thread: {:?}", thread::panicking(), thread::current().name());
}
