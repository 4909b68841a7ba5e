//! Installs wasmtime from the archive of its official release, with the programs `curl` and `tar`.
//!
//! The archive is unpacked beside the place of the program, which is then renamed. So a download that is
//! interrupted or killed leaves nothing that could be taken for a wasmtime.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::exit;
use crate::model::version::Version;
use crate::provision::finding::Finding;
use crate::provision::tool_context::ToolContext;
use crate::provision::wasmtime::compile;
use crate::provision::wasmtime::find::{examine, installed};
use crate::support::removal;
use crate::support::terminal::{StatusLine, say};
use crate::tools::progress::Progress;
use crate::tools::run::run;

/// The address below which wasmtime publishes its releases, unless `PARALLAX_WASMTIME_DOWNLOADS` names another
/// one with the same structure.
const DOWNLOADS: &str = "https://github.com/bytecodealliance/wasmtime/releases/download";

/// The limits of a download, as flags of curl. A server that cannot be reached is given up after 5 seconds. A
/// download may take as long as it needs, unless nothing comes for 20 seconds. An archive of wasmtime 48 has about 20 MB.
const LIMITS: [&str; 8] =
    ["--connect-timeout", "5", "--speed-limit", "1", "--speed-time", "20", "--max-filesize", "200M"];

/// How old the directory of a download is before it counts as left behind by a killed process.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// What came of an installation.
pub enum Fetched {
    /// The program is installed.
    Installed,
    /// The archive cannot be had or used here, for this reason. wasmtime may be installed in another way.
    Unavailable(String),
}

/// Downloads the archive of the pinned release, verifies its checksum if the workspace names one, and installs
/// its program in `root`.
///
/// # Errors
/// If the checksum is wrong, or if a file cannot be written. Nothing is installed then.
pub fn install(context: &ToolContext<'_>, root: &Path) -> Result<Fetched> {
    let (Some(platform), version) = (platform(), context.workspace.wasmtime) else {
        return Ok(Fetched::Unavailable("there is no release archive for this platform".into()));
    };
    let url = url(context.env.wasmtime_downloads.as_deref().unwrap_or(DOWNLOADS), version, platform);
    let staging = Staging::new(root).with_context(|| format!("cannot write to {}", root.display()))?;
    let archive = staging.path.join("archive");
    say(&format!("Downloading {}", without_password(&url)));
    if let Err(why) = download(context, &staging, &url, &archive) {
        return Ok(Fetched::Unavailable(why));
    }
    if let Some(expected) = context.workspace.checksums.get(platform) {
        match sha256(context, &staging, &archive) {
            None => {
                let why = "its checksum cannot be verified: sha256sum, shasum or certutil is needed";
                return Ok(Fetched::Unavailable(why.into()));
            }
            Some(sum) if sum == *expected => {}
            Some(sum) => return Err(wrong_checksum(&url, platform, expected, &sum)),
        }
    }
    let mut tar = Command::new("tar");
    let directory = name(version, platform);
    tar.arg("-xf").arg(&archive).current_dir(&staging.path);
    // For root, tar would keep the owner, and the mode with setuid.
    tar.args(cfg!(unix).then_some(["--no-same-owner", "--no-same-permissions"]).into_iter().flatten());
    if let Err(why) = call(context, &staging, &mut tar, || ()) {
        return Ok(Fetched::Unavailable(format!("its archive cannot be unpacked: {why}")));
    }
    let program = staging.path.join(&directory).join(program());
    let kind = |path: &Path| fs::symlink_metadata(path).map(|metadata| metadata.file_type());
    let is_own = kind(&staging.path.join(&directory)).is_ok_and(|kind| kind.is_dir())
        && kind(&program).is_ok_and(|kind| kind.is_file());
    if !is_own {
        let why = format!("its archive has no regular file {directory}/{}", self::program());
        return Ok(Fetched::Unavailable(why));
    }
    if let Finding::Unsuitable { why, .. } = examine(program.clone(), version, context.interrupt) {
        return Ok(Fetched::Unavailable(format!("the program in its archive is not suitable: {why}")));
    }
    let place = installed(root);
    place
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::rename(&program, &place))
        .with_context(|| format!("cannot write {}", place.display()))?;
    compile::forget(root);
    Ok(Fetched::Installed)
}

fn wrong_checksum(url: &str, platform: &str, expected: &str, sum: &str) -> anyhow::Error {
    let message = format!(
        "the archive of wasmtime has another checksum than expected, so it was not installed: {}\n\
         expected  {expected}\n\
         found     {sum}\n\
         help: if wasmtime was changed in Cargo.toml, change `checksums.{platform}` in \
         [workspace.metadata.parallax], too",
        without_password(url)
    );
    exit::error(exit::SET_UP, message)
}

/// The name of this platform in wasmtime's releases, if they have an archive for it.
fn platform() -> Option<&'static str> {
    // The archives for Linux need glibc.
    let is_musl = cfg!(target_env = "musl");
    match (std::env::consts::ARCH, std::env::consts::OS) {
        ("x86_64", "linux") if !is_musl => Some("x86_64-linux"),
        ("aarch64", "linux") if !is_musl => Some("aarch64-linux"),
        ("x86_64", "macos") => Some("x86_64-macos"),
        ("aarch64", "macos") => Some("aarch64-macos"),
        ("x86_64", "windows") => Some("x86_64-windows"),
        _ => None,
    }
}

/// The name of an archive without its extension, which is also the directory in it.
fn name(version: Version, platform: &str) -> String {
    format!("wasmtime-v{version}-{platform}")
}

/// The address of an archive.
fn url(downloads: &str, version: Version, platform: &str) -> String {
    let extension = if platform.ends_with("-windows") { "zip" } else { "tar.xz" };
    let name = name(version, platform);
    format!("{}/v{version}/{name}.{extension}", downloads.trim_end_matches('/'))
}

/// An address without the name and the password of a user, which logs must not contain.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.into() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

/// The name of the program in an archive.
fn program() -> String {
    format!("wasmtime{}", std::env::consts::EXE_SUFFIX)
}

/// Downloads `url` to the file `archive`, and shows how much has come.
fn download(context: &ToolContext<'_>, staging: &Staging, url: &str, archive: &Path) -> Result<(), String> {
    let mut curl = Command::new("curl");
    curl.args(["--fail", "--location", "--silent", "--show-error"]).args(LIMITS);
    // A redirection must not lead to a connection that is not encrypted.
    curl.args(url.starts_with("https:").then_some(["--proto", "=https"]).into_iter().flatten());
    curl.arg("--output").arg(archive).arg(url);
    let mut status = StatusLine::default();
    call(context, staging, &mut curl, || {
        let came = fs::metadata(archive).map_or(0, |metadata| metadata.len());
        if context.progress == Progress::Line && came > 0 {
            let tenths = came / 100_000;
            status.draw(&format!(" Downloading {}.{} MB", tenths / 10, tenths % 10));
        }
    })
}

/// The SHA-256 checksum of a file in lowercase, by the first program that is there, or `None` if there is none.
fn sha256(context: &ToolContext<'_>, staging: &Staging, file: &Path) -> Option<String> {
    const PROGRAMS: [(&str, &[&str], &[&str]); 3] =
        [("sha256sum", &[], &[]), ("shasum", &["-a", "256"], &[]), ("certutil", &["-hashfile"], &["SHA256"])];
    PROGRAMS.iter().find_map(|(program, before, after)| {
        let output = staging.path.join("checksum");
        let mut command = Command::new(program);
        command.args(*before).arg(file).args(*after).stdout(File::create(&output).ok()?);
        call(context, staging, &mut command, || ()).ok()?;
        sum_in(&fs::read_to_string(&output).ok()?)
    })
}

/// The checksum in the output of one of these programs. sha256sum begins the line with a backslash if it had
/// to escape the name of the file.
fn sum_in(output: &str) -> Option<String> {
    let is_sum = |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut words = output.split_whitespace().map(|word| word.trim_start_matches('\\'));
    words.find(is_sum).map(str::to_ascii_lowercase)
}

/// Runs a tool to its end. If it fails, the error is the first line that it wrote to stderr.
fn call(
    context: &ToolContext<'_>,
    staging: &Staging,
    command: &mut Command,
    poll: impl FnMut(),
) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let errors = staging.path.join("errors");
    let ran = File::create(&errors).and_then(|file| {
        command.stdin(Stdio::null()).stderr(file);
        run(command, context.interrupt, poll)
    });
    match ran {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            let errors = fs::read(&errors).unwrap_or_default();
            let errors = String::from_utf8_lossy(&errors);
            // curl explains some errors at length.
            let first = errors.lines().map(str::trim).find(|line| !line.is_empty());
            Err(first.map_or_else(|| format!("{name}: {status}"), String::from))
        }
        Err(error) => Err(format!("cannot run {name}: {error}")),
    }
}

/// A directory for one download, removed when it is dropped.
struct Staging {
    path: PathBuf,
}

impl Staging {
    /// Creates the directory beside `root`, and so in the same file system. Removes those that killed
    /// processes have left behind.
    fn new(root: &Path) -> io::Result<Staging> {
        let prefix = format!(".{}.download-", root.file_name().unwrap_or_default().to_string_lossy());
        let parent = root.parent().unwrap_or(root);
        fs::create_dir_all(parent)?;
        for entry in fs::read_dir(parent)?.filter_map(io::Result::ok) {
            let is_download = entry.file_name().to_string_lossy().starts_with(&prefix);
            let changed = entry.metadata().and_then(|metadata| metadata.modified());
            let age = changed.ok().and_then(|changed| SystemTime::now().duration_since(changed).ok());
            if is_download && age.is_some_and(|age| age > ABANDONED) {
                // It only takes space; another process may be removing it.
                let _ = removal::remove(&entry.path());
            }
        }
        let path = parent.join(format!("{prefix}{}", std::process::id()));
        // A process that had the same id may have been killed.
        removal::remove(&path)?;
        fs::create_dir(&path)?;
        Ok(Staging { path })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // An error cannot be reported from here, and the next day's download tries again.
        let _ = removal::remove(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_archives() {
        let version: Version = "48.0.8".parse().unwrap();
        for (downloads, platform, expected) in [
            (
                DOWNLOADS,
                "x86_64-linux",
                "https://github.com/bytecodealliance/wasmtime/releases/download/v48.0.8/wasmtime-v48.0.8-x86_64-linux.tar.xz",
            ),
            ("http://mirror/", "x86_64-windows", "http://mirror/v48.0.8/wasmtime-v48.0.8-x86_64-windows.zip"),
        ] {
            assert_eq!(url(downloads, version, platform), expected);
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for (url, expected) in [
            ("https://me:se@cret@mirror:8/a@b/c", "https://mirror:8/a@b/c"),
            ("https://mirror/v1/a", "https://mirror/v1/a"),
        ] {
            assert_eq!(without_password(url), expected);
        }
    }

    #[test]
    fn checksums_are_read_from_the_output_of_each_program() {
        let sum = "0123456789abcdef".repeat(4);
        for output in [
            format!("{sum}  archive\n"),
            format!("\\{sum}  C:\\\\archive\n"),
            format!(
                "SHA256 hash of archive:\r\n{}\r\nCertUtil: -hashfile command completed\r\n",
                sum.to_uppercase()
            ),
        ] {
            assert_eq!(sum_in(&output).as_ref(), Some(&sum), "{output}");
        }
        assert_eq!(sum_in("certutil: not found\n"), None);
    }
}
