//! The messages of `cargo build --message-format json`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::build::artifacts;
use crate::model::column::Unit;
use crate::support::fields::fields;
use crate::workspace::Workspace;

/// Why a unit does not build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// The code and the first line of the error: `error[E0433]: cannot find …`.
    pub headline: String,
    /// The whole error, as the compiler renders it.
    pub rendered: String,
    /// The package that does not compile, with its version, if that is known: `memmap2 0.9.5`.
    pub package: Option<String>,
}

/// How cargo begins to report that a build script failed.
const BUILD_SCRIPT: &str = "error: failed to run custom build command for `";

/// The headline of a build script that failed, before what it said.
pub const BUILD_SCRIPT_FAILED: &str = "error: its build script failed";

impl Failure {
    /// Returns the failure of which cargo itself reports `headline`, within all of its messages.
    pub fn of_cargo(headline: &str, stderr: &str) -> Failure {
        let named = headline.strip_prefix(BUILD_SCRIPT);
        let mut words = named.unwrap_or_default().split([' ', '`']);
        let package = match (words.next(), words.next().and_then(|version| version.strip_prefix('v'))) {
            (Some(name), Some(version)) => Some(format!("{name} {version}")),
            _ => None,
        };
        Failure { headline: headline.into(), rendered: stderr.into(), package }
    }

    /// Returns the failures of build scripts that cargo reports, each with what the script has printed.
    pub fn of_build_scripts(stderr: &str) -> Vec<Failure> {
        let lines: Vec<&str> = stderr.lines().collect();
        let starts = (0..lines.len()).filter(|index| lines[*index].starts_with(BUILD_SCRIPT));
        let failure = |start: usize| {
            // What a script has printed is indented.
            let is_next = |line: &&str| line.starts_with("error") || line.starts_with("warning");
            let length = lines[start + 1..].iter().take_while(|line| !is_next(line)).count();
            let section = lines[start..=start + length].join("\n");
            let said = said_by_script(&section).map(|said| format!(": {said}")).unwrap_or_default();
            let failure = Failure::of_cargo(lines[start], &section);
            Failure { headline: format!("{BUILD_SCRIPT_FAILED}{said}"), ..failure }
        };
        starts.map(failure).collect()
    }
}

/// Returns the line of what a build script has printed that is most likely to say why it failed.
fn said_by_script(section: &str) -> Option<&str> {
    let (_, printed) = section.split_once("\n  --- ")?;
    let lines: Vec<&str> = printed.lines().map(str::trim).collect();
    let after = |text: &str| {
        let line = lines.iter().find(|line| line.contains(text))?;
        line.split_once(text).map(|(_, rest)| rest.trim())
    };
    // The crate cc reports the errors of a compiler as warnings. The message of a panic is in the next line.
    let of_compiler = || after("fatal error: ");
    let of_cc = || after("error occurred in cc-rs: ").or_else(|| after("error occurred: "));
    let of_panic = || {
        let place = lines.iter().position(|line| line.contains("panicked at "))?;
        lines.get(place + 1).copied()
    };
    let of_stderr = || {
        let start = lines.iter().position(|line| *line == "--- stderr" || *line == "stderr")?;
        lines[start + 1..].iter().rfind(|line| !line.is_empty()).copied()
    };
    of_compiler().or_else(of_cc).or_else(of_panic).or_else(of_stderr).filter(|said| !said.is_empty())
}

/// A message of cargo (The Cargo Book, "External Tools", "JSON messages"). Only the fields that are used
/// here are read.
pub enum Message {
    CompilerArtifact(CompilerArtifact),
    CompilerMessage(CompilerMessage),
    BuildScript(BuildScript),
    /// The last message of every build, successful or not. It is missing if cargo fails before it compiles
    /// anything.
    BuildFinished,
    Other,
}

impl Message {
    /// Reads a line of cargo's output. Returns `None` if it is no message.
    pub fn parse(line: &str) -> Option<Message> {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(match message.get("reason")?.as_str()? {
            "compiler-artifact" => Message::CompilerArtifact(serde_json::from_value(message).ok()?),
            "compiler-message" => Message::CompilerMessage(serde_json::from_value(message).ok()?),
            "build-script-executed" => Message::BuildScript(serde_json::from_value(message).ok()?),
            "build-finished" => Message::BuildFinished,
            _ => Message::Other,
        })
    }
}

/// A crate of a registry that a program contains.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crate {
    /// Its name and version: `memmap2 0.9.5`.
    pub package: String,
    /// The directory of its root module.
    pub sources: PathBuf,
}

/// An artifact of a package.
pub struct CompilerArtifact {
    package_id: String,
    filenames: Vec<PathBuf>,
    executable: Option<PathBuf>,
    pub target: CargoTarget,
    profile: UsedProfile,
}

fields!(CompilerArtifact {
    required: [package_id, filenames],
    optional: [executable, target, profile],
    unknown: Ignored,
});

/// An error or warning about a package.
pub struct CompilerMessage {
    package_id: String,
    pub target: CargoTarget,
    pub message: Diagnostic,
}

fields!(CompilerMessage { required: [package_id, message], optional: [target], unknown: Ignored });

/// What of a package is compiled (The Cargo Book, "Cargo Targets"), such as its library or one of its programs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CargoTarget {
    pub kind: Vec<String>,
    pub name: String,
    /// The file with its root module.
    pub src_path: PathBuf,
}

fields!(CargoTarget { required: [], optional: [kind, name, src_path], unknown: Ignored });

#[derive(Default)]
struct UsedProfile {
    test: bool,
}

fields!(UsedProfile { required: [], optional: [test], unknown: Ignored });

/// What a build script has set.
pub struct BuildScript {
    package_id: String,
    pub out_dir: PathBuf,
    /// Variables by name, with their values.
    pub env: Vec<(String, String)>,
}

fields!(BuildScript { required: [package_id, out_dir], optional: [env], unknown: Ignored });

/// An error or warning in the format of rustc (The rustc book, "JSON Output").
pub struct Diagnostic {
    /// Such as `error`, `error: internal compiler error` or `warning`.
    pub level: String,
    message: String,
    code: Option<Code>,
    /// The diagnostic as rustc prints it.
    pub rendered: Option<String>,
    children: Vec<Note>,
}

fields!(Diagnostic { required: [level, message], optional: [code, rendered, children], unknown: Ignored });

struct Note {
    message: String,
}

fields!(Note { required: [message], optional: [], unknown: Ignored });

struct Code {
    code: String,
}

fields!(Code { required: [code], optional: [], unknown: Ignored });

impl CompilerArtifact {
    /// Returns the path of this artifact if it is a program of `package`, for any target.
    pub fn program_of(&self, package: &str) -> Option<PathBuf> {
        self.executable.clone().filter(|_| is_package(&self.package_id, package))
    }

    /// Returns the path of this artifact if it is a program with tests.
    pub fn tests(&self) -> Option<PathBuf> {
        self.executable.clone().filter(|_| self.profile.test)
    }

    /// Returns the crate that was compiled, if it is a library of a registry.
    pub fn published_crate(&self) -> Option<Crate> {
        let is_library = self.target.kind.iter().any(|kind| kind.ends_with("lib"));
        let is_published = self.package_id.starts_with("registry+");
        (is_library && is_published).then(|| Crate {
            package: package(&self.package_id),
            sources: self.target.src_path.parent().unwrap_or(Path::new("")).into(),
        })
    }

    /// Returns the path of this artifact if it is a program.
    pub fn program(&self) -> Option<PathBuf> {
        self.executable.clone()
    }

    /// Returns the path of this artifact if it is the program or library of `unit`. Build scripts and
    /// procedural macros are in other directories.
    pub fn artifact_of(&self, workspace: &Workspace, unit: &Unit) -> Option<PathBuf> {
        let is_wasm = unit.target.is_wasm();
        let suffix = if is_wasm { "wasm" } else { std::env::consts::EXE_EXTENSION };
        let directory = artifacts::directory(workspace, unit);
        let is_meant = |file: &&PathBuf| {
            let extension = file.extension().unwrap_or_default();
            // No cell uses a native library, but it is built.
            let has_extension = extension == suffix
                || !is_wasm && matches!(extension.to_str(), Some("rlib" | "so" | "dylib" | "dll"));
            has_extension && file.parent() == Some(&directory)
        };
        let is_of_unit = is_package(&self.package_id, &unit.package);
        is_of_unit.then(|| self.filenames.iter().find(is_meant).cloned()).flatten()
    }
}

impl BuildScript {
    /// Returns the id of the package that it belongs to.
    pub fn id(&self) -> &str {
        &self.package_id
    }
}

impl CompilerMessage {
    /// Returns the name and the version of the package that this message is about: `memmap2 0.9.5`.
    pub fn package(&self) -> String {
        package(&self.package_id)
    }

    /// Returns the id of the package that this message is about.
    pub fn id(&self) -> &str {
        &self.package_id
    }

    /// Returns this error as the reason why a unit does not build.
    pub fn failure(&self) -> Failure {
        let error = &self.message;
        let code = error.code.as_ref().map(|code| format!("[{}]", code.code)).unwrap_or_default();
        let message = error.message.lines().next().unwrap_or_default();
        let message = error.linker_error(message).unwrap_or_else(|| message.to_string());
        Failure {
            headline: format!("error{code}: {message}"),
            rendered: error.rendered.clone().unwrap_or_default(),
            package: Some(self.package()),
        }
    }

    /// Returns whether this message is about `package`.
    pub fn is_of(&self, package: &str) -> bool {
        is_package(&self.package_id, package)
    }
}

/// Returns the name and the version in a package id: `memmap2 0.9.5`.
fn package(id: &str) -> String {
    let (path, rest) = id.split_once('#').unwrap_or(("", id));
    match rest.split_once('@') {
        Some((name, version)) => format!("{name} {version}"),
        None => format!("{} {rest}", path.rsplit('/').next().unwrap_or_default()),
    }
}

/// Whether `id` is the package id of the workspace member `name`. An id is
/// `path+file:///clone/examples/cat#0.1.0`, or `…/other#cat@0.1.0` if the directory has another name (The
/// Cargo Book, "Package ID Specifications").
fn is_package(id: &str, name: &str) -> bool {
    let Some((path, rest)) = id.strip_prefix("path+").and_then(|id| id.split_once('#')) else { return false };
    match rest.split_once('@') {
        Some((named, _)) => named == name,
        None => path.rsplit('/').next() == Some(name),
    }
}

impl Diagnostic {
    /// Returns whether this is an error, not a warning.
    pub fn is_error(&self) -> bool {
        self.level.starts_with("error")
    }

    /// Returns whether this is about the source: such errors have codes.
    pub fn has_code(&self) -> bool {
        self.code.is_some()
    }

    /// Returns the message, and then those of its notes.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        [self.message.as_str()].into_iter().chain(self.children.iter().map(|note| note.message.as_str()))
    }

    /// Returns the headline for a failed linker, or `None` if `message` is about another error. rustc puts
    /// the linker's output into the last note. If symbols are missing, they are the cause, whichever linker and
    /// whichever file says so. Otherwise the last line is the most specific cause.
    pub fn linker_error(&self, message: &str) -> Option<String> {
        let (linking, _) = message.starts_with("linking with ").then(|| message.split_once(": "))??;
        let output = &self.children.last()?.message;
        if let Some(symbols) = undefined_symbols(output) {
            return Some(symbols);
        }
        let cause =
            output.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with("collect2:"))?;
        let unnumbered = cause.split_once(": ").filter(|(number, _)| number.parse::<u8>().is_ok());
        Some(format!("{linking}: {}", unnumbered.map_or(cause, |(_, cause)| cause)))
    }
}

/// What the linker for wasm says about a symbol that no object file has.
pub const UNDEFINED_SYMBOL: &str = "undefined symbol: ";

/// How many symbols a headline names.
const MOST_SYMBOLS: usize = 3;

/// Names the symbols that no object file has, each of them once: `undefined symbol: getuid, getgid`.
fn undefined_symbols(output: &str) -> Option<String> {
    let named = |line: &'_ str| Some(line.split_once(UNDEFINED_SYMBOL)?.1.trim().to_string());
    let mut symbols: Vec<String> = Vec::new();
    for symbol in output.lines().filter_map(named) {
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    let more = symbols.len().saturating_sub(MOST_SYMBOLS);
    symbols.truncate(MOST_SYMBOLS);
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    (!symbols.is_empty()).then(|| format!("{UNDEFINED_SYMBOL}{}{rest}", symbols.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_build_scripts() {
        let failed = |rest: &str| {
            Failure::of_cargo(&format!("error: failed to run custom build command for `{rest}"), "").package
        };
        assert_eq!(failed("ring v0.17.14`"), Some("ring 0.17.14".into()));
        assert_eq!(failed("own v0.1.0 (/of/user/own)`"), Some("own 0.1.0".into()));
        assert_eq!(failed("ring"), None);
    }

    #[test]
    fn each_build_script_says_why_it_failed() {
        let stderr = "   Compiling b v0.1.0\nwarning: a@0.1.0: hm\n\
            error: failed to run custom build command for `a v0.1.0 (/user/a)`\nnote: To improve backtraces\n\n\
            Cause:\n  process didn't exit successfully: `/t/build-script-build` (exit status: 1)\n  --- stdout\n  \
            cargo:warning=hm\n\n  --- stderr\n\n  error occurred in cc-rs: failed to find tool \"clang\": No such file\n\
            warning: build failed, waiting for other jobs to finish...\n\
            error: failed to run custom build command for `b v0.2.0`\n  --- stderr\n\n  \
            thread 'main' (1) panicked at b/build.rs:1:12:\n  no b\n  note: run with `RUST_BACKTRACE=1`\n\
            error: failed to run custom build command for `c v0.2.0`\n  --- stdout\n  \
            cargo:warning=c/c.c:14:10: fatal error: 'stdio.h' file not found\n  --- stderr\n  exit status: 1\n\
            error: failed to run custom build command for `d v0.2.0`\n  --- stderr\n  first\n  last\n\
            error: failed to run custom build command for `e v0.2.0`\n";
        let failures = Failure::of_build_scripts(stderr);
        let shown: Vec<_> = failures
            .iter()
            .map(|failure| (failure.package.as_deref().unwrap(), failure.headline.as_str()))
            .collect();
        let expected = [
            ("a 0.1.0", "error: its build script failed: failed to find tool \"clang\": No such file"),
            ("b 0.2.0", "error: its build script failed: no b"),
            ("c 0.2.0", "error: its build script failed: 'stdio.h' file not found"),
            ("d 0.2.0", "error: its build script failed: last"),
            ("e 0.2.0", "error: its build script failed"),
        ];
        assert_eq!(shown, expected);
        assert!(failures[0].rendered.ends_with("No such file"), "{}", failures[0].rendered);
    }

    #[test]
    fn ids_of_packages() {
        assert!(is_package("path+file:///c/examples/cat#0.1.0", "cat"));
        assert!(is_package("path+file:///c/examples/x#cat@0.1.0", "cat"));
        assert!(!is_package("path+file:///c/examples/concat#0.1.0", "cat"));
        assert!(!is_package("registry+https://github.com/rust-lang/crates.io-index#cat@1.0.0", "cat"));
    }

    #[test]
    fn a_linker_error_has_the_last_cause() {
        let line = r#"{"reason":"compiler-message","package_id":"path+file:///c/examples/x#0.1.0","message":{"level":"error","message":"linking with `wasm-component-ld` failed: exit status: 1","code":null,"rendered":"…","children":[{"message":"some arguments are omitted"},{"message":"error: failed to encode component\n\nCaused by:\n    0: module was not valid\n    1: no interface named `peek`\n"}]}}"#;
        let Some(Message::CompilerMessage(message)) = Message::parse(line) else { panic!("no message") };
        let headline = "error: linking with `wasm-component-ld` failed: no interface named `peek`";
        assert_eq!(message.failure().headline, headline);
    }

    #[test]
    fn undefined_symbols_are_named_for_every_linker() {
        let headline = |linker: &str, output: &str| {
            let message = format!("linking with `{linker}` failed: exit status: 1");
            let note = Note { message: output.into() };
            let diagnostic = Diagnostic {
                level: "error".into(),
                message,
                code: None,
                rendered: None,
                children: vec![note],
            };
            diagnostic.linker_error(&diagnostic.message).unwrap()
        };
        let one = "rust-lld: error: /t/wasm32-wasip1/a.o: undefined symbol: getuid\n";
        assert_eq!(headline("rust-lld", one), "undefined symbol: getuid");
        let wrapped = format!("{one}{one}error: failed to invoke LLD: exit status: 1\n");
        assert_eq!(headline("wasm-component-ld", &wrapped), "undefined symbol: getuid");
        let all: String =
            "abcde".chars().map(|name| format!("rust-lld: error: undefined symbol: {name}\n")).collect();
        assert_eq!(headline("rust-lld", &all), "undefined symbol: a, b, c and 2 more");
        // A symbol that is there twice is no such symbol.
        assert_eq!(
            headline("rust-lld", "rust-lld: error: duplicate symbol: f\n"),
            "linking with `rust-lld` failed: rust-lld: error: duplicate symbol: f"
        );
    }

    #[test]
    fn messages() {
        let line = r#"{"reason":"compiler-message","package_id":"path+file:///c/examples/os#0.1.0","message":{"level":"error","message":"cannot find `unix` in `os`","code":{"code":"E0433","explanation":null},"rendered":"…"}}"#;
        let Some(Message::CompilerMessage(message)) = Message::parse(line) else { panic!("no message") };
        assert_eq!(message.failure().headline, "error[E0433]: cannot find `unix` in `os`");
        assert!(matches!(
            Message::parse(r#"{"reason":"build-finished","success":true}"#),
            Some(Message::BuildFinished)
        ));
        assert!(matches!(
            Message::parse(r#"{"reason":"something-new","package_id":1}"#),
            Some(Message::Other)
        ));
        for bad in ["", "warning: no JSON", "[]", r#"{"reason":1}"#, r#"{"reason":"compiler-artifact"}"#] {
            assert!(Message::parse(bad).is_none(), "{bad}");
        }
    }
}
