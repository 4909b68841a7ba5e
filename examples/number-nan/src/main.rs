//! Prints the bits of NaNs, which the processor created or passed on.

use std::env;
use std::hint::black_box;

/// A quiet NaN with a payload.
const CARRIES: u64 = 0x7ff8_0000_dead_beef;

/// A signaling NaN with the same payload.
const SIGNALS: u64 = 0x7ff0_0000_dead_beef;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("made") => made(),
        Some("passed-on") => passed_on(),
        Some("two") => two(),
        Some("moved") => moved(),
        _ => eprintln!("usage: number-nan made|passed-on|two|moved"),
    }
}

fn show(what: &str, value: f64) {
    println!("{what}: {:#018x}", value.to_bits());
}

/// NaNs from numbers. Without `black_box` the compiler would compute them, in its own way.
fn made() {
    show("f64::NAN", f64::NAN);
    show("0 / 0", black_box(0.0) / black_box(0.0));
    show("inf - inf", black_box(f64::INFINITY) - black_box(f64::INFINITY));
    show("0 * inf", black_box(0.0) * black_box(f64::INFINITY));
    show("sqrt(-1)", black_box(-1.0_f64).sqrt());
    println!("0 / 0 as f32: {:#010x}", (black_box(0.0_f32) / black_box(0.0)).to_bits());
}

/// NaNs from one NaN. An operation makes a signaling NaN quiet.
fn passed_on() {
    for (name, bits) in [("quiet", CARRIES), ("signalling", SIGNALS)] {
        let nan = black_box(f64::from_bits(bits));
        show(&format!("{name} + 1"), nan + black_box(1.0));
        show(&format!("1 - {name}"), black_box(1.0) - nan);
        show(&format!("sqrt({name})"), nan.sqrt());
        println!("{name} as f32: {:#010x}", (nan as f32).to_bits());
    }
}

/// NaNs from two NaNs: the processor takes the first operand, and the compiler decides their order.
fn two() {
    let (one, other) = (black_box(f64::from_bits(CARRIES)), black_box(f64::from_bits(CARRIES + 1)));
    show("one * other", one * other);
    show("one + other", one + other);
    show("one - other", one - other);
    show(
        "one * other * one",
        [one, other, one].iter().fold(black_box(1.0), |product, factor| factor * product),
    );
}

/// Operations that only inspect bits, or change the sign, are not arithmetic.
fn moved() {
    for (name, bits) in [("quiet", CARRIES), ("signalling", SIGNALS)] {
        let nan = black_box(f64::from_bits(bits));
        show(name, nan);
        show(&format!("-{name}"), -nan);
        show(&format!("{name}.copysign(-1)"), nan.copysign(black_box(-1.0)));
    }
    let nan = black_box(f64::NAN);
    println!("equal to itself: {}", nan == black_box(f64::NAN));
    println!("as u8: {}", nan as u8);
    println!("max(nan, 1): {:?}", nan.max(black_box(1.0)));
    println!("after infinity in total order: {:?}", nan.total_cmp(&black_box(f64::INFINITY)));
    println!("printed: {} {:?}", -nan, nan);
}
