//! The architecture of the harness: its modules are layers, and imports go one way.
//!
//! A layer is a file or a directory of `xtask/src`. It may import only from layers that come before it
//! in [`LAYERS`]; and no files of one layer may import each other in a circle. All paths that begin with
//! `crate`, `super` or the name of a child module count, in `use` declarations and anywhere else. And some
//! knowledge has one place, see [`KNOWLEDGE`].

#[path = "../src/support/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::source::without_comments_and_strings;

/// All layers, each above those that it may import.
const LAYERS: &[&str] = &[
    // What any program could need.
    "support",
    "exit",
    "diagnostic",
    "environment",
    "process",
    "tools",
    // The values that the stages pass on, and where they are on disk.
    "model",
    "workspace",
    "installed",
    // The stages, in the order of a run.
    "discover",
    "host",
    "provision",
    "build",
    "run",
    "normalize",
    "snapshot",
    "explain",
    "report",
    // What runs the stages.
    "session",
    "cli",
    "commands",
    "main",
];

/// A source file: its module path, such as `["model", "cell"]`, and its text.
struct Source {
    module: Vec<String>,
    text: String,
}

/// An import: the module that has it, the module that it is of, and whether only tests have it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    from: String,
    to: String,
    is_of_test: bool,
}

#[test]
fn imports_go_one_way() {
    let sources = sources();
    assert!(sources.len() > 50, "the sources were not found");
    let faults = faults(&sources);
    assert!(faults.is_empty(), "{}\n", faults.join("\n"));
}

/// What only some files may know: the knowledge, its spellings, and the beginnings of the modules that may
/// have it. `xtask/README.md` lists these rules.
const KNOWLEDGE: &[(&str, &[&str], &[&str])] = &[
    ("the format and the comparison of insta", &["insta::"], &["snapshot::store"]),
    (
        "the flags of wasmtime",
        &[
            "\"-W",
            "\"-S",
            "\"-C",
            "\"--dir",
            "\"--env",
            "\"--preload",
            "\"--invoke",
            "\"--argv0",
            "cache-config",
        ],
        // The template of a new example shows some.
        &["host::wasmtime", "commands::new"],
    ),
    (
        "the messages of wasmtime",
        &["Caused by:", "failed to run main module", "wasm trap"],
        &["host::wasmtime"],
    ),
    (
        "the environment of the harness",
        &["env::var(", "env::var_os(", "env::vars(", "env::vars_os("],
        // The last needs a variable without which no program starts on Windows.
        &["environment", "tools::environment", "run::invocation"],
    ),
    ("signals and process groups", &["signal_hook", "rustix::event", "kill_process"], &["process"]),
    (
        "what the terminal shows",
        &["io::stderr(", "io::stdout(", "eprint", "anstream"],
        &["support::terminal"],
    ),
    (
        "reading files that may be FIFOs or devices",
        &["fs::read(", "fs::read_to_string(", "File::open("],
        // All others use `support::text_file`. These read what the harness itself has written, or what the system
        // shows, or have asked what a file is.
        &[
            "support",
            "process",
            "discover::directory",
            "discover::user_directory",
            "provision",
            "build::compose",
            "run",
            "commands::ci",
        ],
    ),
    ("where the harness was started", &["env::current_dir("], &["commands"]),
    // Nothing safe takes the controlling terminal from a child.
    ("code that the compiler does not check", &["unsafe "], &["process::child"]),
];

#[test]
fn knowledge_has_its_place() {
    let sources = sources();
    for (knowledge, spellings, places) in KNOWLEDGE {
        let mut is_used = places.is_empty();
        for Source { module, text } in &sources {
            let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            // Attributes such as `cfg_attr(test, …)` and documentation are no knowledge.
            let code: String = shipped.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            let module = module.join("::");
            let may =
                places.iter().any(|place| module == *place || module.starts_with(&format!("{place}::")));
            for spelling in spellings.iter().filter(|spelling| code.contains(**spelling)) {
                assert!(may, "{module} has `{spelling}`: {knowledge} belong into {places:?}");
                is_used = true;
            }
        }
        assert!(is_used, "no file has any of {spellings:?}: the rule about {knowledge} checks nothing");
    }
}

/// Everything that breaks the rules of layers.
fn faults(sources: &[Source]) -> Vec<String> {
    let layer = |module: &str| {
        let name = module.split("::").next().unwrap_or_default();
        LAYERS.iter().position(|layer| *layer == name).ok_or(format!("{name}: not in the list of layers"))
    };
    let imports = imports(sources);
    let mut faults = BTreeSet::new();
    for source in sources {
        faults.extend(layer(&source.module.join("::")).err());
    }
    for Import { from, to, .. } in &imports {
        if let (Ok(own), Ok(other)) = (layer(from), layer(to))
            && own < other
        {
            faults.insert(format!("{from} imports {to}, which is a later layer"));
        }
    }
    faults.extend(circle(&imports).map(|circle| format!("a circle of imports: {}", circle.join(" → "))));
    faults.into_iter().collect()
}

/// All imports between different files.
fn imports(sources: &[Source]) -> BTreeSet<Import> {
    let modules: BTreeSet<String> = sources.iter().map(|source| source.module.join("::")).collect();
    let mut imports = BTreeSet::new();
    for source in sources {
        let from = source.module.join("::");
        // By convention the tests of a file come last.
        let (shipped, tests) =
            source.text.split_once("#[cfg(test)]\nmod tests {").unwrap_or((&source.text, ""));
        let own = source.module.clone();
        let of_tests = [own.as_slice(), &["tests".into()]].concat();
        for (text, inside, is_of_test) in [(shipped, own, false), (tests, of_tests, true)] {
            for path in paths(&without_comments_and_strings(text), &inside, &modules) {
                if let Some(to) = module_of(&path, &modules)
                    && to != from
                {
                    imports.insert(Import { from: from.clone(), to, is_of_test });
                }
            }
        }
    }
    imports
}

/// The module that a path leads into: the longest of its beginnings that is one.
fn module_of(path: &[String], modules: &BTreeSet<String>) -> Option<String> {
    (1..=path.len()).rev().map(|length| path[..length].join("::")).find(|path| modules.contains(path))
}

/// All paths in `text`, from the root of the crate. `inside` is the module that has the text.
fn paths(text: &str, inside: &[String], modules: &BTreeSet<String>) -> Vec<Vec<String>> {
    let tokens = tokens(text);
    let is_child = |name: &str| {
        let mut child = inside.to_vec();
        child.push(name.into());
        modules.contains(&child.join("::"))
    };
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_start = at == 0 || tokens[at - 1] != "::";
        let is_path = tokens.get(at + 1).is_some_and(|next| next == "::");
        let root = match tokens[at].as_str() {
            _ if !is_start || !is_path => None,
            "crate" => Some(Vec::new()),
            "self" => Some(inside.to_vec()),
            "super" => Some(inside[..inside.len().saturating_sub(1)].to_vec()),
            name if is_child(name) => Some([inside, &[name.to_string()]].concat()),
            _ => None,
        };
        match root {
            Some(root) => at = read_path(&tokens, at + 1, root, &mut paths),
            None => at += 1,
        }
    }
    paths
}

/// Reads what follows the beginning of a path, from its `::` at `at`, and gives where it ends.
fn read_path(tokens: &[String], mut at: usize, mut path: Vec<String>, paths: &mut Vec<Vec<String>>) -> usize {
    while tokens.get(at).is_some_and(|token| token == "::") {
        match tokens.get(at + 1).map(String::as_str) {
            Some("super") => drop(path.pop()),
            Some("{") => return read_group(tokens, at + 2, &path, paths),
            Some(name) => path.push(name.into()),
            None => {}
        }
        at += 2;
    }
    paths.push(path);
    at
}

/// Reads the paths of a group, from behind its `{` at `at`, and gives where it ends.
fn read_group(tokens: &[String], mut at: usize, path: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "}" => return at + 1,
            "," => at += 1,
            "self" => {
                paths.push(path.to_vec());
                at += 1;
            }
            name => at = read_path(tokens, at + 1, [path, &[name.to_string()]].concat(), paths),
        }
    }
    at
}

/// Names, `::`, and single other characters.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let length = match first {
            _ if rest.starts_with("::") => 2,
            _ if is_name(first) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        tokens.push(rest[..length].to_string());
        rest = rest[length..].trim_start();
    }
    tokens
}

/// A circle of imports, if there is one; those of tests do not count.
fn circle(imports: &BTreeSet<Import>) -> Option<Vec<String>> {
    let mut of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Import { from, to, .. } in imports.iter().filter(|import| !import.is_of_test) {
        of.entry(from).or_default().push(to);
    }
    let mut done = BTreeSet::new();
    of.keys().find_map(|module| circle_from(module, &of, &mut Vec::new(), &mut done))
}

fn circle_from<'a>(
    module: &'a str,
    of: &BTreeMap<&'a str, Vec<&'a str>>,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(begin) = path.iter().position(|before| *before == module) {
        let circle = path[begin..].iter().chain([&module]);
        return Some(circle.map(|module| module.to_string()).collect());
    }
    if !done.insert(module) {
        return None;
    }
    path.push(module);
    let found = of.get(module).into_iter().flatten().find_map(|to| circle_from(to, of, path, done));
    path.pop();
    found
}

/// All source files of the harness.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut left: Vec<PathBuf> = vec![root.clone()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&root).expect("below the root").with_extension("");
                let mut module: Vec<_> =
                    below.iter().map(|name| name.to_string_lossy().into_owned()).collect();
                module.pop_if(|name| name == "mod");
                sources.push(Source { module, text: fs::read_to_string(&path).expect("a source file") });
            }
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(module: &str, text: &str) -> Source {
        Source { module: module.split("::").map(String::from).collect(), text: text.into() }
    }

    /// What breaks the rules in a crate of these files.
    fn check(files: &[(&str, &str)]) -> Vec<String> {
        faults(&files.iter().map(|(module, text)| source(module, text)).collect::<Vec<_>>())
    }

    #[test]
    fn planted_violations_are_found() {
        let model = ("model::cell", "pub struct Cell;");
        assert_eq!(check(&[model, ("run::cells", "use crate::model::cell::Cell;")]), [""; 0]);
        let later = ["model::cell imports run::cells, which is a later layer"];
        let run = ("run::cells", "");
        for text in [
            "use crate::run::cells::Job;",
            "use crate::run::{cells::{self, Job}};",
            "use crate::{exit, run::cells};",
            "fn f() -> crate::run::cells::Job { loop {} }",
            "use super::super::run::cells;",
            "fn f() {}\n#[cfg(test)]\nmod tests {\n    use super::super::super::run::cells;\n}",
        ] {
            assert_eq!(check(&[("model::cell", text), run]), later, "{text}");
        }
        assert_eq!(check(&[("extra", "")]), ["extra: not in the list of layers"]);
        let circle = [
            ("model::a", "use super::b::B;"),
            ("model::b", "use crate::model::c;"),
            ("model::c", "use crate::model::a;"),
        ];
        assert_eq!(check(&circle), ["a circle of imports: model::a → model::b → model::c → model::a"]);
        let parent = [("model", "pub use cell::Cell;"), ("model::cell", "use super::Other;")];
        assert_eq!(check(&parent), ["a circle of imports: model → model::cell → model"]);
    }

    #[test]
    fn what_is_not_code_does_not_count() {
        for text in [
            "// use crate::run::cells;",
            "const A: &str = \"crate::run::cells \\\" crate::run::cells\";",
            "const A: &str = r#\"crate::run::cells\"#;",
            "const A: char = '\"'; // crate::run::cells \"",
        ] {
            assert_eq!(check(&[("model::cell", text), ("run::cells", "")]), [""; 0], "{text}");
        }
        let test = "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::model::b;\n}";
        assert_eq!(check(&[("model::a", test), ("model::b", "use crate::model::a;")]), [""; 0]);
    }
}
