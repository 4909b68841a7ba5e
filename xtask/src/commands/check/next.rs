//! What a user can do next: the lines that run the program, and what would let the search go on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::build::artifacts::Files;
use crate::cli::CheckArgs;
use crate::commands::check::run::{Checked, TRIED, wasm};
use crate::commands::grants::line;
use crate::explain::rules;
use crate::model::case::Case;
use crate::model::column::Column;
use crate::session::probe::Allowed;
use crate::support::escape::{shell_word, shell_words};

/// Where the programs of a check are.
pub struct Place<'a> {
    pub wasmtime: &'a Path,
    /// The name of the program, and its files.
    pub program: &'a str,
    pub files: &'a Files,
}

/// Draws the lines that run the program where flags, or none, make it the same as native.
pub fn lines_to_run(checked: &Checked, args: &CheckArgs, place: &Place<'_>) -> String {
    let mut text = String::new();
    for target in wasm(&checked.case) {
        let grant = checked.answers.get(target).and_then(|answer| answer.grant.as_ref());
        let file = place.files.get(&Column::pinned(*target).unit(place.program));
        let Some((grant, file)) = grant.zip(file) else { continue };
        let mut line = line(place.wasmtime, grant, file, &checked.case);
        if let Some(stdin) = &args.stdin {
            line.push_str(&format!(" < {}", shell_word(&absolute(stdin).to_string_lossy())));
        }
        if text.is_empty() {
            let place = match &args.cwd {
                Some(cwd) => format!(" in {}", shell_word(&absolute(cwd).to_string_lossy())),
                None => String::new(),
            };
            text.push_str(&format!("\n  Run it{place}:\n"));
        }
        text.push_str(&format!("    {line}\n"));
    }
    text
}

/// Draws what the search may not grant by itself, where the program seems to need it and no flags helped.
pub fn not_allowed(checked: &Checked, allowed: &Allowed) -> String {
    let is_left = |target| checked.answers.get(target).is_some_and(|answer| answer.grant.is_none());
    if !wasm(&checked.case).any(is_left) {
        return String::new();
    }
    // Without flags, any directory is missing.
    let with_flags = format!("/{TRIED}@");
    let is_proven = |rules: &[&rules::Rule]| {
        let tried =
            checked.explained.iter().filter(|one| is_left(&one.target) && one.id.contains(&with_flags));
        tried.filter_map(|one| Some(one.explanation.as_ref()?.rule)).any(|rule| rules.contains(&rule))
    };
    let of_directories = [&rules::NO_PREOPEN, &rules::ABSOLUTE_PATH, &rules::LEFT_PREOPEN];
    let mut flags = Vec::new();
    let directories = directories(&checked.case, allowed);
    match directories.is_empty() {
        true if is_proven(&of_directories) => flags.push("--allow-dir DIR".into()),
        true => {}
        false => flags.extend(directories.iter().map(|directory| shell_words(["--allow-dir", directory]))),
    }
    if !allowed.network && is_proven(&[&rules::NETWORK_NOT_GRANTED, &rules::LOOKUP_NOT_GRANTED]) {
        flags.push("--allow-network".into());
    }
    if !allowed.whole_env && is_proven(&[&rules::ENV_NOT_GRANTED]) {
        flags.push("--allow-env (or give it with --env NAME=VALUE)".into());
    }
    match flags.is_empty() {
        true => String::new(),
        false => format!("\n  Not tried, because you have to allow it: {}\n", flags.join(", ")),
    }
}

/// The directories outside of the copy that an argument or a variable of the case names.
fn directories(case: &Case, allowed: &Allowed) -> BTreeSet<String> {
    let words = case.args.iter().chain(case.env.values());
    // Also the value in `--option=/etc/hosts`.
    let paths = words.flat_map(|word| [Some(word.as_str()), word.split_once('=').map(|(_, value)| value)]);
    let paths = paths.flatten().map(Path::new).filter(|path| path.is_absolute() && path.exists());
    let directory =
        |path: &Path| if path.is_dir() { Some(path) } else { path.parent() }.map(Path::to_path_buf);
    let is_allowed = |path: &PathBuf| allowed.directories.iter().any(|directory| path.starts_with(directory));
    paths
        .filter_map(directory)
        .filter(|path| !is_allowed(path))
        .map(|path| path.to_string_lossy().into_owned())
        // wasmtime cannot grant it.
        .filter(|path| !path.contains("::"))
        .collect()
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_of_the_host_are_found_in_arguments_and_variables() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().to_str().unwrap();
        let file = format!("{root}/file");
        std::fs::write(&file, "").unwrap();
        std::fs::create_dir(format!("{root}/inner")).unwrap();
        let case = Case {
            args: vec![format!("--file={file}"), "relative".into(), format!("{root}/absent/file")],
            env: [("ROOT".to_string(), format!("{root}/inner"))].into_iter().collect(),
            ..Case::plain("default")
        };
        let found = |allowed: &[String]| {
            directories(&case, &Allowed { directories: allowed.into(), network: false, whole_env: false })
        };
        assert_eq!(found(&[]), [root.to_string(), format!("{root}/inner")].into());
        assert_eq!(found(&[format!("{root}/inner")]), [root.to_string()].into());
        assert_eq!(found(&[root.into()]), BTreeSet::new());
    }
}
