//! Reads the clocks, or computes with distant times.

use std::env;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn main() {
    match env::args().nth(1).as_deref() {
        Some("now") => {
            let instants: Vec<_> = (0..1000).map(|_| Instant::now()).collect();
            println!("Instant never goes back: {}", instants.is_sorted());
            println!("Instant goes on: {}", goes_on(Instant::now));
            println!("SystemTime goes on: {}", goes_on(SystemTime::now));
            println!("it is later than 2025: {}", SystemTime::now() > UNIX_EPOCH + 55 * 366 * DAY);
            let (sooner, later) = (instants[0], instants[0] + DAY);
            println!("from a day ahead: {:?}", sooner.duration_since(later));
            println!("a day ago can be told: {}", sooner.checked_sub(DAY).is_some());
        }
        Some("origin") => {
            // There is no other way to see where an Instant counts from: {:?} shows its seconds.
            let shown = format!("{:?}", Instant::now());
            let digits: String = shown.chars().filter(|char| char.is_ascii_digit() || *char == ',').collect();
            let seconds: u64 = digits.split(',').next().unwrap().parse().unwrap();
            println!("counted from when this program started: {}", seconds < 20);
        }
        Some("far") => {
            println!("{:?}", UNIX_EPOCH - DAY);
            println!("{:?}", UNIX_EPOCH + 70 * 366 * DAY);
            let last = Duration::from_secs(i64::MAX as u64);
            println!("{:?}", UNIX_EPOCH.checked_add(last));
            println!("{:?}", UNIX_EPOCH.checked_add(last + Duration::from_secs(1)));
            println!("{:?}", UNIX_EPOCH.duration_since(UNIX_EPOCH + DAY).map_err(|error| error.duration()));
        }
        Some("limits") => {
            println!("{:?}, in milliseconds {}", Duration::MAX, Duration::MAX.as_millis());
            println!("{:?}", Duration::MAX.checked_add(Duration::from_nanos(1)));
            println!("{:?}", Duration::try_from_secs_f64(-1.0).map_err(|error| error.to_string()));
            println!("{:?}", Instant::now().checked_add(Duration::MAX));
        }
        _ => eprintln!("usage: time-clocks now|origin|far|limits"),
    }
}

/// Whether a clock eventually shows another time; if it does not, this never returns.
fn goes_on<T: PartialOrd>(clock: fn() -> T) -> bool {
    let start = clock();
    while clock() <= start {}
    true
}
