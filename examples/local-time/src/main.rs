//! Prints a point in time in the user's time zone, as chrono, time and tz-rs determine that zone.

use std::env;
use std::fs;
use std::process::ExitCode;

use chrono::{DateTime, Local};
use tz::{TimeZone, TimeZoneSettings};

/// Noon on 1 July 2026, UTC.
const MOMENT: i64 = 1_782_907_200;

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("chrono") => {
            let utc = DateTime::from_timestamp(MOMENT, 0).expect("a moment within range");
            println!("{}", utc.with_timezone(&Local).format("%FT%T%:z"));
        }
        Some("time") => {
            let utc = time::OffsetDateTime::from_unix_timestamp(MOMENT).expect("a moment within range");
            match time::UtcOffset::local_offset_at(utc) {
                Ok(offset) => println!("{}", utc.to_offset(offset)),
                Err(error) => {
                    eprintln!("local-time: {error}");
                    return ExitCode::FAILURE;
                }
            }
        }
        Some("tz-rs") => {
            let name = env::var("TZ").unwrap_or_default();
            // The system's own directory is not used: its contents differ from machine to machine.
            let settings = TimeZoneSettings::new(&["zoneinfo"], |path| Ok(fs::read(path)?));
            let zone = settings.parse_posix_tz(&name).unwrap_or_else(|error| {
                eprintln!("local-time: TZ={name}: {error}; taking UTC instead");
                TimeZone::utc()
            });
            match tz::DateTime::from_timespec(MOMENT, 0, zone.as_ref()) {
                Ok(time) => println!("{time}"),
                Err(error) => {
                    eprintln!("local-time: {error}");
                    return ExitCode::FAILURE;
                }
            }
        }
        _ => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}
