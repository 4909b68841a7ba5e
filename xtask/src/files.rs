//! What systems do differently with files: rights, links, and a file system in memory.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use crate::text::bytes_of;

/// Whether its owner may run a file. Only Unix knows.
pub fn is_executable(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0;
    #[cfg(not(unix))]
    return metadata.is_dir();
}

/// Lets everybody run a file.
pub fn make_executable(path: &Path) -> io::Result<()> {
    set_mode(path, 0o755)
}

/// Gives back to the owner all rights to a folder.
pub fn make_accessible(folder: &Path) -> io::Result<()> {
    set_mode(folder, 0o700)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Makes a symbolic link at `link` that says `target`.
pub fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, link);
    #[cfg(windows)]
    return std::os::windows::fs::symlink_file(target, link);
}

/// An argument as a program gets it, with the bytes that it spells; where arguments are no bytes, as
/// it is written.
pub fn word(word: &OsString) -> OsString {
    #[cfg(unix)]
    if let Some(text) = word.to_str() {
        return std::os::unix::ffi::OsStringExt::from_vec(bytes_of(text));
    }
    word.clone()
}

/// Makes a FIFO, which is a file that passes on what one program writes to who reads it.
pub fn make_fifo(path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::from_raw_mode(0o600))?);
    #[cfg(not(target_os = "linux"))]
    return Err(io::Error::other(format!("no FIFO can be made on this system: {}", path.display())));
}

/// A device that is always full, opened for writing.
pub fn full_device() -> io::Result<fs::File> {
    fs::File::options().write(true).open("/dev/full").map_err(|error| {
        io::Error::new(error.kind(), format!("no device to stand for a full one: /dev/full: {error}"))
    })
}

/// Makes a folder that nobody else may look into.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::DirBuilderExt::mode(&mut fs::DirBuilder::new(), 0o700).create(folder);
    #[cfg(not(unix))]
    return fs::create_dir(folder);
}

/// A folder in memory that is this user's alone, by a name that hangs on `key` only, if the system
/// has such a file system. The folder need not be there yet.
#[cfg(target_os = "linux")]
pub fn private_folder_in_memory(key: u64) -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let memory = Path::new("/dev/shm");
    let user = rustix::process::geteuid().as_raw();
    let path = memory.join(format!("parallax-{user}-{key:016x}"));
    match fs::symlink_metadata(&path) {
        // Everybody may make folders there; one that is not ours alone is not to be trusted.
        Ok(found) => (found.is_dir() && found.uid() == user && found.mode() & 0o777 == 0o700).then_some(path),
        Err(_) => {
            let may_write = rustix::fs::access(memory, rustix::fs::Access::WRITE_OK).is_ok();
            may_write.then_some(path)
        }
    }
}

/// Elsewhere, the disk has to do.
#[cfg(not(target_os = "linux"))]
pub fn private_folder_in_memory(_: u64) -> Option<PathBuf> {
    None
}
