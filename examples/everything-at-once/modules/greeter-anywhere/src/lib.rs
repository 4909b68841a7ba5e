//! The greeter as a position-independent module; its build script compiles it.
//!
//! The standard library of wasip1 is not position-independent, so this crate does not use it.
#![cfg_attr(all(target_family = "wasm", target_env = "p1"), no_std)]

#[cfg(all(target_family = "wasm", target_env = "p1"))]
#[panic_handler]
fn never(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
