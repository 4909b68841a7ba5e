//! Measures and computes with times, as most programs do.

use std::env;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    match env::args().nth(1).as_deref() {
        Some("durations") => durations(),
        Some("clocks") => clocks(),
        _ => eprintln!("usage: time-everyday durations|clocks"),
    }
}

fn durations() {
    let all = [
        Duration::new(1, 500_000_000),
        Duration::from_secs(90),
        Duration::from_millis(1234),
        Duration::from_micros(56),
        Duration::from_nanos(789),
        Duration::from_secs_f64(0.1),
        Duration::ZERO,
    ];
    for one in all {
        println!(
            "{one:?}: {} s, {} ms, {} µs, {} ns, {} s, {} ns after the second",
            one.as_secs(),
            one.as_millis(),
            one.as_micros(),
            one.as_nanos(),
            one.as_secs_f64(),
            one.subsec_nanos()
        );
    }
    println!("{:?} {:?}", all[0] + all[1], all[0].checked_sub(all[1]));
}

fn clocks() {
    const WAIT: Duration = Duration::from_millis(20);
    let start = Instant::now();
    thread::sleep(WAIT);
    println!("elapsed: {}", start.elapsed() >= WAIT);
    println!("duration_since: {}", Instant::now().duration_since(start) >= WAIT);
    println!("a deadline has passed: {}", Instant::now() >= start + WAIT);
    println!("1970 was before: {}", UNIX_EPOCH.elapsed().is_ok());
    // That was the first of January 2025.
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    println!("2025, too: {}", seconds > 1_735_689_600);
}
