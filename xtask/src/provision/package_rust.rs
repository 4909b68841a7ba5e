//! Finds the Rust that compiles a package outside of the catalogue: the one that its `rust-toolchain.toml` names, or
//! else the pinned one.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment::Environment;
use crate::model::column::Toolchain;
use crate::model::target::{NATIVE_TRIPLE, Target};
use crate::process::Interrupt;
use crate::provision::query;
use crate::provision::toolchain::Toolchains;
use crate::support::text_file;

/// The first release whose cargo can keep `Cargo.lock` elsewhere (`resolver.lockfile-path`).
const OWN_LOCK_FILE: (u64, u64) = (1, 97);

/// What lets the cargo of the two releases before do it. The variable `RUSTC_BOOTSTRAP=1` allows unstable features to
/// cargo, and to nothing that cargo starts: rustc and build scripts see `-1`, which stands for a stable compiler.
const UNSTABLE: &[&str] = &[
    "-Zlockfile-path",
    "--config",
    "env.RUSTC_BOOTSTRAP.value='-1'",
    "--config",
    "env.RUSTC_BOOTSTRAP.force=true",
];

/// The Rust that compiles a package, and the cargo that calls it.
#[derive(Clone, Debug)]
pub struct PackageRust {
    pub cargo: PathBuf,
    /// The variables with which this cargo finds its rustc.
    pub variables: Vec<(&'static str, OsString)>,
    /// The flags with which it can keep `Cargo.lock` elsewhere.
    pub flags: &'static [&'static str],
    /// What to say about it, if the package names a toolchain: whether that is used.
    pub note: Option<String>,
}

/// What a package says about its toolchain.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    /// A name of rustup, such as `1.93.0` or `nightly`.
    Channel(String),
    /// The directory of a toolchain.
    Path(PathBuf),
}

/// A toolchain that a package names.
struct Found {
    bin: PathBuf,
    /// Its release, such as `1.93.0` or `1.99.0-nightly`.
    release: String,
    /// The name that rustup knows it by.
    name: OsString,
}

/// Finds the Rust that compiles the package in `directory` for these targets. A toolchain that the package names is
/// used if it is installed with all of them; nothing is installed.
pub fn find(
    env: &Environment,
    toolchains: &Toolchains,
    directory: &Path,
    targets: &[Target],
    interrupt: &Interrupt,
) -> PackageRust {
    let pinned = toolchains.of(Toolchain::Pinned);
    let ours = release(&pinned.cargo, interrupt).unwrap_or_default();
    let (flags, allowed) = match has_own_lock_file(&ours) {
        true => (&[][..], None),
        false => (UNSTABLE, Some(("RUSTC_BOOTSTRAP", "1".into()))),
    };
    let with_pinned = |note| {
        // Its cargo finds its rustc, unless the user names another one.
        let variables = pinned.variables(&env.path).into_iter().filter(|(name, _)| *name != "RUSTC");
        let variables = variables.chain(allowed.clone()).collect();
        PackageRust { cargo: pinned.cargo.clone(), variables, flags, note }
    };
    let Some((file, named)) = named_by(directory) else { return with_pinned(None) };
    let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match installed(env, &named, targets, interrupt) {
        Ok(found) if found.release == ours => with_pinned(None),
        Ok(found) => {
            let note = Some(format!("Rust {} ({file})", found.release));
            let path = [&found.bin].into_iter().chain(&env.path);
            let path = std::env::join_paths(path).unwrap_or_else(|_| found.bin.clone().into());
            let mut variables = vec![("PATH", path), ("RUSTUP_TOOLCHAIN", found.name)];
            let program = |name: &str| found.bin.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            if has_own_lock_file(&found.release) {
                return PackageRust { cargo: program("cargo"), variables, flags: &[], note };
            }
            // An older cargo would write to the directory of the package.
            variables.extend(["rustc", "rustdoc"].map(|name| {
                let variable = if name == "rustc" { "RUSTC" } else { "RUSTDOC" };
                (variable, program(name).into_os_string())
            }));
            variables.extend(allowed);
            PackageRust { cargo: pinned.cargo.clone(), variables, flags, note }
        }
        Err(why) => with_pinned(Some(format!("Rust {ours}, because {why} ({file})"))),
    }
}

fn has_own_lock_file(release: &str) -> bool {
    let mut numbers = release.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OWN_LOCK_FILE,
        _ => false,
    }
}

/// The release of a rustc or cargo, such as `1.99.1`.
fn release(program: &Path, interrupt: &Interrupt) -> Result<String, String> {
    let mut command = Command::new(program);
    command.arg("--version");
    let printed = query::ask_successfully(command, interrupt)?;
    printed.split(' ').nth(1).map(String::from).ok_or_else(|| "it does not say its version".into())
}

/// Finds the toolchain that a package names. If it cannot be used, the error says why, as in
/// `1.2.3 is not installed: rustup toolchain install …`.
fn installed(
    env: &Environment,
    named: &Named,
    targets: &[Target],
    interrupt: &Interrupt,
) -> Result<Found, String> {
    let triples: Vec<_> = targets.iter().filter_map(|target| target.wasm_triple()).collect();
    let flags: String = triples.iter().map(|triple| format!(" --target {triple}")).collect();
    let (root, shown) = match named {
        Named::Path(path) => (Some(path.clone()), path.display().to_string()),
        Named::Channel(channel) => {
            let toolchains = env.rustup_home.as_ref().map(|home| home.join("toolchains"));
            let names = [channel.clone(), format!("{channel}-{NATIVE_TRIPLE}")];
            let roots = toolchains.iter().flat_map(|all| names.iter().map(|name| all.join(name)));
            (roots.into_iter().find(|root| root.join("bin").is_dir()), channel.clone())
        }
    };
    let absent =
        || format!("{shown} is not installed: rustup toolchain install {shown} --profile minimal{flags}");
    let root = root.ok_or_else(absent)?;
    let bin = root.join("bin");
    let release = release(&bin.join(format!("rustc{}", std::env::consts::EXE_SUFFIX)), interrupt)
        .map_err(|why| format!("rustc of {shown} does not answer: {why}"))?;
    let has = |triple: &&&str| root.join("lib/rustlib").join(triple).join("lib").is_dir();
    let missing: BTreeSet<_> = triples.iter().filter(|triple| !has(triple)).copied().collect();
    if !missing.is_empty() {
        let missing = missing.into_iter().collect::<Vec<_>>().join(" ");
        return Err(format!("{shown} lacks {missing}: rustup target add --toolchain {shown} {missing}"));
    }
    let name = match named {
        Named::Channel(channel) => channel.into(),
        Named::Path(_) => root.into_os_string(),
    };
    Ok(Found { bin, release, name })
}

/// Looks for the file that names a toolchain, in a directory and its parents as rustup does (The rustup book,
/// "Overrides"). Returns its path and what it names.
fn named_by(directory: &Path) -> Option<(PathBuf, Named)> {
    let files = directory
        .ancestors()
        .flat_map(|directory| ["rust-toolchain", "rust-toolchain.toml"].map(|name| directory.join(name)));
    files.into_iter().find_map(|file| {
        let bytes = text_file::read(&file).ok()?;
        let named = named(&file, &String::from_utf8_lossy(&bytes))?;
        Some((file, named))
    })
}

/// Reads a file that names a toolchain. `None` if it names none, which only rustup would report.
fn named(file: &Path, text: &str) -> Option<Named> {
    let Ok(table) = text.parse::<toml::Table>() else {
        // Without an ending, a file may have only the name.
        let name = text.trim();
        let is_name = file.extension().is_none() && !name.is_empty() && !name.contains(char::is_whitespace);
        return is_name.then(|| Named::Channel(name.into()));
    };
    let toolchain = table.get("toolchain")?;
    let text = |key: &str| toolchain.get(key).and_then(toml::Value::as_str);
    match (text("path"), text("channel")) {
        (Some(path), _) => Some(Named::Path(file.parent()?.join(path))),
        (None, Some(channel)) => Some(Named::Channel(channel.into())),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_names_the_toolchain() {
        let outside = tempfile::tempdir().unwrap();
        let inner = outside.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        let named = |directory: &Path| named_by(directory).map(|(_, named)| named);
        let file = outside.path().join("rust-toolchain.toml");
        std::fs::write(&file, "[toolchain]\nchannel = '1.93.0'\ncomponents = ['clippy']\n").unwrap();
        assert_eq!(named(&inner), Some(Named::Channel("1.93.0".into())));
        std::fs::write(inner.join("rust-toolchain"), "nightly\n").unwrap();
        assert_eq!(named(&inner), Some(Named::Channel("nightly".into())));
        std::fs::write(inner.join("rust-toolchain"), "[toolchain]\npath = '../own'\n").unwrap();
        assert_eq!(named(&inner), Some(Named::Path(inner.join("../own"))));
        std::fs::write(inner.join("rust-toolchain"), "no name\n").unwrap();
        assert_eq!(named(&inner), Some(Named::Channel("1.93.0".into())));
    }

    #[test]
    fn releases_are_compared_by_number() {
        for (release, expected) in [
            ("1.97.0", true),
            ("1.99.1", true),
            ("2.0.0", true),
            ("1.98.0-nightly", true),
            ("1.96.9", false),
            ("", false),
        ] {
            assert_eq!(has_own_lock_file(release), expected, "{release}");
        }
    }
}
