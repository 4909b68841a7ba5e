//! Prints values of functions that no processor has, and of some that every processor has.

use std::env;
use std::hint::black_box;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("differ") => differ(),
        Some("agree") => agree(),
        Some("exact") => exact(),
        _ => eprintln!("usage: number-libm differ|agree|exact"),
    }
}

/// Arguments whose true result is close to a representable number, so that each good library finds it.
/// Without `black_box` the compiler would compute the results, with its own library.
fn differ() {
    println!("sin(11.78): {}", black_box(11.78_f64).sin());
    println!("cos(10.2): {}", black_box(10.2_f64).cos());
    println!("tan(19.45): {}", black_box(19.45_f64).tan());
    println!("asin(0.6025): {}", black_box(0.6025_f64).asin());
    println!("acos(0.496): {}", black_box(0.496_f64).acos());
    println!("atan(3.86): {}", black_box(3.86_f64).atan());
    println!("atan2(1.49, 2.79): {}", black_box(1.49_f64).atan2(black_box(2.79)));
    println!("cbrt(14.75): {}", black_box(14.75_f64).cbrt());
}

/// Both libraries use the same source for these.
fn agree() {
    println!("exp(2.5): {}", black_box(2.5_f64).exp());
    println!("exp2(0.1): {}", black_box(0.1_f64).exp2());
    println!("ln(1.5): {}", black_box(1.5_f64).ln());
    println!("log2(0.1): {}", black_box(0.1_f64).log2());
    println!("powf(1.1, 0.1): {}", black_box(1.1_f64).powf(black_box(0.1)));
}

/// IEEE 754 allows only one result here, regardless of the implementation.
fn exact() {
    println!("sqrt(2): {}", black_box(2_f64).sqrt());
    println!("0.1 * 10 - 1 at once: {:e}", black_box(0.1_f64).mul_add(black_box(10.0), black_box(-1.0)));
    println!("5.3 % 0.7: {}", black_box(5.3_f64) % black_box(0.7));
    println!("floor(-0.5): {:?}", black_box(-0.5_f64).floor());
    println!("ceil(-0.5): {:?}", black_box(-0.5_f64).ceil());
    println!("round(2.5): {}", black_box(2.5_f64).round());
    println!("round_ties_even(2.5): {}", black_box(2.5_f64).round_ties_even());
    println!("round(0.49999999999999994): {}", black_box(0.49999999999999994_f64).round());
    println!("next_up(1): {}", black_box(1_f64).next_up());
    println!("2^53 + 1: {}", black_box(9_007_199_254_740_992_f64) + black_box(1.0));
    println!("1e308 * 10 / 10: {}", black_box(1e308_f64) * black_box(10.0) / black_box(10.0));
    println!("5e-324 / 2: {}", black_box(5e-324_f64) / black_box(2.0));
}
