//! What a package of the user is compiled with, beyond the defaults of cargo: configuration files and variables.

use std::path::Path;

use crate::support::text_file;
use crate::tools::environment;

/// How many settings of one kind are named.
const MOST_NAMED: usize = 5;

/// Returns what changes how cargo compiles a package when it is called in `directory`, each in a phrase, such as
/// `.cargo/config.toml: build.rustflags`. `cargo_home` is the directory with the configuration of the user.
pub fn of(directory: &Path, cargo_home: Option<&Path>) -> Vec<String> {
    let mut found = Vec::new();
    let beside = directory.ancestors().map(|directory| directory.join(".cargo"));
    let own = beside.chain(cargo_home.map(Path::to_path_buf));
    let mut seen = Vec::new();
    for place in own {
        // The home directory of cargo is usually below a parent of the package, too.
        if seen.contains(&place) {
            continue;
        }
        // cargo reads the older name first (The Cargo Book, "Configuration").
        let files = ["config", "config.toml"].map(|name| place.join(name));
        let text = files.iter().find_map(|file| Some((file, text_file::read(file).ok()?)));
        seen.push(place);
        let Some((file, bytes)) = text else { continue };
        let keys = keys(&String::from_utf8_lossy(&bytes));
        if !keys.is_empty() {
            let shown = file.strip_prefix(directory).unwrap_or(file);
            found.push(format!("{}: {}", shown.display(), named(&keys)));
        }
    }
    let variables = environment::settings_of_build();
    if !variables.is_empty() {
        found.push(named(&variables));
    }
    found
}

fn named(all: &[String]) -> String {
    let first = all.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(MOST_NAMED) {
        0 => first,
        left => format!("{first} and {left} more"),
    }
}

/// The keys in a configuration file of cargo that change what is compiled.
fn keys(text: &str) -> Vec<String> {
    let Ok(table) = text.parse::<toml::Table>() else { return Vec::new() };
    let below = |table: &toml::Table, key: &str| -> Vec<(String, toml::Value)> {
        let inner = table.get(key).and_then(toml::Value::as_table);
        inner.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    const OF_BUILD: [&str; 4] = ["rustflags", "rustc", "rustc-wrapper", "rustc-workspace-wrapper"];
    let build = below(&table, "build").into_iter().filter(|(name, _)| OF_BUILD.contains(&name.as_str()));
    let mut keys: Vec<String> = build.map(|(name, _)| format!("build.{name}")).collect();
    for (target, value) in below(&table, "target") {
        let has = |key: &&str| value.get(key).is_some();
        keys.extend(
            ["rustflags", "linker"]
                .iter()
                .filter(|key| has(key))
                .map(|key| format!("target.{}.{key}", quoted(&target))),
        );
    }
    keys.extend(below(&table, "env").into_iter().map(|(name, _)| format!("env.{name}")));
    for (profile, value) in below(&table, "profile") {
        let settings = value.as_table().into_iter().flatten();
        keys.extend(settings.map(|(name, _)| format!("profile.{profile}.{name}")));
    }
    keys.extend(["include", "patch"].iter().filter(|key| table.contains_key(**key)).map(ToString::to_string));
    keys
}

/// A key as TOML writes it.
fn quoted(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if key.chars().all(is_bare) { key.into() } else { format!("'{key}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_change_what_is_compiled_are_named() {
        let text = "[build]\nrustflags = ['--cfg', 'a']\njobs = 2\n[target.wasm32-wasip1]\nrunner = 'x'\nrustflags = []\n[target.'cfg(unix)']\nlinker = 'x'\n\
                    [env]\nA = 'b'\n[profile.release]\nlto = true\n[net]\noffline = true\n";
        let expected = [
            "build.rustflags",
            "target.'cfg(unix)'.linker",
            "target.wasm32-wasip1.rustflags",
            "env.A",
            "profile.release.lto",
        ];
        assert_eq!(keys(text), expected);
        assert!(keys("not toml [").is_empty());
    }

    #[test]
    fn files_of_the_package_and_its_parents_are_named() {
        let root = tempfile::tempdir().unwrap();
        let package = root.path().join("package");
        for directory in [root.path(), &package] {
            std::fs::create_dir_all(directory.join(".cargo")).unwrap();
            std::fs::write(directory.join(".cargo/config.toml"), "[env]\nA = 'b'\n").unwrap();
        }
        let found = of(&package, Some(&root.path().join(".cargo")));
        let outer = root.path().join(".cargo/config.toml");
        assert_eq!(found[..2], [".cargo/config.toml: env.A".into(), format!("{}: env.A", outer.display())]);
        assert!(!found[2..].iter().any(|line| line.contains("config.toml: env.A")), "{found:?}");
        let many: Vec<_> = (0..7).map(|number| number.to_string()).collect();
        assert_eq!(named(&many), "0, 1, 2, 3, 4 and 2 more");
    }
}
