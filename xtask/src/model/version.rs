//! Versions of wasmtime and Rust, and which versions of wasmtime are not vulnerable.

use std::fmt;
use std::str::FromStr;

/// The version of a release, `MAJOR.MINOR.PATCH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
}

/// The first release of each major version in which RUSTSEC-2026-0269 is fixed. In earlier releases, a guest
/// can leave a preopened directory through a symbolic link if the link's target ends with `/`.
const FIXED: [Version; 4] = [version(24, 0, 13), version(36, 0, 14), version(46, 0, 3), version(47, 0, 4)];

const fn version(major: u64, minor: u64, patch: u64) -> Version {
    Version { major, minor, patch }
}

impl Version {
    /// Returns whether RUSTSEC-2026-0269 is fixed in this release of wasmtime.
    pub fn is_fixed(self) -> bool {
        let newest = FIXED[FIXED.len() - 1].major;
        self.major > newest || FIXED.iter().any(|fixed| fixed.major == self.major && self >= *fixed)
    }

    /// Reads the version from the output of `wasmtime --version`, such as `wasmtime 48.0.8 (hash date)`.
    pub fn of_output(output: &str) -> Option<Version> {
        output.strip_prefix("wasmtime")?.split_whitespace().next()?.parse().ok()
    }
}

impl FromStr for Version {
    type Err = String;

    /// Reads a version that is written as `48.0.8`.
    ///
    /// # Errors
    /// A message, if it is not written so.
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
    fn releases_with_the_vulnerability() {
        for fixed in ["24.0.13", "36.0.14", "36.1.0", "46.0.3", "47.0.4", "48.0.0", "48.0.8", "50.0.0"] {
            assert!(fixed.parse::<Version>().unwrap().is_fixed(), "{fixed}");
        }
        for vulnerable in ["0.40.1", "24.0.12", "25.0.0", "36.0.13", "45.9.9", "46.0.2", "47.0.3"] {
            assert!(!vulnerable.parse::<Version>().unwrap().is_fixed(), "{vulnerable}");
        }
    }

    #[test]
    fn output_of_wasmtime() {
        assert_eq!(Version::of_output("wasmtime 48.0.8\n"), Some(version(48, 0, 8)));
        assert_eq!(Version::of_output("wasmtime 48.0.8 (1b2c3d4 2026-10-20)\n"), Some(version(48, 0, 8)));
        for other in ["", "wasmtime", "wasmtime-cli 48.0.8", "node v20.1.0", "wasmtime 48"] {
            assert_eq!(Version::of_output(other), None, "{other}");
        }
    }
}
