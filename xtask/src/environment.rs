//! The environment variables that affect the harness itself. They are read once, at its start, and are not
//! passed on to programs under test.

use std::path::PathBuf;

/// The values of these variables. A variable that is empty counts as unset.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The program cargo: `CARGO`, which cargo sets for the programs that it runs, or else `cargo`.
    pub cargo: PathBuf,
    /// `CARGO_TARGET_DIR`, if set.
    pub target_dir: Option<PathBuf>,
    /// `CARGO_TERM_COLOR`, if set.
    pub cargo_term_color: Option<String>,
    /// The directories of `PATH`.
    pub path: Vec<PathBuf>,
    /// Where cargo keeps its caches and the configuration of the user: `CARGO_HOME`, or `~/.cargo`.
    pub cargo_home: Option<PathBuf>,
    /// Where rustup keeps toolchains: `RUSTUP_HOME`, or `~/.rustup`.
    pub rustup_home: Option<PathBuf>,
    /// `WASMTIME`, if set: the path of the wasmtime to use.
    pub wasmtime: Option<PathBuf>,
    /// `PARALLAX_WASMTIME_DOWNLOADS`, if set: the address of a mirror of wasmtime's releases, to use instead of
    /// GitHub.
    pub wasmtime_downloads: Option<String>,
    /// The user's cache directory: `XDG_CACHE_HOME` or `~/.cache`, on macOS `~/Library/Caches`, on Windows
    /// `LOCALAPPDATA`. Without `HOME`, the home directory is that of the system's list of users.
    pub cache: Option<PathBuf>,
    /// `INSTA_UPDATE`: what to do about snapshots that differ. Empty if not set.
    pub insta_update: String,
    /// Whether the harness runs in CI, where it writes nothing: `CI` is neither `false` nor `0`, or it is
    /// unset and `TF_BUILD` is set.
    pub ci: bool,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn of_process() -> Environment {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name| var(name).map(|value| value.to_string_lossy().into_owned());
        // As rustup and cargo do: services often have no HOME, and then the system knows the directory.
        let home = var("HOME").or_else(|| var("USERPROFILE")).map(PathBuf::from);
        let home = home.or_else(std::env::home_dir).filter(|path| !path.as_os_str().is_empty());
        let cargo_home = home.as_ref().map(|home| home.join(".cargo"));
        let rustup_home = home.as_ref().map(|home| home.join(".rustup"));
        let cache = if cfg!(windows) {
            var("LOCALAPPDATA").map(PathBuf::from)
        } else if cfg!(target_os = "macos") {
            home.map(|home| home.join("Library/Caches"))
        } else {
            // The XDG Base Directory Specification says to ignore relative paths.
            let xdg = var("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            xdg.or_else(|| home.map(|home| home.join(".cache")))
        };
        Environment {
            cargo: var("CARGO").map_or_else(|| "cargo".into(), PathBuf::from),
            target_dir: var("CARGO_TARGET_DIR").map(PathBuf::from),
            cargo_term_color: text("CARGO_TERM_COLOR"),
            path: var("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default(),
            cargo_home: var("CARGO_HOME").map(PathBuf::from).or(cargo_home),
            rustup_home: var("RUSTUP_HOME").map(PathBuf::from).or(rustup_home),
            wasmtime: var("WASMTIME").map(PathBuf::from),
            wasmtime_downloads: text("PARALLAX_WASMTIME_DOWNLOADS"),
            cache,
            insta_update: text("INSTA_UPDATE").unwrap_or_default(),
            ci: is_ci(text("CI").as_deref(), var("TF_BUILD").is_some()),
        }
    }

    /// The path of the first program with that name in the directories of `PATH`.
    pub fn which(&self, name: &str) -> Option<PathBuf> {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.path.iter().map(|directory| directory.join(&file)).find(|path| path.is_file())
    }
}

/// Whether the variable `CI`, or `TF_BUILD` of Azure Pipelines, says that this is a CI system. `CI` overrules
/// the other one, as in insta.
fn is_ci(ci: Option<&str>, has_tf_build: bool) -> bool {
    match ci {
        Some("false" | "0") => false,
        Some(_) => true,
        None => has_tf_build,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_is_detected_as_by_insta() {
        for (ci, has_tf_build, expected) in [
            (None, false, false),
            (None, true, true),
            (Some("true"), false, true),
            (Some("1"), false, true),
            (Some("false"), false, false),
            (Some("0"), false, false),
            (Some("false"), true, false),
        ] {
            assert_eq!(is_ci(ci, has_tf_build), expected, "{ci:?} {has_tf_build}");
        }
    }
}
