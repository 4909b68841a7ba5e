//! Reads files that users write, without hanging.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::support::platform::kind_of;

/// The size of the largest file that is read, in bytes.
const LARGEST: u64 = 256 << 20;

/// Returns the contents of a file.
///
/// # Errors
/// If the system refuses to read it, or if it is not a regular file but, for example, a FIFO, from which
/// reading could wait for ever, or a device without an end. Or if it is larger than 256 MiB.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let (found, file) = open(path)?;
    if found.len() > LARGEST {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it is larger than 256 MiB"));
    }
    let mut contents = Vec::new();
    // It may grow while it is read.
    file.take(LARGEST).read_to_end(&mut contents)?;
    Ok(contents)
}

/// Returns the contents of a file with text.
///
/// # Errors
/// As [`read`], and if it is not valid UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

/// Returns the first bytes of a file, at most `length`, however large it is.
///
/// # Errors
/// As [`read`].
pub fn beginning(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    open(path)?.1.take(length).read_to_end(&mut contents)?;
    Ok(contents)
}

/// Checks that there is a regular file at `path`.
///
/// # Errors
/// If not. The error says what there is.
pub fn check(path: &Path) -> io::Result<Metadata> {
    let found = fs::metadata(path)?;
    match found.is_file() {
        true => Ok(found),
        false => {
            let message = match kind_of(found.file_type()) {
                what @ "not a regular file" => format!("it is {what}"),
                what => format!("it is {what}, not a regular file"),
            };
            Err(io::Error::new(ErrorKind::InvalidInput, message))
        }
    }
}

fn open(path: &Path) -> io::Result<(Metadata, File)> {
    // Opening a FIFO already waits, so that this is asked first.
    Ok((check(path)?, File::open(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        assert_eq!(read(&path).unwrap_err().kind(), ErrorKind::NotFound);
        fs::write(&path, "text").unwrap();
        assert_eq!(read(&path).unwrap(), b"text");
        assert_eq!(read(directory.path()).unwrap_err().kind(), ErrorKind::InvalidInput);
        #[cfg(unix)]
        assert_eq!(read(Path::new("/dev/zero")).unwrap_err().kind(), ErrorKind::InvalidInput);
        File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }
}
