//! The environment of cargo: the variables of the user that a build inherits.
//!
//! Outcomes of the catalogue must not depend on the user's settings. So the build of an example inherits only the
//! variables that it needs to find its tools, its caches and the network. All others are removed, such as
//! `RUSTFLAGS`, `CC`, `RUSTC_BOOTSTRAP` and `CARGO_PROFILE_*`.
//!
//! A package outside of the catalogue is compiled as its user compiles it. Its build inherits all variables, except
//! for those that exist only because cargo runs the harness.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::support::text_file;

/// Variables that a build inherits.
const ALLOWED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    // The directories of cargo and rustup, and the toolchain to which this cargo belongs.
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "LD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    // The number of parallel jobs.
    "CARGO_BUILD_JOBS",
    "CARGO_MAKEFLAGS",
    "MAKEFLAGS",
    // The network.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSH_AUTH_SOCK",
    "GIT_SSH_COMMAND",
    // The SDK of macOS.
    "SDKROOT",
    "DEVELOPER_DIR",
    // Programs on Windows, and its linker.
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "LIB",
    "LIBPATH",
    "INCLUDE",
    "VCINSTALLDIR",
    "VSINSTALLDIR",
    "VCTOOLSINSTALLDIR",
    "WINDOWSSDKDIR",
    "WINDOWSSDKVERSION",
];

/// Prefixes of variables that configure registries and the network (The Cargo Book, "Environment
/// Variables").
const ALLOWED_PREFIXES: &[&str] =
    &["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTRY_", "CARGO_REGISTRIES_", "CARGO_SOURCE_"];

/// Returns the whole environment of cargo, by name and value: the inherited variables, and two of the
/// harness's own.
///
/// `CARGO_TERM_COLOR` keeps escape codes out of messages. `CARGO_ENCODED_RUSTFLAGS` overrides all other
/// sources of flags even if it is empty, including configuration files (The Cargo Book, `build.rustflags`).
pub fn variables() -> Vec<(OsString, OsString)> {
    let allowed = |name: &OsString| {
        let name = name.to_string_lossy();
        // Names of variables are case-insensitive on Windows.
        let is_same =
            |known: &str| if cfg!(windows) { known.eq_ignore_ascii_case(&name) } else { *known == *name };
        ALLOWED.iter().any(|known| is_same(known))
            || ALLOWED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    let own = [("CARGO_ENCODED_RUSTFLAGS", ""), ("CARGO_TERM_COLOR", "never")];
    let own = own.map(|(name, value)| (name.into(), value.into()));
    std::env::vars_os().filter(|(name, _)| allowed(name)).chain(own).collect()
}

/// Variables that `cargo run` or a proxy of rustup sets for the program that it runs. (`CARGO_TERM_QUIET` and the like
/// would hide what is read from cargo's output.)
const OF_HARNESS: &[&str] = &[
    "CARGO",
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_TMPDIR",
    "CARGO_TERM_QUIET",
    "CARGO_TERM_VERBOSE",
    "OUT_DIR",
    "RUST_RECURSION_COUNT",
    "RUSTUP_TOOLCHAIN_SOURCE",
];

/// Returns how the environment of this process has to change for the build of a package of the user: the variables to
/// remove, and those with another value. `harness` is the workspace of the harness, and `rustup_home` where rustup
/// keeps toolchains.
pub fn for_package(harness: &Path, rustup_home: Option<&Path>) -> Vec<(OsString, Option<OsString>)> {
    let configured = configured(harness);
    let is_of_harness = |name: &str, value: &OsStr| {
        OF_HARNESS.contains(&name)
            || ["CARGO_PKG_", "CARGO_BIN_EXE_"].iter().any(|prefix| name.starts_with(prefix))
            // Two spellings of a path that differ only in a slash at the end are equal.
            || configured.iter().any(|(key, own)| key == name && Path::new(value) == own)
    };
    let mut changes = Vec::new();
    for (name, value) in std::env::vars_os() {
        let shown = name.to_string_lossy().into_owned();
        if is_of_harness(&shown, &value) {
            changes.push((name, None));
        } else if ["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"].contains(&&*shown) {
            // Both programs put the libraries of a toolchain and of the target directory in front.
            let is_users = |path: &PathBuf| {
                !path.starts_with(harness) && rustup_home.is_none_or(|home| !path.starts_with(home))
            };
            let left: Vec<_> = std::env::split_paths(&value).filter(is_users).collect();
            let left = std::env::join_paths(left).ok().filter(|left| !left.is_empty());
            changes.push((name, left));
        }
    }
    changes.push(("CARGO_TERM_COLOR".into(), Some("never".into())));
    changes
}

/// The variables that the configuration files of cargo set for programs that it runs in `harness` (The Cargo Book,
/// `[env]`), and so for the harness itself.
fn configured(harness: &Path) -> Vec<(String, PathBuf)> {
    let mut variables = Vec::new();
    for directory in harness.ancestors() {
        let files = ["config.toml", "config"].map(|name| directory.join(".cargo").join(name));
        let Some(bytes) = files.iter().find_map(|file| text_file::read(file).ok()) else { continue };
        let Ok(table) = String::from_utf8_lossy(&bytes).parse::<toml::Table>() else { continue };
        for (name, value) in table.get("env").and_then(toml::Value::as_table).into_iter().flatten() {
            let text = value.as_str().or_else(|| value.get("value")?.as_str()).unwrap_or_default();
            let is_relative = value.get("relative").and_then(toml::Value::as_bool) == Some(true);
            let value = if is_relative { directory.join(text) } else { text.into() };
            variables.push((name.clone(), value));
        }
    }
    variables
}

/// The variables of the caller that change what a compiler makes of a package, by name.
pub fn settings_of_build() -> Vec<String> {
    let names = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    let mut names: Vec<_> = names.filter_map(|(name, _)| name.into_string().ok()).collect();
    names.retain(|name| is_setting(name));
    names.sort();
    names
}

/// Whether a variable configures the compilers that cargo and the crates `cc` and `pkg-config` call.
fn is_setting(name: &str) -> bool {
    const WHOLE: &[&str] = &[
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC",
        "RUSTC_BOOTSTRAP",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_BUILD_RUSTC",
        "CARGO_BUILD_RUSTC_WRAPPER",
        "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
        "CARGO_BUILD_RUSTFLAGS",
        "CRATE_CC_NO_DEFAULTS",
        "LDFLAGS",
        "WASI_SDK_PATH",
        "WASI_SYSROOT",
    ];
    // The crate cc reads each of these also for a target, as in `CC_wasm32_wasip1`, and for `TARGET_` and `HOST_`.
    const TOOLS: &[&str] = &["AR", "ARFLAGS", "CC", "CFLAGS", "CXX", "CXXFLAGS", "RANLIB"];
    let tool = name.trim_start_matches("TARGET_").trim_start_matches("HOST_");
    let tool = tool.split_once('_').map_or(tool, |(tool, _)| tool);
    let of_target = name.strip_prefix("CARGO_TARGET_");
    WHOLE.contains(&name)
        || TOOLS.contains(&tool)
        || name.starts_with("PKG_CONFIG")
        || name.starts_with("CARGO_PROFILE_")
        || of_target.is_some_and(|rest| rest.ends_with("_RUSTFLAGS") || rest.ends_with("_LINKER"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_compilers_are_recognized() {
        for name in [
            "RUSTFLAGS",
            "CC",
            "CC_wasm32_wasip1",
            "TARGET_CFLAGS",
            "CFLAGS_wasm32-wasip1",
            "WASI_SDK_PATH",
            "CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS",
            "CARGO_PROFILE_RELEASE_LTO",
            "PKG_CONFIG_PATH",
        ] {
            assert!(is_setting(name), "{name}");
        }
        for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_JOBS", "CCACHE_DIR", "ARCH", "PATH", "CARGO_HOME"] {
            assert!(!is_setting(name), "{name}");
        }
    }

    #[test]
    fn configuration_files_set_variables() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("inner/.cargo")).unwrap();
        let text = "[env]\nPLAIN = 'a'\nHERE = { value = '', relative = true }\n";
        std::fs::write(root.path().join("inner/.cargo/config.toml"), text).unwrap();
        let inner = root.path().join("inner");
        let found = configured(&inner);
        assert_eq!(found[..2], [("HERE".into(), inner), ("PLAIN".into(), "a".into())]);
    }
}
