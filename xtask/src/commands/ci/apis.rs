//! Checks the items of std in the `apis` of cases: each is in the documentation of the pinned Rust's std, and the source
//! of its example uses it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::model::example::Example;
use crate::provision::toolchain::Installed;
use crate::support::source::without_comments_and_strings;
use crate::support::suggest::suggest;
use crate::support::text_file;
use crate::workspace::Workspace;

/// Functions to which rustdoc cannot link: core defines their type, and std or alloc its functions.
const NOT_LINKED: [&str; 4] = [
    "std::io::Error::new",
    "std::io::Error::other",
    "std::io::Error::last_os_error",
    "std::io::Error::from_raw_os_error",
];

/// Returns a line for each item that does not exist, with a similar one of `all` examples, and for each that its example
/// does not use.
///
/// # Errors
/// If rustdoc cannot be run, or a source cannot be read.
pub fn problems(
    workspace: &Workspace,
    rust: &Installed,
    path: &[PathBuf],
    examples: &[&Example],
    all: &[Example],
) -> Result<Vec<String>> {
    let missing = missing(workspace, rust, path, examples)?;
    let known: BTreeSet<_> = all.iter().flat_map(apis).collect();
    let mut problems = Vec::new();
    for example in examples {
        let name = &example.name;
        let words = words(&workspace.examples().join(name).join("src"))?;
        for api in apis(example) {
            if missing.contains(api) {
                let meant = suggest(api, known.iter().copied().filter(|known| !missing.contains(*known)));
                let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
                problems.push(format!("{name}: std has no `{api}`{meant}"));
            } else if !words.contains(api.rsplit("::").next().unwrap_or_default().trim_end_matches('!')) {
                problems.push(format!("{name}: the source does not use `{api}`"));
            }
        }
    }
    Ok(problems)
}

/// The items of std that the cases of an example are about, each once.
fn apis(example: &Example) -> BTreeSet<&str> {
    example.cases.iter().flat_map(|case| &case.claims.apis).map(String::as_str).collect()
}

/// The items that std does not have. rustdoc resolves links to items by their paths, and is a part of every toolchain.
fn missing(
    workspace: &Workspace,
    rust: &Installed,
    path: &[PathBuf],
    examples: &[&Example],
) -> Result<BTreeSet<String>> {
    let apis: BTreeSet<_> = examples.iter().flat_map(|example| apis(example)).collect();
    let directory = workspace.own_dir().join("apis");
    fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let source = directory.join("links.rs");
    let links: String =
        apis.iter().filter(|api| !NOT_LINKED.contains(api)).map(|api| format!("//! [`{api}`]\n")).collect();
    fs::write(&source, links).with_context(|| format!("cannot write {}", source.display()))?;
    let mut command =
        Command::new(rust.cargo.with_file_name(format!("rustdoc{}", std::env::consts::EXE_SUFFIX)));
    command.args(["--deny", "rustdoc::broken_intra_doc_links", "--out-dir"]).arg(&directory).arg(&source);
    let ran = command.envs(rust.variables(path)).output().context("cannot run rustdoc")?;
    let stderr = String::from_utf8_lossy(&ran.stderr);
    let unresolved = stderr.lines().filter_map(|line| line.strip_prefix("error: unresolved link to `"));
    let missing: BTreeSet<_> =
        unresolved.filter_map(|line| line.strip_suffix('`')).map(String::from).collect();
    if missing.is_empty() && !ran.status.success() {
        anyhow::bail!("rustdoc fails:\n{}", stderr.trim_end());
    }
    Ok(missing)
}

/// The words of all sources in a directory, without comments and strings.
fn words(directory: &Path) -> Result<BTreeSet<String>> {
    let mut words = BTreeSet::new();
    for file in fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let file = file?.path();
        if file.is_file() {
            let text =
                text_file::read_text(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let code = without_comments_and_strings(&text);
            words.extend(code.split(|c: char| c != '_' && !c.is_alphanumeric()).map(String::from));
        }
    }
    Ok(words)
}
