//! Reads files that users write, without hanging.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// The size of the largest file that is read, in bytes.
const LARGEST: u64 = 256 << 20;

/// Returns the contents of a file.
///
/// # Errors
/// If the system refuses to read it, or if it is not a regular file but, for example, a FIFO, from which
/// reading could wait for ever, or a device without an end. Or if it is larger than 256 MiB.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a FIFO already waits, so that this is asked first.
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    if found.len() > LARGEST {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it is larger than 256 MiB"));
    }
    let mut contents = Vec::new();
    // It may grow while it is read.
    File::open(path)?.take(LARGEST).read_to_end(&mut contents)?;
    Ok(contents)
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
