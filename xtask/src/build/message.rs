//! What cargo says of a build, in the form of `--message-format json`.

use std::path::PathBuf;

use serde::Deserialize;

use super::artifacts_dir;
use crate::failures::Failure;
use crate::target::Target;
use crate::workspace::Workspace;

/// The parts of cargo's messages that matter here (The Cargo Book, "JSON messages").
#[derive(Deserialize)]
#[serde(tag = "reason")]
pub(super) enum Message {
    #[serde(rename = "compiler-artifact")]
    Made(Made),
    #[serde(rename = "compiler-message")]
    Said(Said),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub(super) struct Made {
    package_id: String,
    filenames: Vec<PathBuf>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
pub(super) struct Said {
    package_id: String,
    pub(super) message: Diagnostic,
}

#[derive(Deserialize)]
pub(super) struct Diagnostic {
    pub(super) level: String,
    message: String,
    code: Option<Code>,
    pub(super) rendered: Option<String>,
    #[serde(default)]
    children: Vec<Note>,
}

#[derive(Deserialize)]
struct Note {
    message: String,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

impl Made {
    /// The program that this artifact is for the package, whatever the target.
    pub(super) fn program_of(&self, package: &str) -> Option<PathBuf> {
        self.executable.clone().filter(|_| is_package(&self.package_id, package))
    }

    /// The program or library that this artifact is for the package and target, if it is one. A
    /// build script or a macro is for the host and lies elsewhere.
    pub(super) fn artifact_of(
        &self,
        workspace: &Workspace,
        package: &str,
        target: Target,
    ) -> Option<PathBuf> {
        let suffix = if target.is_wasm() { "wasm" } else { std::env::consts::EXE_EXTENSION };
        let dir = artifacts_dir(workspace, target);
        let runs = |file: &&PathBuf| {
            let extension = file.extension().unwrap_or_default();
            // A native library is of no use to a cell, but it is there.
            let fits = extension == suffix
                || !target.is_wasm() && matches!(extension.to_str(), Some("rlib" | "so" | "dylib" | "dll"));
            fits && file.parent() == Some(&dir)
        };
        is_package(&self.package_id, package).then(|| self.filenames.iter().find(runs).cloned()).flatten()
    }
}

impl Said {
    pub(super) fn is_of(&self, package: &str) -> bool {
        is_package(&self.package_id, package)
    }
}

/// Whether a package id is that of a member of the workspace by that name. Ids look like
/// `path+file:///clone/examples/cat#0.1.0`, or with another folder name `…/other#cat@0.1.0`.
fn is_package(id: &str, name: &str) -> bool {
    let Some((path, rest)) = id.strip_prefix("path+").and_then(|id| id.split_once('#')) else { return false };
    match rest.split_once('@') {
        Some((named, _)) => named == name,
        None => path.rsplit('/').next() == Some(name),
    }
}

impl Diagnostic {
    pub(super) fn is_error(&self) -> bool {
        self.level.starts_with("error")
    }

    /// What the linker itself says, which rustc puts into a note: of a chain of causes the last.
    pub(super) fn linker_error(&self, message: &str) -> Option<String> {
        let (linking, _) = message.starts_with("linking with ").then(|| message.split_once(": "))??;
        let said = &self.children.last()?.message;
        let cause =
            said.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with("collect2:"))?;
        let unnumbered = cause.split_once(": ").filter(|(number, _)| number.parse::<u8>().is_ok());
        Some(format!("{linking}: {}", unnumbered.map_or(cause, |(_, cause)| cause)))
    }

    pub(super) fn failure(&self) -> Failure {
        let code = self.code.as_ref().map(|code| format!("[{}]", code.code)).unwrap_or_default();
        let message = self.message.lines().next().unwrap_or_default();
        let message = self.linker_error(message).unwrap_or_else(|| message.to_string());
        let headline = format!("error{code}: {message}");
        Failure { headline, rendered: self.rendered.clone().unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_packages() {
        assert!(is_package("path+file:///c/examples/cat#0.1.0", "cat"));
        assert!(is_package("path+file:///c/examples/x#cat@0.1.0", "cat"));
        assert!(!is_package("path+file:///c/examples/concat#0.1.0", "cat"));
        assert!(!is_package("registry+https://github.com/rust-lang/crates.io-index#cat@1.0.0", "cat"));
    }

    #[test]
    fn words_of_a_linker() {
        let line = r#"{"reason":"compiler-message","package_id":"path+file:///c/examples/x#0.1.0","message":{"level":"error","message":"linking with `wasm-component-ld` failed: exit status: 1","code":null,"rendered":"…","children":[{"message":"some arguments are omitted"},{"message":"error: failed to encode component\n\nCaused by:\n    0: module was not valid\n    1: no interface named `peek`\n"}]}}"#;
        let Ok(Message::Said(said)) = serde_json::from_str(line) else { panic!("no message") };
        let headline = "error: linking with `wasm-component-ld` failed: no interface named `peek`";
        assert_eq!(said.message.failure().headline, headline);
    }

    #[test]
    fn messages() {
        let line = r#"{"reason":"compiler-message","package_id":"path+file:///c/examples/os#0.1.0","message":{"level":"error","message":"cannot find `unix` in `os`","code":{"code":"E0433","explanation":null},"rendered":"…"}}"#;
        let Ok(Message::Said(said)) = serde_json::from_str(line) else { panic!("no message") };
        assert_eq!(said.message.failure().headline, "error[E0433]: cannot find `unix` in `os`");
        assert!(matches!(
            serde_json::from_str(r#"{"reason":"build-finished","success":true}"#),
            Ok(Message::Other)
        ));
    }
}
