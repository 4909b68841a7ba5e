//! Keeps a buffer in a thread local, which is written when it is dropped, and ends in one of several ways.

use std::cell::{Cell, RefCell};
use std::env;
use std::io::{self, BufWriter, Stdout, Write};
use std::process;
use std::thread;

thread_local! {
    static LOG: RefCell<BufWriter<Stdout>> = RefCell::new(BufWriter::new(io::stdout()));
    static COUNT: Cell<u32> = const { Cell::new(40) };
}

fn main() {
    match env::args().nth(1).as_deref() {
        Some("values") => {
            COUNT.set(COUNT.get() + 2);
            println!("count {}, taken {}, left {}", COUNT.get(), COUNT.take(), COUNT.get());
        }
        Some("return") => log(),
        Some("exit") => {
            log();
            process::exit(0);
        }
        Some("thread") => {
            match thread::Builder::new().spawn(log) {
                Ok(thread) => thread.join().unwrap(),
                // Where there are no threads, the main thread does the work.
                Err(_) => log(),
            }
            println!("the work is done");
        }
        Some("flush") => {
            log();
            println!("flushed: {:?}", LOG.with_borrow_mut(|log| log.flush()));
        }
        _ => eprintln!("usage: thread-local values|return|exit|thread|flush"),
    }
}

/// Writes a line to standard output, and one to the buffer.
fn log() {
    println!("a line is printed");
    let logged = LOG.with_borrow_mut(|log| writeln!(log, "a line is logged"));
    logged.expect("the buffer has room for it");
}
