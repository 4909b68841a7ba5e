//! Several files in one. For each file the pack has a line with its kind, the length of its path and that of its
//! contents, then its path, then its contents: `f 10 6\nsrc/lib.rs// None`. The kinds are `f`, a file; `x`, an
//! executable file; and `l`, a symbolic link, whose contents are its target.

use std::fs;
use std::io;
use std::path::{Component, Path};

use crate::support::platform::{make_link, set_mode};

/// Writes the files of `pack` below `directory`.
///
/// # Errors
/// If a file cannot be written, or if the pack is malformed.
pub fn unpack(mut pack: &[u8], directory: &Path) -> io::Result<()> {
    while !pack.is_empty() {
        let (entry, rest) = split(pack).ok_or_else(|| malformed("an entry is cut off"))?;
        let is_below =
            Path::new(entry.path).components().all(|component| matches!(component, Component::Normal(_)));
        if !is_below {
            return Err(malformed("a path leads out of the directory"));
        }
        let path = directory.join(entry.path);
        fs::create_dir_all(path.parent().unwrap_or(directory))?;
        match entry.kind {
            b'l' => make_link(Path::new(&*String::from_utf8_lossy(entry.contents)), &path)?,
            b'x' => {
                fs::write(&path, entry.contents)?;
                set_mode(&path, 0o755)?;
            }
            b'f' => fs::write(&path, entry.contents)?,
            _ => return Err(malformed("an unknown kind of file")),
        }
        pack = rest;
    }
    Ok(())
}

struct Entry<'a> {
    kind: u8,
    path: &'a str,
    contents: &'a [u8],
}

/// Splits the first entry off.
fn split(pack: &[u8]) -> Option<(Entry<'_>, &[u8])> {
    let end = pack.iter().position(|byte| *byte == b'\n')?;
    let line = str::from_utf8(&pack[..end]).ok()?;
    let mut words = line.split(' ');
    let kind = *words.next()?.as_bytes().first()?;
    let (path, contents) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let (path, rest) = pack[end + 1..].split_at_checked(path)?;
    let (contents, rest) = rest.split_at_checked(contents)?;
    Some((Entry { kind, path: str::from_utf8(path).ok()?, contents }, rest))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the pack of files is malformed: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_unpacked_with_their_kinds() {
        let directory = tempfile::tempdir().unwrap();
        unpack(b"f 3 5\na/bone\n\0x 4 0\ntooll 4 3\nlinka/b", directory.path()).unwrap();
        assert_eq!(fs::read(directory.path().join("a/b")).unwrap(), b"one\n\0");
        assert_eq!(fs::read_link(directory.path().join("link")).unwrap(), Path::new("a/b"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |name| fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
            assert_eq!((mode("a/b") & 0o111, mode("tool") & 0o111), (0, 0o111));
        }
    }

    #[test]
    fn malformed_packs_are_errors() {
        let directory = tempfile::tempdir().unwrap();
        for bad in
            ["f", "f 1", "f 1 1\na", "f x 1\nab", "f 9 1\nab", "z 1 1\nab", "f 4 1\n../ab", "f 2 1\n/ab"]
        {
            let error = unpack(bad.as_bytes(), directory.path()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{bad}");
        }
    }
}
