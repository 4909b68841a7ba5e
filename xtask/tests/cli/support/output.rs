//! What commands print, and how snapshots are written.

use assert_cmd::assert::Assert;
use serde_json::Value;

/// The table in the snapshot of [`HELLO`](super::HELLO).
pub const HELLO_TABLE: &str = "\
$ hello
           native  wasip1  wasip2
default      A       A       A

A  exit 0
   stdout
   │Hello!
";

/// The text of a snapshot file, for a case without `about`.
pub fn snapshot(table: &str) -> String {
    let line = table.lines().next().unwrap_or_default();
    // The program is the first word that does not set a variable.
    let example = line.split(' ').skip(1).find(|word| !word.contains('=')).unwrap_or_default();
    format!("---\nsource: examples/{example}/src/main.rs\n---\n{table}")
}

/// The JSON objects that a command printed, one per line.
#[track_caller]
pub fn objects(assert: &Assert) -> Vec<Value> {
    let stdout = String::from_utf8(assert.get_output().stdout.clone()).expect("stdout should be valid UTF-8");
    stdout
        .lines()
        .map(|line| match serde_json::from_str(line) {
            Ok(Value::Object(object)) => Value::Object(object),
            other => panic!("not an object: {line}: {other:?}"),
        })
        .collect()
}

/// Assertions on the text that a command printed.
pub trait AssertOutput: Sized {
    fn stderr_text(&self) -> String;
    fn stdout_text(&self) -> String;

    /// Asserts that stderr contains this text.
    #[track_caller]
    fn says(self, text: &str) -> Self;

    /// Asserts that stderr does not contain this text.
    #[track_caller]
    fn does_not_say(self, text: &str) -> Self;

    /// Asserts that stdout contains this text.
    #[track_caller]
    fn prints(self, text: &str) -> Self;
}

impl AssertOutput for Assert {
    fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.get_output().stderr).into_owned()
    }

    fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.get_output().stdout).into_owned()
    }

    fn says(self, text: &str) -> Assert {
        assert!(self.stderr_text().contains(text), "stderr does not contain {text:?}\n{self}");
        self
    }

    fn does_not_say(self, text: &str) -> Assert {
        assert!(!self.stderr_text().contains(text), "stderr contains {text:?}\n{self}");
        self
    }

    fn prints(self, text: &str) -> Assert {
        assert!(self.stdout_text().contains(text), "stdout does not contain {text:?}\n{self}");
        self
    }
}
