//! `Cargo.lock`: which packages a package depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::support::text_file;

/// What the lock file says about each package, by name. If there are several versions of one, it is about all of them.
#[derive(Debug, Default)]
pub struct LockFile(BTreeMap<String, Locked>);

#[derive(Debug, Default)]
struct Locked {
    /// The names of the packages that it depends on directly.
    dependencies: BTreeSet<String>,
    /// The lines about it.
    text: String,
}

impl LockFile {
    /// Reads the lock file of a workspace. If there is none, or it cannot be understood, nothing is known.
    pub fn read(root: &Path) -> LockFile {
        let bytes = text_file::read(&root.join("Cargo.lock")).unwrap_or_default();
        LockFile::parse(&String::from_utf8_lossy(&bytes))
    }

    fn parse(text: &str) -> LockFile {
        let mut all: BTreeMap<String, Locked> = BTreeMap::new();
        let mut name = String::new();
        let mut is_list = false;
        // The file is written by cargo, always in the same form, and reading it as TOML takes much longer.
        for line in text.lines() {
            if let Some(named) = line.strip_prefix("name = \"") {
                name = named.trim_end_matches('"').into();
                all.entry(name.clone()).or_default();
            }
            if let Some(locked) = all.get_mut(&name) {
                locked.text.push_str(line);
                locked.text.push('\n');
            }
            match line {
                "dependencies = [" => is_list = true,
                "]" => is_list = false,
                // A dependency is a name, or a name and a version if there are several.
                _ if is_list => {
                    let dependency =
                        line.trim().trim_matches([',', '"']).split(' ').next().unwrap_or_default();
                    all.entry(name.clone()).or_default().dependencies.insert(dependency.into());
                }
                _ => {}
            }
        }
        LockFile(all)
    }

    /// Whether the lock file has a package of this name.
    pub fn has(&self, package: &str) -> bool {
        self.0.contains_key(package)
    }

    /// Returns the packages that `package` needs, directly or not, for any target.
    pub fn dependencies(&self, package: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut left = vec![package];
        while let Some(one) = left.pop() {
            for dependency in self.0.get(one).into_iter().flat_map(|locked| &locked.dependencies) {
                if found.insert(dependency.as_str()) {
                    left.push(dependency);
                }
            }
        }
        found
    }

    /// Returns the lines about `package` and all that it needs.
    pub fn text_of(&self, package: &str) -> String {
        let packages = [package].into_iter().chain(self.dependencies(package));
        packages.filter_map(|package| Some(self.0.get(package)?.text.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_of_dependencies() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b\",\n \"c 1.2.3\",\n]\n\n\
                    [[package]]\nname = \"b\"\nversion = \"1.0.0\"\ndependencies = [\n \"d\",\n]\n\n\
                    [[package]]\nname = \"c\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"d\"\nversion = \"1.0.0\"\n";
        let lock = LockFile::parse(text);
        assert_eq!(lock.dependencies("a").into_iter().collect::<Vec<_>>(), ["b", "c", "d"]);
        assert_eq!(lock.dependencies("b").into_iter().collect::<Vec<_>>(), ["d"]);
        assert!(lock.dependencies("c").is_empty() && lock.dependencies("x").is_empty());
        assert!(lock.text_of("b").contains("name = \"d\"") && !lock.text_of("b").contains("name = \"c\""));
    }
}
