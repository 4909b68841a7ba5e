//! Sends itself a signal, and observes it with the `signal-hook` crate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGUSR1;

fn main() -> std::io::Result<()> {
    let seen = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGUSR1, Arc::clone(&seen))?;
    signal_hook::low_level::raise(SIGUSR1)?;
    println!("seen: {}", seen.load(Ordering::SeqCst));
    Ok(())
}
