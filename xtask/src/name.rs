//! The rule for names of examples, modules, cases and flag sets.

/// The longest name, in bytes: names become file names, and those have limits.
const LONGEST: usize = 64;

/// Says what is wrong with `name`, or nothing.
///
/// A name is `[a-z0-9][a-z0-9_-]*`, 64 bytes at most, and no device name of Windows, because it
/// becomes a file name on every system. Lower case alone makes names unique without regard to case.
pub fn fault(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() {
        return Some("a name cannot be empty".into());
    }
    if name.len() > LONGEST {
        return Some(format!("a name has at most {LONGEST} characters, this one has {}", name.len()));
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

/// Says what is wrong with `name` as that of a package, which an example and a module are, or nothing.
///
/// cargo allows less than the rule for all names does: no digit at the beginning (`PackageName` in its
/// `crates/cargo-util-schemas/src/restricted_names.rs`), no folder of its own in `target`
/// (`is_conflicting_artifact_name` in `src/cargo/util/restricted_names.rs`), and each name once in a
/// workspace. It cannot read a workspace with a package of another name, not even to run this program.
pub fn package_fault(name: &str) -> Option<String> {
    fault(name).or_else(|| {
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return Some("the name of a package starts with a letter".into());
        }
        match name {
            "build" | "deps" | "examples" | "incremental" => {
                Some("it is the name of a folder in which cargo builds".into())
            }
            "xtask" | "parallax-compose" => Some("it is a package of the harness".into()),
            _ => None,
        }
    })
}

/// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>
fn is_device(name: &str) -> bool {
    let numbered = |stem: &str| {
        name.strip_prefix(stem).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(name, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// The closest of `known` to a mistyped `name`, if any is close enough to be meant.
pub fn suggest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        for good in ["a", "0", "dir-here", "two_words", "com", "com10", &"x".repeat(64)] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in ["", "A", "-a", "_a", "a.b", "a/b", "..", "é", "con", "lpt1", &"x".repeat(65)] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn rules_of_packages() {
        for good in ["a", "x3d", "builds", "test"] {
            assert_eq!(package_fault(good), None, "{good}");
        }
        for bad in ["A", "con", "3d", "build", "deps", "examples", "incremental", "xtask"] {
            assert!(package_fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn near_misses_only() {
        let known = ["about", "args", "env", "flags", "redact", "stdin", "targets", "timeout"];
        assert_eq!(suggest("arg", known), Some("args"));
        assert_eq!(suggest("tiemout", known), Some("timeout"));
        assert_eq!(suggest("colour", known), None);
    }
}
