//! Calls the functions of std::fs with one path, such as the empty one, `.` or `file/`, and prints the results.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io;
use std::path::Path;
use std::time::SystemTime;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["look", path] => look(path),
        ["write", path] => write(path),
        ["remove", path] => remove(path),
        ["permissions"] => permissions()?,
        ["output", path] => output(Path::new(path))?,
        ["output-checked", path] => output_checked(Path::new(path))?,
        _ => eprintln!("usage: fs-spellings permissions, or look|write|remove|output|output-checked PATH"),
    }
    Ok(())
}

fn look(path: &str) {
    show("metadata", fs::metadata(path).map(|found| found.is_dir()));
    show("symlink_metadata", fs::symlink_metadata(path).map(|found| found.is_dir()));
    show("exists", fs::exists(path));
    show("read_dir", fs::read_dir(path).map(Iterator::count));
    show("read_link", fs::read_link(path));
    show("canonicalize", fs::canonicalize(path));
    show("File::open", File::open(path).map(drop));
    show("read", fs::read(path).map(|bytes| bytes.len()));
    show("read_to_string", fs::read_to_string(path));
}

fn write(path: &str) {
    let now = FileTimes::new().set_modified(SystemTime::now());
    show("set_times", File::open(path).and_then(|file| file.set_times(now)));
    show("open to write", OpenOptions::new().write(true).open(path).map(drop));
    show("open to append", OpenOptions::new().append(true).open(path).map(drop));
    show("write", fs::write(path, "written\n"));
    show("copy to it", fs::copy("file", path));
    show("copy from it", fs::copy(path, "copied"));
    show("create_dir", fs::create_dir(path));
    show("create_dir_all", fs::create_dir_all(path));
    show("File::create", File::create(path).map(drop));
    show("File::create_new", File::create_new(path).map(drop));
    show("soft_link to it", soft_link("file", path));
    show("hard_link to it", fs::hard_link("file", path));
    show("hard_link from it", fs::hard_link(path, "linked"));
}

fn remove(path: &str) {
    show("rename to itself", fs::rename(path, path));
    show("rename a file to it", fs::rename("file", path));
    show("rename a directory to it", fs::rename("dir", path));
    show("rename it", fs::rename(path, "moved"));
    show("rename it back", fs::rename("moved", path));
    show("remove_file", fs::remove_file(path));
    show("remove_dir", fs::remove_dir(path));
    show("remove_dir_all", fs::remove_dir_all(path));
}

/// Sets those that are there already, or those of a file.
fn permissions() -> io::Result<()> {
    let of_file = fs::metadata("file")?.permissions();
    for path in ["", ".", "dir/", "file/"] {
        let same = fs::metadata(path).map_or(of_file.clone(), |found| found.permissions());
        show(&format!("set_permissions of {path:?}"), fs::set_permissions(path, same));
    }
    Ok(())
}

/// Writes a file into a new directory.
fn output(file: &Path) -> io::Result<()> {
    let directory = file.parent().expect("a file is in a directory");
    // It may not be there.
    let _ = fs::remove_dir_all(directory);
    write_output(file, directory)
}

/// The same, but the directory stays if it is the current one.
fn output_checked(file: &Path) -> io::Result<()> {
    let directory = file.parent().expect("a file is in a directory");
    if !directory.as_os_str().is_empty() {
        let _ = fs::remove_dir_all(directory);
    }
    write_output(file, directory)
}

fn write_output(file: &Path, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    fs::write(file, "result\n")?;
    println!("{} is written", file.display());
    Ok(())
}

#[expect(deprecated, reason = "its replacements differ by system, and are not stable for WASI")]
fn soft_link(target: &str, link: &str) -> io::Result<()> {
    fs::soft_link(target, link)
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
