//! The `Cargo.toml` of a program that becomes an example, made from what `cargo metadata` says about its package. So
//! nothing in it is inherited from another workspace.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Writes the manifest of the example `name`. `package` is the program's package in the output of `cargo metadata`,
/// `features` the flags of cargo with which it was checked.
///
/// # Errors
/// If the package cannot be an example; the message says why.
pub fn write(name: &str, package: &Value, features: &[String]) -> Result<String, String> {
    let mut text = format!("[package]\nname = {}\n", quoted(name));
    for key in ["description", "version", "edition", "license", "homepage", "repository", "links"] {
        if let Some(value) = package[key].as_str() {
            text.push_str(&format!("{key} = {}\n", quoted(value.trim())));
        }
    }
    let authors = strings(&package["authors"]);
    if !authors.is_empty() {
        text.push_str(&format!("authors = {}\n", list(&authors)));
    }
    text.push_str("rust-version.workspace = true\npublish.workspace = true\n");
    // Targets are listed, so that cargo looks for no others.
    text.push_str("autobins = false\nautoexamples = false\nautotests = false\nautobenches = false\n");
    let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_kind =
        |kind: &str| targets.iter().find(|target| strings(&target["kind"]).iter().any(|known| known == kind));
    if let Some(script) = of_kind("custom-build") {
        text.push_str(&format!("build = {}\n", quoted(&below(package, script)?)));
    }
    text.push_str(&format!("\n[[bin]]\nname = {}\npath = \"src/main.rs\"\n", quoted(name)));
    let library = targets.iter().find(|target| {
        let kinds = strings(&target["kind"]);
        !["bin", "example", "test", "bench", "custom-build"]
            .iter()
            .any(|kind| kinds.iter().any(|one| one == kind))
    });
    if let Some(library) = library {
        if strings(&library["kind"]).iter().any(|kind| kind == "proc-macro") {
            return Err("its library is a procedural macro".into());
        }
        let library_name = library["name"].as_str().unwrap_or_default();
        text.push_str(&format!(
            "\n[lib]\nname = {}\npath = {}\n",
            quoted(library_name),
            quoted(&below(package, library)?)
        ));
    }
    text.push_str(&dependencies(package)?);
    text.push_str(&self::features(package, features));
    Ok(text)
}

/// The tables of dependencies, without those of tests.
fn dependencies(package: &Value) -> Result<String, String> {
    let mut text = String::new();
    let mut table = String::new();
    let all = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines = Vec::new();
    for dependency in all.iter().filter(|dependency| dependency["kind"] != "dev") {
        let name = dependency["name"].as_str().unwrap_or_default();
        if let Some(path) = dependency["path"].as_str() {
            return Err(format!("it depends on `{name}` by path ({path}), which an example cannot"));
        }
        match dependency["source"].as_str() {
            Some("registry+https://github.com/rust-lang/crates.io-index") => {}
            other => {
                let from = other.unwrap_or("an unknown place");
                return Err(format!("it depends on `{name}` from {from}, and an example only on crates.io"));
            }
        }
        let kind = if dependency["kind"] == "build" { "build-dependencies" } else { "dependencies" };
        let table = match dependency["target"].as_str() {
            None => format!("[{kind}]"),
            Some(target) => format!("[target.{}.{kind}]", quoted(target)),
        };
        let (key, renamed) = match dependency["rename"].as_str() {
            Some(rename) => (rename, format!("package = {}, ", quoted(name))),
            None => (name, String::new()),
        };
        let mut value = format!("{renamed}version = {}", quoted(dependency["req"].as_str().unwrap_or("*")));
        if dependency["uses_default_features"] == false {
            value.push_str(", default-features = false");
        }
        let features = strings(&dependency["features"]);
        if !features.is_empty() {
            value.push_str(&format!(", features = {}", list(&features)));
        }
        if dependency["optional"] == true {
            value.push_str(", optional = true");
        }
        lines.push((table, format!("{key} = {{ {value} }}\n")));
    }
    lines.sort();
    for (of, line) in lines {
        if of != table {
            text.push_str(&format!("\n{of}\n"));
            table = of;
        }
        text.push_str(&line);
    }
    Ok(text)
}

/// The table of features. Those with which the program was checked become the default ones.
fn features(package: &Value, flags: &[String]) -> String {
    let Some(table) = package["features"].as_object().filter(|table| !table.is_empty()) else {
        return String::new();
    };
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    let mut default = match (has("--all-features"), has("--no-default-features")) {
        (true, _) => table.keys().filter(|name| *name != "default").cloned().collect(),
        (false, true) => Vec::new(),
        (false, false) => table.get("default").map(strings).unwrap_or_default(),
    };
    let given = flags.windows(2).filter(|pair| pair[0] == "--features").map(|pair| &pair[1]);
    default.extend(
        given.flat_map(|names| names.split([',', ' '])).filter(|name| !name.is_empty()).map(String::from),
    );
    default.sort();
    default.dedup();
    let mut text = format!("\n[features]\ndefault = {}\n", list(&default));
    for (name, activated) in table.iter().filter(|(name, _)| *name != "default") {
        text.push_str(&format!("{} = {}\n", quoted(name), list(&strings(activated))));
    }
    text
}

/// The path of a target's source, relative to its package.
fn below(package: &Value, target: &Value) -> Result<String, String> {
    let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
    let source = PathBuf::from(target["src_path"].as_str().unwrap_or_default());
    let directory = manifest.parent().unwrap_or(Path::new(""));
    match source.strip_prefix(directory) {
        Ok(path) => Ok(path.to_string_lossy().replace('\\', "/")),
        Err(_) => Err(format!("its source {} is outside of the package", source.display())),
    }
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(String::from).collect()
}

fn list(words: &[String]) -> String {
    format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "))
}

/// Writes a string for TOML. JSON spells strings in the same way, except for DEL (TOML v1.0.0, "String").
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package() -> Value {
        json!({
            "name": "reader", "version": "1.2.3", "edition": "2021", "license": "MIT", "authors": ["A \"B\""],
            "description": "Reads\n", "manifest_path": "/p/Cargo.toml",
            "targets": [
                { "kind": ["bin"], "name": "reader", "src_path": "/p/src/main.rs" },
                { "kind": ["lib"], "name": "reader_lib", "src_path": "/p/src/lib.rs" },
                { "kind": ["custom-build"], "name": "build-script-build", "src_path": "/p/build.rs" },
            ],
            "features": { "default": ["a"], "a": [], "b": ["dep:log"] },
            "dependencies": [
                { "name": "log", "req": "^0.4", "kind": null, "rename": "lg", "optional": true, "uses_default_features": false,
                  "features": ["std"], "target": "cfg(unix)", "source": "registry+https://github.com/rust-lang/crates.io-index" },
                { "name": "cc", "req": "^1", "kind": "build", "features": [], "source": "registry+https://github.com/rust-lang/crates.io-index" },
                { "name": "tempfile", "req": "^3", "kind": "dev", "path": "/q", "features": [] },
            ],
        })
    }

    #[test]
    fn manifest_has_what_the_program_is_made_of() {
        let text = write("kept", &package(), &["--features".into(), "b".into()]).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let expected: toml::Table = r#"
            [package]
            name = "kept"
            description = "Reads"
            version = "1.2.3"
            edition = "2021"
            license = "MIT"
            authors = ["A \"B\""]
            rust-version.workspace = true
            publish.workspace = true
            autobins = false
            autoexamples = false
            autotests = false
            autobenches = false
            build = "build.rs"
            [[bin]]
            name = "kept"
            path = "src/main.rs"
            [lib]
            name = "reader_lib"
            path = "src/lib.rs"
            [build-dependencies]
            cc = { version = "^1" }
            [target."cfg(unix)".dependencies]
            lg = { package = "log", version = "^0.4", default-features = false, features = ["std"], optional = true }
            [features]
            default = ["a", "b"]
            a = []
            b = ["dep:log"]
        "#
        .parse()
        .unwrap();
        assert_eq!(table, expected, "{text}");
        let none = write("kept", &package(), &["--no-default-features".into()]).unwrap();
        assert!(none.contains("default = []"), "{none}");
        let all = write("kept", &package(), &["--all-features".into()]).unwrap();
        assert!(all.contains("default = [\"a\", \"b\"]"), "{all}");
    }

    #[test]
    fn dependencies_that_an_example_cannot_have_are_refused() {
        let mut with_path = package();
        with_path["dependencies"][0]["path"] = "/inner".into();
        assert!(write("kept", &with_path, &[]).unwrap_err().contains("depends on `log` by path (/inner)"));
        let mut of_git = package();
        of_git["dependencies"][1]["source"] = "git+https://example.org/cc".into();
        assert!(write("kept", &of_git, &[]).unwrap_err().contains("`cc` from git+https://example.org/cc"));
    }

    #[test]
    fn strings_are_read_back_by_toml() {
        for text in ["", "a\"b\\c", "tab\tnew\nline\r", "\u{7f}\u{1b}\0", "ü {cwd} 'x'"] {
            let table: toml::Table = format!("x = {}", quoted(text)).parse().unwrap();
            assert_eq!(table["x"].as_str(), Some(text));
        }
    }
}
