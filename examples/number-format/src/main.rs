//! Formats and parses numbers. Neither the C library nor its locale is involved.

use std::env;
use std::hint::black_box;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("write") => write(),
        Some("read") => read(),
        _ => eprintln!("usage: number-format write|read"),
    }
}

fn write() {
    let number = black_box(0.1_f64) + black_box(0.2);
    println!("shortest: {number} {number:?} {number:e}");
    println!("20 digits: {number:.20} {number:.20e}");
    println!("halves, to even: {:.0} {:.0} {:.1}", black_box(0.5), black_box(1.5), black_box(0.25));
    println!("large: {} {:?}", black_box(1e21), black_box(1e21));
    println!("small: {} {:?}", black_box(1e-7), black_box(1e-7));
    println!(
        "the least: {:e}, all its digits: {}",
        f64::from_bits(1),
        black_box(format!("{:.1074}", f64::from_bits(1))).len()
    );
    println!("the largest: {:e}", black_box(f64::MAX));
    println!("f32: {} {}", black_box(0.1_f32), f64::from(black_box(0.1_f32)));
    println!("zeros: {:?} {:?} {:+}", black_box(0.0), black_box(-0.0), black_box(0.0));
    println!(
        "integers: {:>8} {:#010x} {:+} {:b}",
        black_box(-42),
        black_box(42),
        black_box(42),
        black_box(-1_i8)
    );
    println!("u128: {}", black_box(u128::MAX));
}

fn read() {
    for text in [
        "0.1",
        "1e400",
        "-0",
        "4.9e-324",
        "2e-324",
        "9007199254740993",
        ".5",
        "5.",
        "1e",
        "0x10",
        "Infinity",
        "nan",
        "1,5",
        " 1",
    ] {
        println!("{text:?}: {:?}", text.parse::<f64>().map_err(|error| error.to_string()));
    }
    for text in ["255", "256", "-1", "+1", "", "1_0"] {
        println!("{text:?}: {:?}", text.parse::<u8>().map_err(|error| error.to_string()));
    }
}
