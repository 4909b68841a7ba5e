//! Generates numbers with rand: unpredictable ones, whose properties are printed, and those of fixed
//! seeds.

use std::env;
use std::process::ExitCode;

use rand::rngs::{SmallRng, StdRng, SysRng};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng, TryRng};

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("unpredictable") => unpredictable(),
        Some("standard") => seeded(StdRng::seed_from_u64(2026)),
        Some("small") => seeded(SmallRng::seed_from_u64(2026)),
        _ => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}

fn unpredictable() {
    let sys = || SysRng.try_next_u64().expect("the system has random numbers");
    println!("two of the system differ: {}", sys() != sys());
    let mut rng = rand::rng();
    println!("two of the thread's generator differ: {}", rng.next_u64() != rng.next_u64());
    println!("a die shows 1 to 6: {}", (0..100).all(|_| (1..=6).contains(&rng.random_range(1..=6))));
}

fn seeded(mut rng: impl Rng) {
    let dice: Vec<u32> = (0..8).map(|_| rng.random_range(1..=6)).collect();
    println!("dice: {dice:?}");
    let mut cards = ["ace", "king", "queen", "jack"];
    cards.shuffle(&mut rng);
    println!("cards: {}", cards.join(" "));
    println!("an index below 1000: {}", rng.random_range(0..1000_usize));
}
