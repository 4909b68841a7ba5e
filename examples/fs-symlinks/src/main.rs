//! Inspects, follows, creates and removes symbolic links, and prints the results.

use std::env;
use std::fmt::Debug;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    // If no directory is granted, everything below fails in the same way: report that once.
    fs::metadata("file")?;
    match env::args().nth(1).as_deref() {
        Some("look") => look(),
        Some("follow") => follow(),
        Some("loop") => looping(),
        Some("create") => create(),
        Some("write") => write(),
        Some("remove") => remove(),
        Some("walk") => walk(),
        _ => eprintln!("usage: fs-symlinks look|follow|loop|create|write|remove|walk"),
    }
    Ok(())
}

/// The link itself, and its target. A slash at the end demands a directory, and follows a link.
fn look() {
    for path in [
        "link",
        "link-slash",
        "file/",
        "subdir-link",
        "subdir-link/",
        "subdir/../subdir-link/",
        "subdir-link-slash",
        "dangling",
    ] {
        show(&format!("{path} is"), fs::symlink_metadata(path).map(|found| kind(&found)));
        show(&format!("{path} leads to"), fs::metadata(path).map(|found| kind(&found)));
        show(&format!("{path} says"), fs::read_link(path));
    }
    show("file says", fs::read_link("file"));
    show("length of link", fs::symlink_metadata("link").map(|link| link.len()));
    show("dangling exists", fs::exists("dangling"));
}

fn follow() {
    show("link", fs::read_to_string("link"));
    show("link/", fs::read_to_string("link/"));
    show("link-slash", fs::read_to_string("link-slash"));
    show("subdir-link/inside", fs::read_to_string("subdir-link/inside"));
    show("subdir-link-slash/inside", fs::read_to_string("subdir-link-slash/inside"));
    show("subdir-link/../file", fs::read_to_string("subdir-link/../file"));
    show("list subdir-link", fs::read_dir("subdir-link").map(Iterator::count));
    show("list subdir-link/", fs::read_dir("subdir-link/").map(Iterator::count));
    show("list subdir-link-slash", fs::read_dir("subdir-link-slash").map(Iterator::count));
    show("dangling", fs::read_to_string("dangling"));
}

fn looping() {
    show("reading", fs::read_to_string("loop-a"));
    show("what it leads to", fs::metadata("loop-a").map(|found| kind(&found)));
    show("what it is", fs::symlink_metadata("loop-a").map(|found| kind(&found)));
    show("what it says", fs::read_link("loop-a"));
    show("through it", fs::read_to_string("loop-a/file"));
    show("exists", fs::exists("loop-a"));
    show("Path::exists", Ok(Path::new("loop-a").exists()));
    show("listing", fs::read_dir("loop-a").map(Iterator::count));
    show("writing", fs::write("loop-a", "text"));
    show("removing", fs::remove_file("loop-a"));
}

/// Links are checked when they are followed; absolute ones already when they are created.
fn create() {
    for target in ["file", "./subdir/../file", "missing", "../outside", "/dev/null", ""] {
        show(&format!("make a link to {target:?}"), symlink(target, "new"));
        show("    says", fs::read_link("new"));
        show("    leads to", fs::metadata("new").map(|found| kind(&found)));
        let _ = fs::remove_file("new");
    }
    show("make a link where a file is", symlink("file", "file"));
    show("make a link where a link is", symlink("file", "dangling"));
    show("make a link of name new/", symlink("subdir", "new/"));
}

fn write() {
    show("create_new where a link dangles", fs::File::create_new("dangling").map(|_| ()));
    show("write to the dangling link", fs::write("dangling", "text\n"));
    show("write to the link", fs::write("link", "text\n"));
    show("copy the link", fs::copy("link", "copy"));
    show("the copy is", fs::symlink_metadata("copy").map(|found| kind(&found)));
    show("copy to a link", fs::copy("subdir/inside", "link"));
    show("hard link of the link", fs::hard_link("link", "hard"));
    show("that is", fs::symlink_metadata("hard").map(|found| kind(&found)));
    show("create_dir where a link is", fs::create_dir("subdir-link"));
    show("create_dir_all where a link is", fs::create_dir_all("subdir-link"));
    show("create_dir_all through a link", fs::create_dir_all("subdir-link/a/b"));
}

fn remove() {
    show("remove_dir of a link", fs::remove_dir("subdir-link"));
    show("remove_dir of subdir-link/", fs::remove_dir("subdir-link/"));
    show("remove_file of subdir-link/", fs::remove_file("subdir-link/"));
    show("remove_dir_all of subdir-link/", fs::remove_dir_all("subdir-link/"));
    show("remove_dir_all of a link", fs::remove_dir_all("subdir-link"));
    show("remove_file of a link", fs::remove_file("subdir-link-slash"));
    show("renaming a link", fs::rename("link", "renamed"));
    show("that is", fs::symlink_metadata("renamed").map(|found| kind(&found)));
    show("renaming a file over a link", fs::rename("file", "renamed"));
    show("that is", fs::symlink_metadata("renamed").map(|found| kind(&found)));
}

#[expect(deprecated, reason = "its replacements differ by system, and are not stable for WASI")]
fn symlink(target: &str, link: &str) -> io::Result<()> {
    fs::soft_link(target, link)
}

/// Lists the files to back up, below a directory that is given as a link with a slash, as shells complete it.
fn walk() {
    for root in ["subdir", "subdir-link/"] {
        let mut files = Vec::new();
        show(&format!("files below {root}"), collect(Path::new(root), &mut files).map(|()| files));
    }
}

/// Adds the files at or below `path` to `files`. Links are not followed.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if found.is_file() {
        files.push(path.into());
    }
    Ok(())
}

fn kind(metadata: &fs::Metadata) -> &'static str {
    match metadata.file_type() {
        kind if kind.is_symlink() => "a link",
        kind if kind.is_dir() => "a directory",
        kind if kind.is_file() => "a file",
        _ => "something else",
    }
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
