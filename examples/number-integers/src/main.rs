//! Tests integers at their limits.

use std::env;
use std::hint::black_box;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("limits") => limits(),
        Some("casts") => casts(),
        Some("bytes") => bytes(),
        Some("divide") => println!("1 / 0: {}", black_box(1_i32) / black_box(0)),
        Some("divide-least") => println!("least / -1: {}", black_box(i64::MIN) / black_box(-1)),
        _ => eprintln!("usage: number-integers limits|casts|bytes|divide|divide-least"),
    }
}

fn limits() {
    // The profile decides whether this wraps or panics, not the target.
    println!("i32::MAX + 1: {}", black_box(i32::MAX) + black_box(1));
    println!("u8 200 + 100: {}", black_box(200_u8) + black_box(100));
    println!("1_u32 << 33: {}", black_box(1_u32) << black_box(33));
    println!("checked: {:?}", black_box(1_u32).checked_shl(black_box(33)));
    println!("-7 / 2, -7 % 2: {} {}", black_box(-7) / black_box(2), black_box(-7) % black_box(2));
    println!("-7 >> 1: {}", black_box(-7) >> black_box(1));
    println!("i128: {}", black_box(i128::MAX) / black_box(1_000_000_007));
    println!("u128: {}", black_box(u128::MAX).wrapping_mul(black_box(3)));
    println!("leading zeros of 0: {}", black_box(0_u64).leading_zeros());
    println!("ones: {}", black_box(u64::MAX).count_ones());
    println!("saturating: {}", black_box(i8::MIN).saturating_sub(black_box(1)));
}

/// A cast saturates: wasm traps on the plain instruction, so the compiler uses another one.
fn casts() {
    println!("1e20 as i32: {}", black_box(1e20_f64) as i32);
    println!("-1e20 as u64: {}", black_box(-1e20_f64) as u64);
    println!("inf as i128: {}", black_box(f64::INFINITY) as i128);
    println!("NaN as i64: {}", black_box(f64::NAN) as i64);
    println!("300 as u8: {}", black_box(300_i32) as u8);
    println!("-1 as u64: {}", black_box(-1_i8) as u64);
    println!("u64::MAX as f32: {}", black_box(u64::MAX) as f32);
    println!("0x110000 as char: {:?}", char::from_u32(black_box(0x11_0000)));
}

fn bytes() {
    println!("little-endian: {}", black_box(0x0102_0304_u32).to_ne_bytes() == [4, 3, 2, 1]);
    println!("big: {:?}", black_box(0x0102_0304_u32).to_be_bytes());
    // An unaligned read, which works by copying.
    let buffer = black_box([0_u8, 1, 0, 0, 0, 2, 0, 0, 0]);
    let number = buffer[1..].first_chunk().map(|bytes| u64::from_ne_bytes(*bytes));
    println!("at an odd address: {number:?}");
    println!("swapped: {:#x}", black_box(0x0102_0304_0506_0708_u64).swap_bytes());
}
