//! Inspects addresses, and reads from some that were never allocated.
#![allow(unsafe_code, reason = "reading from any address is unsafe")]

use std::env;
use std::hint::black_box;
use std::ptr;

static DATA: u64 = 1;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("where") => places(),
        Some("null") => println!("at null: {}", read(0)),
        Some("last") => println!("at the end: {}", read(usize::MAX)),
        _ => eprintln!("usage: memory-addresses where|null|last"),
    }
}

fn places() {
    let local = black_box(1_u64);
    let boxed = black_box(Box::new(1_u64));
    let [data, local, boxed] = [&raw const DATA, &raw const local, &raw const *boxed].map(<*const u64>::addr);
    let function = (places as fn() as *const ()).addr();
    println!("the function's address is below 65536: {}", function < 65536);
    println!("data is below 4 GiB: {}", data as u64 >> 32 == 0);
    println!("the stack is below data: {}", local < data);
    println!("the heap is above data: {}", boxed > data);
}

fn read(address: usize) -> u8 {
    println!("reading");
    // SAFETY: a volatile read accesses what is at the address, and at worst ends the program.
    unsafe { ptr::without_provenance::<u8>(black_box(address)).read_volatile() }
}
