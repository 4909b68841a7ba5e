//! Does some work with rayon-core, the part of rayon that has the threads: parallel iterators are built
//! on its `join`.

use std::env;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use rayon_core::{ThreadPoolBuildError, ThreadPoolBuilder};

fn main() -> ExitCode {
    let done = match env::args().nth(1).as_deref() {
        Some("join") => join(),
        Some("pool") => pool(),
        Some("shared-pool") => shared_pool(),
        Some("shared-pool-here") => shared_pool_here(),
        Some("spawn") => spawn(),
        Some("spawn-yield") => spawn_yield(),
        _ => return ExitCode::from(2),
    };
    match done {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn join() -> Result<String, ThreadPoolBuildError> {
    fn fibonacci(n: u32) -> u32 {
        if n < 2 {
            return n;
        }
        let (one, other) = rayon_core::join(|| fibonacci(n - 1), || fibonacci(n - 2));
        one + other
    }
    Ok(format!("fibonacci(15) = {}", fibonacci(15)))
}

/// A custom pool, which needs its own threads.
fn pool() -> Result<String, ThreadPoolBuildError> {
    let pool = ThreadPoolBuilder::new().num_threads(2).build()?;
    Ok(format!("a pool of {} threads", pool.install(rayon_core::current_num_threads)))
}

/// Builds the one pool that all of rayon shares, with the default number of threads.
fn shared_pool() -> Result<String, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().build_global()?;
    Ok("the shared pool is built".into())
}

/// The same with the calling thread only.
fn shared_pool_here() -> Result<String, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    Ok(format!("the threads of the shared pool: {}", rayon_core::current_num_threads()))
}

/// Waits for a spawned task in a way that rayon does not know about.
fn spawn() -> Result<String, ThreadPoolBuildError> {
    let (sender, receiver) = mpsc::channel();
    rayon_core::spawn(move || sender.send("spawned and done").expect("someone waits"));
    Ok(receiver.recv().expect("someone sends").into())
}

/// The same, but lends its own thread to rayon while it waits.
fn spawn_yield() -> Result<String, ThreadPoolBuildError> {
    let (sender, receiver) = mpsc::channel();
    rayon_core::spawn(move || sender.send("spawned and done").expect("someone waits"));
    loop {
        rayon_core::yield_now();
        if let Ok(said) = receiver.recv_timeout(Duration::from_millis(1)) {
            return Ok(said.into());
        }
    }
}
