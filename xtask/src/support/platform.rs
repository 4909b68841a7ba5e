//! What operating systems do differently with files: permissions, links, FIFOs and file systems in memory.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(unix)]
use crate::support::escape::bytes_of;

/// The permission bits of a file, with set-user-ID and the like. `None` on other systems than Unix.
pub fn mode(metadata: &fs::Metadata) -> Option<u32> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777);
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

/// Says what something is that is not a regular file, such as `a FIFO`.
pub fn kind_of(kind: fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kinds = [
            (kind.is_fifo(), "a FIFO"),
            (kind.is_socket(), "a socket"),
            (kind.is_block_device() || kind.is_char_device(), "a device"),
        ];
        if let Some((_, name)) = kinds.into_iter().find(|(is, _)| *is) {
            return name;
        }
    }
    if kind.is_dir() { "a directory" } else { "not a regular file" }
}

/// Gives the owner all permissions for a directory (mode 0700 on Unix).
///
/// # Errors
/// If the system refuses to change the mode.
pub fn make_accessible(directory: &Path) -> io::Result<()> {
    set_mode(directory, 0o700)
}

/// Sets the permission bits of a file. On other systems than Unix, this has no effect.
///
/// # Errors
/// If the system refuses to change them.
#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

/// Sets the permission bits of a file. On other systems than Unix, this has no effect.
///
/// # Errors
/// Never on such a system.
#[cfg(not(unix))]
pub fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Returns for how long any process of the machine had to wait for a processor, since it was started, or `None` if the
/// system does not tell (Linux: `Documentation/accounting/psi.rst`). The time may be two seconds old.
pub fn waited_for_processor() -> Option<Duration> {
    let text = fs::read_to_string("/proc/pressure/cpu").ok()?;
    let some = text.lines().find(|line| line.starts_with("some "))?;
    Some(Duration::from_micros(some.split_once("total=")?.1.trim().parse().ok()?))
}

/// Creates a symbolic link at `link` that points to `target`.
///
/// # Errors
/// If the system refuses to create it.
pub fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, link);
    #[cfg(windows)]
    return std::os::windows::fs::symlink_file(target, link);
}

/// The argument that a program is given for a word in cases.toml: on Unix with the bytes that it spells as
/// `{byte:e9}`, elsewhere as it is written.
pub fn argument(word: &OsString) -> OsString {
    #[cfg(unix)]
    if let Some(text) = word.to_str() {
        return std::os::unix::ffi::OsStringExt::from_vec(bytes_of(text));
    }
    word.clone()
}

/// Creates a FIFO (a named pipe) that only its owner may read and write.
///
/// # Errors
/// If the system refuses to create it, and always on other systems than Linux, as FIFOs are supported only
/// there.
pub fn make_fifo(path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::from_raw_mode(0o600))?);
    #[cfg(not(target_os = "linux"))]
    return Err(io::Error::other(format!("FIFOs are not supported on this system: {}", path.display())));
}

/// Opens a device that is always full (`/dev/full`) for writing.
///
/// # Errors
/// If there is no such device, as on other systems than Linux.
pub fn full_device() -> io::Result<fs::File> {
    fs::File::options()
        .write(true)
        .open("/dev/full")
        .map_err(|error| io::Error::new(error.kind(), format!("cannot open /dev/full: {error}")))
}

/// Creates a directory that only its owner may access (mode 0700 on Unix).
///
/// # Errors
/// If the system refuses to create it, or it exists already.
pub fn make_private_directory(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::DirBuilderExt::mode(&mut fs::DirBuilder::new(), 0o700).create(directory);
    #[cfg(not(unix))]
    return fs::create_dir(directory);
}

/// What identifies a directory: its device and number. `None` if there is no directory at this path, not even
/// if there is a link to one, and always on other systems than Unix.
pub fn identity_of_directory(path: &Path) -> Option<(u64, u64)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let found = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_dir)?;
        Some((found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// What changes whenever an entry is changed or replaced: its number, and when its contents or metadata were last
/// changed. `None` on other systems than Unix.
pub fn last_change(metadata: &fs::Metadata) -> Option<[i64; 3]> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Some([metadata.ino().cast_signed(), metadata.ctime(), metadata.ctime_nsec()])
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

/// Whether a file system, or another directory, is mounted at this path. On other systems than Linux since 5.8
/// this is not known, and false.
pub fn is_mount_point(path: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let found = statx(CWD, path, flags, StatxFlags::empty());
        found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        false
    }
}

/// Whether this many bytes, and some files, can be written to the file system that contains `path`. If the system does
/// not tell (statvfs(3)), it is assumed.
pub fn has_room(path: &Path, bytes: u64) -> bool {
    #[cfg(unix)]
    {
        /// Some file systems do not count files, and some no blocks either. They say that there are none at all.
        const FILES: u64 = 64;
        rustix::fs::statvfs(path).map_or(true, |found| {
            // Some blocks may be reserved for root.
            let free = if rustix::process::geteuid().is_root() { found.f_bfree } else { found.f_bavail };
            (found.f_blocks == 0 || free.saturating_mul(found.f_frsize) >= bytes)
                && (found.f_files == 0 || found.f_favail >= FILES)
        })
    }
    #[cfg(not(unix))]
    {
        let _ = (path, bytes);
        true
    }
}

/// The path of a directory in a memory file system that only this user may access, or `None` if there is no
/// such file system, or not as much `room` in it, in bytes. The path depends on the user and `key` only. The directory
/// may not exist yet; if it does, the room is not asked for.
#[cfg(target_os = "linux")]
pub fn private_directory_in_memory(key: &str, room: u64) -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let memory = Path::new("/dev/shm");
    let user = rustix::process::geteuid().as_raw();
    let path = memory.join(format!("parallax-{user}-{key}"));
    match fs::symlink_metadata(&path) {
        // All users may create directories there. One of another user, or one that others may access, is
        // not safe to use.
        Ok(found) => (found.is_dir() && found.uid() == user && found.mode() & 0o777 == 0o700).then_some(path),
        Err(_) => {
            let may_write = rustix::fs::access(memory, rustix::fs::Access::WRITE_OK).is_ok();
            (may_write && has_room(memory, room)).then_some(path)
        }
    }
}

/// On other systems than Linux, no such file system is known.
#[cfg(not(target_os = "linux"))]
pub fn private_directory_in_memory(_: &str, _: u64) -> Option<PathBuf> {
    None
}

/// Returns how many columns the terminal `stream` has, or `None` if it is not a terminal or this is not known.
#[cfg(unix)]
pub fn terminal_width(stream: &impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// On other systems than Unix, this is not known.
#[cfg(not(unix))]
pub fn terminal_width<S>(_: &S) -> Option<usize> {
    None
}
