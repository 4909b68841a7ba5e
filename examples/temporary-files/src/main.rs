//! Creates a temporary file with tempfile, in one of its ways, and prints the result.

use std::env;
use std::fs;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use tempfile::env::override_temp_dir;
use tempfile::{Builder, NamedTempFile};

fn main() -> ExitCode {
    let done = match env::args().nth(1).as_deref() {
        Some("default-place") => default_place(),
        Some("chosen-place") => chosen_place(),
        Some("here") => here(),
        Some("unnamed") => unnamed(),
        Some("persist") => persist("report.txt"),
        Some("persist-noclobber") => persist_noclobber(),
        Some("panic") => panic(),
        _ => return ExitCode::from(2),
    };
    match done {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            // tempfile adds the path to the message, and the path is random.
            let message = error.to_string();
            let message = message.split(" at path ").next().unwrap_or_default();
            eprintln!("{:?}: {message}", error.kind());
            ExitCode::FAILURE
        }
    }
}

fn default_place() -> io::Result<String> {
    let file = NamedTempFile::new()?;
    Ok(format!("in the directory TMPDIR: {}", file.path().parent() == Some(&env::temp_dir())))
}

/// Tells tempfile where temporary files belong, so that it does not ask std.
fn chosen_place() -> io::Result<String> {
    let place = PathBuf::from(env::var_os("TMPDIR").unwrap_or_else(|| "/tmp".into()));
    let _ = override_temp_dir(&place);
    let file = NamedTempFile::new()?;
    Ok(format!("in the directory TMPDIR: {}", file.path().parent() == Some(&place)))
}

fn here() -> io::Result<String> {
    let mut file = NamedTempFile::new_in(".")?;
    file.write_all(b"some words")?;
    let path = file.path().to_path_buf();
    let read = io::read_to_string(file.reopen()?)?;
    drop(file);
    Ok(format!("read {read:?} after opening it once more; still there at the end: {}", path.exists()))
}

/// A file that no longer has a name when this function receives it.
fn unnamed() -> io::Result<String> {
    let mut file = tempfile::tempfile_in(".")?;
    file.write_all(b"some words")?;
    file.rewind()?;
    let mut read = String::new();
    file.read_to_string(&mut read)?;
    Ok(format!("read {read:?}; files here: {}", fs::read_dir(".")?.count()))
}

/// Writes a file so that others see either the old one or the complete new one.
fn persist(path: &str) -> io::Result<String> {
    let mut file = NamedTempFile::new_in(".")?;
    file.write_all(b"the new report\n")?;
    file.persist(path)?;
    Ok(format!("{path} is written"))
}

fn persist_noclobber() -> io::Result<String> {
    let mut file = NamedTempFile::new_in(".")?;
    file.write_all(b"the new report\n")?;
    file.persist_noclobber("report.txt")?;
    Ok("report.txt is written".into())
}

/// Fails while a temporary file exists. Its name is not random, so that the snapshot can show it.
fn panic() -> io::Result<String> {
    let mut file = Builder::new().prefix("left-behind").rand_bytes(0).tempfile_in(".")?;
    file.write_all(b"some words\n")?;
    panic!("something went wrong");
}
