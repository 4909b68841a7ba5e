//! Renames and hard-links files and directories, and prints the result of each attempt.

use std::env;
use std::fmt::Debug;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

fn main() -> io::Result<()> {
    // If no directory is granted, everything below fails in the same way: report that once.
    fs::metadata("one/file")?;
    match env::args().nth(1).as_deref() {
        Some("files") => files(),
        Some("directories") => directories()?,
        Some("across") => across(),
        Some("hard-links") => hard_links()?,
        Some("granted") => granted(),
        Some(which @ ("mounts" | "mounts-on-wasi")) => match env::args().nth(2) {
            Some(directory) if which == "mounts" => mounts(Path::new(&directory)),
            Some(directory) => mounts_on_wasi(Path::new(&directory)),
            None => eprintln!("usage: fs-rename {which} DIRECTORY-ON-ANOTHER-MOUNT"),
        },
        _ => eprintln!("usage: fs-rename files|directories|across|hard-links|granted|mounts|mounts-on-wasi"),
    }
    Ok(())
}

fn files() {
    show("onto itself", fs::rename("one/file", "one/file"));
    show("onto another file", fs::rename("one/file", "one/other"));
    show("what it says", fs::read_to_string("one/other"));
    show("what is not there", fs::rename("one/file", "one/new"));
    show("onto a directory", fs::rename("one/other", "one/full"));
    show("to a name with a slash", fs::rename("one/other", "one/new/"));
    show("from a name with a slash", fs::rename("one/other/", "one/new"));
    show("into a directory that is not there", fs::rename("one/other", "one/missing/other"));
    show("below a file", fs::rename("one/full", "one/other/full"));
}

fn directories() -> io::Result<()> {
    fs::create_dir("one/empty")?;
    show("onto itself", fs::rename("one/full", "one/full"));
    show("into itself", fs::rename("one/full", "one/full/inner"));
    show("onto a file", fs::rename("one/empty", "one/file"));
    show("onto a full one", fs::rename("one/empty", "one/full"));
    show("a full one onto an empty one", fs::rename("one/full", "one/empty"));
    show("what is in it", fs::read_to_string("one/empty/file"));
    show("with slashes", fs::rename("one/empty/", "one/moved/"));
    show("from one/moved/.", fs::rename("one/moved/.", "one/new"));
    show("to one/moved/..", fs::rename("one/file", "one/moved/.."));
    Ok(())
}

fn across() {
    show("rename a file", fs::rename("one/file", "two/renamed"));
    show("rename a directory", fs::rename("one/full", "two/full"));
    show("hard link", fs::hard_link("one/other", "two/linked"));
    show("copy", fs::copy("two/file", "one/copied"));
    show(
        "what they say",
        fs::read_to_string("two/renamed").and_then(|one| Ok(one + &fs::read_to_string("two/linked")?)),
    );
}

/// Neither a name nor a hard link can leave a mount.
fn mounts(directory: &Path) {
    let target = directory.join("moved");
    show("rename a file", fs::rename("one/file", &target));
    show("rename a directory", fs::rename("one/full", directory.join("full")));
    show("hard link", fs::hard_link("one/file", &target));
    move_file(&target, |error| error.kind() == ErrorKind::CrossesDevices);
}

/// On WASI the error says less. std's kind for it is unstable.
fn mounts_on_wasi(directory: &Path) {
    move_file(&directory.join("moved"), |error| {
        error.kind() == ErrorKind::CrossesDevices || error.raw_os_error() == Some(libc::EIO)
    });
}

/// Moves a file, by copying it after an error of a rename that another mount may cause, and shows what is left.
fn move_file(target: &Path, is_other_mount: fn(&io::Error) -> bool) {
    show("move a file", rename_or_copy(Path::new("one/file"), target, is_other_mount));
    show("what it says", fs::read_to_string(target));
    show("the old one is still there", fs::exists("one/file"));
    // The other mount may keep what is not removed.
    show("remove it", fs::remove_file(target));
}

/// Moves a file, also to another mount, as programs for moving files do.
fn rename_or_copy(from: &Path, to: &Path, is_other_mount: fn(&io::Error) -> bool) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if is_other_mount(&error) => {
            fs::copy(from, to)?;
            fs::remove_file(from)
        }
        result => result,
    }
}

fn hard_links() -> io::Result<()> {
    show("make one", fs::hard_link("one/file", "one/linked"));
    fs::write("one/linked", "written by the other name\n")?;
    show("what the first says", fs::read_to_string("one/file"));
    show("rename one onto the other", fs::rename("one/linked", "one/file"));
    show("both are still there", Ok(fs::exists("one/linked")? && fs::exists("one/file")?));
    show("remove the first", fs::remove_file("one/file"));
    show("what the second says", fs::read_to_string("one/linked"));
    show("where a file is", fs::hard_link("one/linked", "one/other"));
    show("of a directory", fs::hard_link("one/full", "one/new"));
    show("of what is not there", fs::hard_link("one/missing", "one/new"));
    show("of a name with a slash", fs::hard_link("one/other/", "one/new"));
    show("to a name with a slash", fs::hard_link("one/other", "one/new/"));
    Ok(())
}

/// The directory `one` itself, which may be the one that was granted.
fn granted() {
    show("metadata", fs::metadata("one").map(|found| found.is_dir()));
    show("exists one/", fs::exists("one/"));
    show("create_dir", fs::create_dir("one"));
    show("create_dir_all", fs::create_dir_all("one"));
    show("create_dir_all below", fs::create_dir_all("one/a/b"));
    show("open for writing", fs::OpenOptions::new().write(true).open("one").map(|_| ()));
    show("remove_file", fs::remove_file("one"));
    show("remove_dir", fs::remove_dir("one"));
    show("rename to two", fs::rename("one", "two"));
    show("rename to three", fs::rename("one", "three"));
    show("rename back", fs::rename("three", "one"));
    show("remove_dir_all", fs::remove_dir_all("one"));
    show("what is left", fs::read_dir("one").map(Iterator::count));
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
