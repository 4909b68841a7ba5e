//! Why packages do not build, as earlier runs have found it out.
//!
//! cargo builds for all targets at once and does not say for which of them an error is. Where that
//! leaves it open, the package is built for each target by itself, which takes its time in every
//! run. So what was found is kept, with the errors that left it open: cargo has said exactly the
//! same again, so that the answer is the same again. Nothing here keeps cargo from trying anew.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Why a package does not build for a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's code and first message.
    pub headline: String,
    /// The whole error, as the compiler draws it.
    pub rendered: String,
}

/// What was found out, by package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures(BTreeMap<String, Found>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Found {
    /// What cargo said when it built for all targets at once.
    said: Vec<String>,
    /// By target, in the order in which they were asked for.
    of_targets: Vec<(String, Failure)>,
}

impl Failures {
    /// What earlier runs have written to `file`. A file that is damaged or of another release of the
    /// harness is worth nothing, and no error.
    pub fn read(file: &Path) -> Failures {
        let text = fs::read_to_string(file).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Puts all into `file`, for later runs.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        let beside = file.with_extension("new");
        fs::write(&beside, serde_json::to_string(self)?)?;
        fs::rename(beside, file)
    }

    /// The failures of `package` for `targets`, if cargo has said the same when they were found out.
    pub fn of(&self, package: &str, targets: &[&str], said: &[String]) -> Option<Vec<Failure>> {
        let found = self.0.get(package)?;
        let same_targets =
            found.of_targets.iter().map(|(target, _)| target.as_str()).eq(targets.iter().copied());
        let is_known = same_targets && found.said == said;
        is_known.then(|| found.of_targets.iter().map(|(_, failure)| failure.clone()).collect())
    }

    pub fn learn(&mut self, package: &str, targets: &[&str], said: Vec<String>, failures: &[Failure]) {
        let targets = targets.iter().map(|target| target.to_string());
        let of_targets = targets.zip(failures.iter().cloned()).collect();
        self.0.insert(package.into(), Found { said, of_targets });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_said_again_is_known() {
        let failure = |headline: &str| Failure { headline: headline.into(), rendered: String::new() };
        let (one, two) = (failure("error: one"), failure("error: two"));
        let said = |text: &str| vec![text.to_string(), "error: two".to_string()];
        let mut failures = Failures::default();
        failures.learn("cat", &["wasip1", "wasip2"], said("error: one"), &[one.clone(), two.clone()]);

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("failures.json");
        assert_eq!(Failures::read(&file), Failures::default());
        failures.write(&file).unwrap();
        let failures = Failures::read(&file);
        assert_eq!(failures.of("cat", &["wasip1", "wasip2"], &said("error: one")), Some(vec![one, two]));
        assert_eq!(failures.of("cat", &["wasip1", "wasip2"], &said("error: three")), None);
        assert_eq!(failures.of("cat", &["wasip2"], &said("error: one")), None);
        assert_eq!(failures.of("dog", &["wasip1", "wasip2"], &said("error: one")), None);

        fs::write(&file, "{\"cat\":1").unwrap();
        assert_eq!(Failures::read(&file), Failures::default());
    }
}
