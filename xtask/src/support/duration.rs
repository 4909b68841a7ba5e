//! Durations as users write them.

use std::time::Duration;

/// The longest duration that is accepted, in milliseconds.
const LONGEST_MS: u64 = 60 * 60_000;

/// Reads "10s", "500ms" or "2m".
///
/// # Errors
/// A message, if it is not such a text, is zero, or is longer than an hour.
pub fn parse(text: &str) -> Result<Duration, String> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let milliseconds_per_unit = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(format!("not a duration: {text:?}; write it as \"10s\", \"500ms\" or \"2m\"")),
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(milliseconds_per_unit)) {
        Some(0) => Err("a cell needs some time to run".into()),
        Some(milliseconds) if milliseconds <= LONGEST_MS => Ok(Duration::from_millis(milliseconds)),
        _ => Err(format!("not a duration: {text:?}; at most \"60m\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "10", "s", "0s", "1h", "61m", "-1s", "99999999999999999999s"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
