//! The environment of cargo: the variables of the user that a build inherits.
//!
//! Outcomes must not depend on the user's settings. So a build inherits only the variables that it needs to
//! find its tools, its caches and the network. All others are removed, such as `RUSTFLAGS`, `CC`,
//! `RUSTC_BOOTSTRAP` and `CARGO_PROFILE_*`.

use std::ffi::OsString;

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
