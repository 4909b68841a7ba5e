//! What the harness itself takes from its caller's environment, read once, in `main`. The programs
//! under test get nothing of it.

use std::path::PathBuf;

/// The variables that steer the harness.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `CARGO`, which cargo sets for what it runs; else `cargo`.
    pub cargo: PathBuf,
    /// `CARGO_TARGET_DIR`, if set.
    pub target_dir: Option<PathBuf>,
    /// `CARGO_TERM_COLOR`, if set.
    pub cargo_term_color: Option<String>,
    /// The folders of `PATH`.
    pub path: Vec<PathBuf>,
    /// `WASMTIME`, if set: the program to use.
    pub wasmtime: Option<PathBuf>,
    /// The user's folder for caches.
    pub cache: Option<PathBuf>,
    /// Whether a CI runs this, as insta sees it: then nothing is written.
    pub ci: bool,
}

impl Environment {
    pub fn of_process() -> Environment {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name| var(name).map(|value| value.to_string_lossy().into_owned());
        let home = var("HOME").or_else(|| var("USERPROFILE")).map(PathBuf::from);
        let cache = if cfg!(windows) {
            var("LOCALAPPDATA").map(PathBuf::from)
        } else if cfg!(target_os = "macos") {
            home.map(|home| home.join("Library/Caches"))
        } else {
            // The XDG Base Directory Specification: a relative path is to be ignored.
            let xdg = var("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            xdg.or_else(|| home.map(|home| home.join(".cache")))
        };
        Environment {
            cargo: var("CARGO").map_or_else(|| "cargo".into(), PathBuf::from),
            target_dir: var("CARGO_TARGET_DIR").map(PathBuf::from),
            cargo_term_color: text("CARGO_TERM_COLOR"),
            path: var("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default(),
            wasmtime: var("WASMTIME").map(PathBuf::from),
            cache,
            ci: text("CI").is_some_and(|ci| ci != "false" && ci != "0") || var("TF_BUILD").is_some(),
        }
    }

    /// The program of that name on PATH.
    pub fn which(&self, name: &str) -> Option<PathBuf> {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.path.iter().map(|folder| folder.join(&file)).find(|path| path.is_file())
    }
}
