//! Versions of wasmtime, and which of them are fit for use.

use std::fmt;
use std::str::FromStr;

/// A release, `MAJOR.MINOR.PATCH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
}

/// The first releases of each line in which RUSTSEC-2026-0269 is fixed: before them, a symbolic
/// link whose target ends in `/` leads out of a preopened directory.
const FIXED: [Version; 4] = [version(24, 0, 13), version(36, 0, 14), version(46, 0, 3), version(47, 0, 4)];

const fn version(major: u64, minor: u64, patch: u64) -> Version {
    Version { major, minor, patch }
}

impl Version {
    /// Whether this release has the fix of RUSTSEC-2026-0269.
    pub fn is_fixed(self) -> bool {
        let newest_line = FIXED[FIXED.len() - 1].major;
        self.major > newest_line || FIXED.iter().any(|fixed| fixed.major == self.major && self >= *fixed)
    }

    /// Reads the first line that `wasmtime --version` prints, as `wasmtime 48.0.8 (hash date)`.
    pub fn of_output(output: &str) -> Option<Version> {
        output.strip_prefix("wasmtime")?.split_whitespace().next()?.parse().ok()
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Version, String> {
        let mut numbers = text.split('.').map(str::parse);
        match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch)), None) => Ok(version(major, minor, patch)),
            _ => Err(format!("not a version: {text:?}; write it as \"48.0.8\"")),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_with_the_hole_are_unfit() {
        for fit in ["24.0.13", "36.0.14", "36.1.0", "46.0.3", "47.0.4", "48.0.0", "48.0.8", "50.0.0"] {
            assert!(fit.parse::<Version>().unwrap().is_fixed(), "{fit}");
        }
        for unfit in ["0.40.1", "24.0.12", "25.0.0", "36.0.13", "45.9.9", "46.0.2", "47.0.3"] {
            assert!(!unfit.parse::<Version>().unwrap().is_fixed(), "{unfit}");
        }
    }

    #[test]
    fn what_wasmtime_says() {
        assert_eq!(Version::of_output("wasmtime 48.0.8\n"), Some(version(48, 0, 8)));
        assert_eq!(Version::of_output("wasmtime 48.0.8 (1b2c3d4 2026-10-20)\n"), Some(version(48, 0, 8)));
        for other in ["", "wasmtime", "wasmtime-cli 48.0.8", "node v20.1.0", "wasmtime 48"] {
            assert_eq!(Version::of_output(other), None, "{other}");
        }
    }
}
