//! Processes four numbers at once, with the vector instructions of wasm or of x86-64.
#![allow(unsafe_code, reason = "only unsafe code can convert between a vector and an array")]

use std::hint::black_box;
use std::mem::transmute;

fn main() {
    let numbers = black_box([1.5, -2.5, 1e20, f32::NAN]);
    println!("doubled: {:?}", doubled(numbers));
    println!("as integers: {:?}", integers(numbers));
    println!("as integers by `as`: {:?}", numbers.map(|number| number as i32));
}

#[cfg(target_arch = "wasm32")]
#[target_feature(enable = "simd128")]
fn doubled(numbers: [f32; 4]) -> [f32; 4] {
    // SAFETY: all are 16 bytes, and any bytes are a valid value.
    unsafe {
        let vector = transmute::<[f32; 4], std::arch::wasm32::v128>(numbers);
        transmute(std::arch::wasm32::f32x4_add(vector, vector))
    }
}

/// The processor decides the result for a number that does not fit.
#[cfg(target_arch = "wasm32")]
#[target_feature(enable = "relaxed-simd")]
fn integers(numbers: [f32; 4]) -> [i32; 4] {
    // SAFETY: all are 16 bytes, and any bytes are a valid value.
    unsafe {
        let vector = transmute::<[f32; 4], std::arch::wasm32::v128>(numbers);
        transmute(std::arch::wasm32::i32x4_relaxed_trunc_f32x4(vector))
    }
}

#[cfg(target_arch = "x86_64")]
fn doubled(numbers: [f32; 4]) -> [f32; 4] {
    // SAFETY: all are 16 bytes, and any bytes are a valid value; every x86-64 has the instruction.
    unsafe {
        let vector = transmute::<[f32; 4], std::arch::x86_64::__m128>(numbers);
        transmute(std::arch::x86_64::_mm_add_ps(vector, vector))
    }
}

#[cfg(target_arch = "x86_64")]
fn integers(numbers: [f32; 4]) -> [i32; 4] {
    // SAFETY: all are 16 bytes, and any bytes are a valid value; every x86-64 has the instruction.
    unsafe {
        let vector = transmute::<[f32; 4], std::arch::x86_64::__m128>(numbers);
        transmute(std::arch::x86_64::_mm_cvttps_epi32(vector))
    }
}
