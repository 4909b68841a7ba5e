//! Replaces a file in the way that survives a crash: write a temporary file, sync it, rename it over the old
//! one, and sync the directory. At each moment the name has the old text or the new one.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

fn main() -> io::Result<()> {
    // If no directory is granted, everything below fails in the same way: report that once.
    fs::metadata("data/run.sh")?;
    match env::args().nth(1).as_deref() {
        Some("save") => save(Path::new("data/run.sh"), "echo new\n", sync_directory),
        Some("save-on-wasi") => save(Path::new("data/run.sh"), "echo new\n", sync_directory_if_possible),
        Some("keep-mode") => keep_mode(Path::new("data/run.sh"), "echo new\n"),
        Some("interrupted") => interrupted(),
        Some("sync") => {
            sync();
            Ok(())
        }
        _ => {
            eprintln!("usage: fs-durable save|save-on-wasi|keep-mode|interrupted|sync");
            Ok(())
        }
    }
}

/// Replaces `path` by a file with `text`, and returns when that is on the disk.
fn save(path: &Path, text: &str, sync_directory: fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create_new(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    println!("renamed");
    sync_directory(path.parent().expect("the path has a directory"))?;
    println!("saved");
    Ok(())
}

/// Only this makes the rename durable: the name belongs to the directory.
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// On wasip1 no call syncs a directory, so there is nothing to wait for.
fn sync_directory_if_possible(directory: &Path) -> io::Result<()> {
    match cfg!(all(target_os = "wasi", target_env = "p1")) {
        true => Ok(()),
        false => sync_directory(directory),
    }
}

/// The new file gets the mode of the old one before it replaces it, as editors do for scripts.
fn keep_mode(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, text)?;
    fs::set_permissions(&temporary, fs::metadata(path)?.permissions())?;
    fs::rename(&temporary, path)?;
    println!("saved");
    Ok(())
}

/// A run that was interrupted has left its temporary file: remove that, whether or not it is there.
fn interrupted() -> io::Result<()> {
    let temporary = Path::new("data/run.tmp");
    for time in ["first", "second"] {
        match fs::remove_file(temporary) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => println!("{time}: nothing is left"),
            other => show(time, other),
        }
        fs::write(temporary, "half of the te")?;
        show("create_new where a temporary file is", File::create_new(temporary).map(|_| ()));
    }
    show("rename", fs::rename(temporary, "data/run.sh"));
    show("rename again", fs::rename(temporary, "data/run.sh"));
    Ok(())
}

/// Each call that syncs, for a directory and a file.
fn sync() {
    for path in [".", "data", "data/run.sh"] {
        show(&format!("sync_all of {path}"), File::open(path).and_then(|file| file.sync_all()));
        show(&format!("sync_data of {path}"), File::open(path).and_then(|file| file.sync_data()));
    }
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
