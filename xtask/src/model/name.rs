//! The rules for names of examples, modules, cases, rows and variables.

use crate::support::escape::is_hidden;

/// The length of the longest name, in bytes. Names become parts of file names, and systems limit the
/// length of these.
const LONGEST: usize = 64;

/// Returns what is wrong with `name`, or `None` if it is valid.
///
/// A valid name matches `[a-z0-9][a-z0-9_-]*`, has at most 64 bytes and is not a device name of Windows, so
/// that it can be a file name on every system. As there are no upper-case letters, names are unique on
/// case-insensitive file systems, too.
pub fn problem(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() {
        return Some("a name cannot be empty".into());
    }
    if name.len() > LONGEST {
        return Some(format!("a name has at most {LONGEST} bytes, this one has {}", name.len()));
    }
    if let Some(bad) = name.chars().find(|&c| !allowed(c)) {
        return Some(format!(
            "a name consists of lower-case letters, digits, `-` and `_`; this one has {bad:?}"
        ));
    }
    if name.starts_with(['-', '_']) {
        return Some("a name starts with a letter or a digit".into());
    }
    if is_device(name) {
        return Some(format!("`{name}` is the name of a device on Windows"));
    }
    None
}

/// Returns what is wrong with `name` as the name of a package, or `None` if it is valid. Examples and modules
/// are packages.
///
/// In addition to the rules for all names, cargo does not allow a digit at the beginning (`PackageName` in
/// its `crates/cargo-util-schemas/src/restricted_names.rs`) and the names of its own directories in `target`
/// (`is_conflicting_artifact_name` in `src/cargo/util/restricted_names.rs`). If one package breaks these rules,
/// cargo cannot read the workspace, and so not even run this program. A keyword of Rust or the name of a crate of
/// the standard library is no problem: cargo advises against them, since others might depend on the package.
pub fn package_problem(name: &str) -> Option<String> {
    problem(name).or_else(|| {
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return Some("the name of a package starts with a letter".into());
        }
        let is_directory_of_cargo = ["build", "deps", "examples", "incremental"].contains(&name);
        is_directory_of_cargo.then(|| format!("`{name}` is the name of a directory in which cargo builds"))
    })
}

/// Returns what is wrong with the name of an environment variable, or `None` if it is valid: POSIX excludes `=` and NUL
/// ("Environment Variables"). A hidden character could make the command line of a snapshot look like another one.
pub fn variable_problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("a name is not empty".into());
    }
    let bad = name.chars().find(|&c| c == '=' || is_hidden(c))?;
    Some(format!("a name has no `=` and no hidden characters; this one has `{}`", bad.escape_debug()))
}

/// Whether Windows reserves this name for a device
/// (<https://learn.microsoft.com/windows/win32/fileio/naming-a-file>).
fn is_device(name: &str) -> bool {
    let numbered = |stem: &str| {
        name.strip_prefix(stem).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(name, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        for valid in ["a", "0", "dir-here", "two_words", "com", "com10", &"x".repeat(64)] {
            assert_eq!(problem(valid), None, "{valid}");
        }
        for invalid in ["", "A", "-a", "_a", "a.b", "a/b", "..", "é", "con", "lpt1", &"x".repeat(65)] {
            assert!(problem(invalid).is_some(), "{invalid}");
        }
    }

    #[test]
    fn rules_of_variables() {
        for valid in ["A", "a b", "2", "ä", "-"] {
            assert_eq!(variable_problem(valid), None, "{valid}");
        }
        for invalid in ["", "A=", "=", "A\0", "A\nexit 0", "\u{1b}", "\u{202e}", "\u{200b}", "\t"] {
            assert!(variable_problem(invalid).is_some(), "{invalid}");
        }
    }

    #[test]
    fn rules_of_packages() {
        for valid in ["a", "x3d", "builds", "test", "std", "core", "fn", "self"] {
            assert_eq!(package_problem(valid), None, "{valid}");
        }
        for invalid in ["A", "con", "3d", "build", "deps", "examples", "incremental"] {
            assert!(package_problem(invalid).is_some(), "{invalid}");
        }
    }
}
