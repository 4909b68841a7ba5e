//! Tries to get out of the directory `given`, one attempt per line. Natively nothing prevents it; a
//! guest that was granted only `given` must leave everything outside it unchanged.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io;
use std::time::SystemTime;

fn main() -> io::Result<()> {
    let attempts = env::args().nth(1);
    if attempts.as_deref() != Some("host") {
        // If no directory is granted, everything below fails in the same way: report that once.
        fs::metadata("given/note.txt")?;
    }
    match attempts.as_deref() {
        Some("dots") => dots(),
        Some("links") => links(),
        Some("slashes") => slashes(),
        Some("changes") => changes(),
        Some("moves") => moves(),
        Some("host") => host(),
        _ => eprintln!("usage: fs-escapes dots|links|slashes|changes|moves|host"),
    }
    Ok(())
}

/// `..` that stays inside, and `..` that does not.
fn dots() {
    show("inside", read("given/inner/../note.txt"));
    show("to the top and no further", read("given/inner/../../given/note.txt"));
    show("out", read("given/inner/../../outside/secret.txt"));
    show("out and back in", read("given/../given/note.txt"));
    show("after a missing directory", read("given/missing/../note.txt"));
    show("after a file", read("given/note.txt/../note.txt"));
    show("the parent itself", fs::metadata("given/..").map(|found| found.is_dir()));
    show("whether something is there", fs::exists("given/../outside/secret.txt"));
    show("above the root", read("/../given/note.txt"));
}

/// Links that lead out, inspected and followed.
fn links() {
    show("what the link says", fs::read_link("given/secret"));
    show("its own length", fs::symlink_metadata("given/secret").map(|link| link.len()));
    show("its target's length", fs::metadata("given/secret").map(|file| file.len()));
    show("whether its target exists", fs::exists("given/secret"));
    show("read through it", read("given/secret"));
    show("read below a link", read("given/out/secret.txt"));
    show("list a link", fs::read_dir("given/out").map(Iterator::count));
    show("out and back in by a link", read("given/out/../given/note.txt"));
    show("a link to /proc/self/root", fs::metadata("given/root").map(|found| found.is_dir()));
    show("below it", fs::metadata("given/root/proc").map(|found| found.is_dir()));
    show("what it says", fs::read_link("given/root"));
}

/// The same with a slash at the end of the path or of the link's target: a kernel follows such a
/// link even if it is asked not to.
fn slashes() {
    for path in ["given/out/", "given/out-slash", "given/out-slash/"] {
        show(&format!("{path} is a link"), fs::symlink_metadata(path).map(|found| found.is_symlink()));
        show(&format!("{path} leads to a directory"), fs::metadata(path).map(|found| found.is_dir()));
        show(&format!("{path} lists"), fs::read_dir(path).map(Iterator::count));
    }
    show("read below it", read("given/out-slash/secret.txt"));
    show("rename given/out-slash/", fs::rename("given/out-slash/", "given/moved"));
    show("rename to given/out/", fs::rename("given/inner", "given/out/"));
    show("hard link given/secret/", fs::hard_link("given/secret/", "given/hard"));
    show("remove_dir given/out/full", fs::remove_dir("given/out/full"));
    show("remove_dir_all given/out/", fs::remove_dir_all("given/out/"));
    show("remove_dir_all given/out-slash", fs::remove_dir_all("given/out-slash"));
}

/// All kinds of changes, through links.
fn changes() {
    show("create through a dangling link", fs::write("given/planted", "planted\n"));
    show("create below a link", fs::write("given/out/new.txt", "new\n"));
    show("overwrite through a link", fs::write("given/secret", "overwritten\n"));
    show(
        "set its time",
        File::open("given/secret").and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH)),
    );
    show("make a directory out there", fs::create_dir("given/out/made"));
    show("make several", fs::create_dir_all("given/out/made/more"));
    show("make a link out there", symlink("secret.txt", "given/out/link"));
    show("copy in", fs::copy("given/secret", "given/copy.txt"));
    show("remove a file out there", fs::remove_file("given/out/secret.txt"));
    show("remove a full directory out there", fs::remove_dir_all("given/out/full"));
    show("remove the link as a tree", fs::remove_dir_all("given/out"));
    show("remove the parent", fs::remove_dir("given/.."));
}

/// Moves and hard links across the boundary.
fn moves() {
    show("a file out, below a link", fs::rename("given/note.txt", "given/out/note.txt"));
    show("a file in, from below a link", fs::rename("given/out/secret.txt", "given/stolen.txt"));
    show("hard link in", fs::hard_link("given/out/full/full.txt", "given/hard.txt"));
    show("hard link out", fs::hard_link("given/note.txt", "given/out/hard.txt"));
    show("hard link of a link that leads out", fs::hard_link("given/secret", "given/hard-link"));
    show("what that is", fs::symlink_metadata("given/hard-link").map(|found| found.is_symlink()));
    show("read through that", read("given/hard-link"));
    show("rename a link that leads out", fs::rename("given/out", "given/inner/out"));
}

/// The host's own files.
fn host() {
    show("/proc/self/environ", fs::exists("/proc/self/environ"));
    // This is the environment of the process: natively of the program itself, otherwise of wasmtime.
    show("    names HOME", read("/proc/self/environ").map(|environ| environ.contains("HOME=")));
    show("/etc/passwd", fs::exists("/etc/passwd"));
    show("/proc/self/root/proc", fs::exists("/proc/self/root/proc"));
    show("/proc/self/cwd/given", fs::exists("/proc/self/cwd/given"));
    show("what /proc/self/root says", fs::read_link("/proc/self/root"));
}

fn read(path: &str) -> io::Result<String> {
    fs::read_to_string(path)
}

#[expect(deprecated, reason = "its replacements differ by system, and are not stable for WASI")]
fn symlink(target: &str, link: &str) -> io::Result<()> {
    fs::soft_link(target, link)
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
