//! Does some work with rayon, in one of the ways that it offers.

use std::env;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use rayon::prelude::*;
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

fn main() -> ExitCode {
    let done = match env::args().nth(1).as_deref() {
        Some("iterate") => iterate(),
        Some("join") => join(),
        Some("scope") => scope(),
        Some("pool") => pool(),
        Some("shared-pool") => shared_pool(),
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

fn iterate() -> Result<String, ThreadPoolBuildError> {
    let primes = (1..2000_u32).into_par_iter().filter(|n| is_prime(*n)).count();
    let mut words = vec!["delta", "alpha", "echo", "charlie", "bravo"];
    words.par_sort();
    Ok(format!("{primes} primes below 2000; sorted: {}", words.join(" ")))
}

fn is_prime(n: u32) -> bool {
    n > 1 && (2..n).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}

fn join() -> Result<String, ThreadPoolBuildError> {
    fn fibonacci(n: u32) -> u32 {
        if n < 2 {
            return n;
        }
        let (one, other) = rayon::join(|| fibonacci(n - 1), || fibonacci(n - 2));
        one + other
    }
    Ok(format!("fibonacci(15) = {}", fibonacci(15)))
}

fn scope() -> Result<String, ThreadPoolBuildError> {
    let mut squares = [0; 5];
    rayon::scope(|scope| {
        for (number, square) in squares.iter_mut().enumerate() {
            scope.spawn(move |_| *square = number * number);
        }
    });
    Ok(format!("squares: {squares:?}"))
}

/// A pool of one's own, which has to have threads of its own.
fn pool() -> Result<String, ThreadPoolBuildError> {
    let pool = ThreadPoolBuilder::new().num_threads(2).build()?;
    Ok(format!("a pool of {} threads", pool.install(rayon::current_num_threads)))
}

/// The same, of the one pool that all of rayon shares.
fn shared_pool() -> Result<String, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(2).build_global()?;
    Ok(format!("the shared pool has {} threads", rayon::current_num_threads()))
}

/// Waits for what was spawned in a way that rayon knows nothing of.
fn spawn() -> Result<String, ThreadPoolBuildError> {
    let (sender, receiver) = mpsc::channel();
    rayon::spawn(move || sender.send("spawned and done").expect("someone waits"));
    Ok(receiver.recv().expect("someone sends").into())
}

/// The same, but meanwhile lends its own thread to rayon.
fn spawn_yield() -> Result<String, ThreadPoolBuildError> {
    let (sender, receiver) = mpsc::channel();
    rayon::spawn(move || sender.send("spawned and done").expect("someone waits"));
    loop {
        rayon::yield_now();
        if let Ok(said) = receiver.recv_timeout(Duration::from_millis(1)) {
            return Ok(said.into());
        }
    }
}
