//! Changes the current directory, then names it, its parent, and what is in it, and prints the results.

use std::env;
use std::fmt::Debug;
use std::fs;
use std::io;

fn main() -> io::Result<()> {
    // If no directory is granted, everything below fails in the same way: report that once.
    fs::metadata("dir")?;
    match env::args().nth(1).as_deref() {
        Some("nowhere") => nowhere(),
        Some("empty") => empty(),
        Some("dot") => dot(),
        Some("move") => move_it(),
        Some("up") => up(),
        Some("former") => former(enter),
        Some("former-resolved") => former(enter_resolved),
        Some("link") => link(enter),
        Some("link-resolved") => link(enter_resolved),
        _ => eprintln!("usage: fs-current nowhere|empty|dot|move|up|former[-resolved]|link[-resolved]"),
    }
    Ok(())
}

/// As with a variable that is set, but empty.
fn nowhere() {
    enter("");
    enter("dir");
    enter("");
    show("current_dir", env::current_dir());
}

fn empty() {
    enter("dir");
    show("read_dir of the empty path", fs::read_dir("").map(Iterator::count));
    show("remove_dir_all of the empty path", fs::remove_dir_all(""));
}

fn dot() {
    enter("dir/inner");
    show("remove_dir_all of .", fs::remove_dir_all("."));
    show("remove_dir of .", fs::remove_dir("."));
    show("write", fs::write("new", "new\n"));
}

fn move_it() {
    enter("dir");
    show("rename . to .", fs::rename(".", "."));
    show("rename . to inner", fs::rename(".", "inner"));
    show("rename . to ../moved", fs::rename(".", "../moved"));
    show("write", fs::write("new", "new\n"));
}

fn up() {
    enter("dir/inner");
    show("remove_file of ..", fs::remove_file(".."));
    show("remove_dir of ..", fs::remove_dir(".."));
    show("rename .. to ../../moved", fs::rename("..", "../../moved"));
    show("remove_dir_all of ..", fs::remove_dir_all(".."));
    show("write ../new", fs::write("../new", "new\n"));
}

/// Removes a directory that was the current one before.
fn former(enter: fn(&str)) {
    enter("dir/inner");
    enter("..");
    show("remove_dir_all of inner", fs::remove_dir_all("inner"));
    show("exists note", fs::exists("note"));
    show("write", fs::write("new", "new\n"));
}

/// Makes a link lead elsewhere after it led to the current directory, as when a release replaces another.
fn link(enter: fn(&str)) {
    enter("link");
    show("soft_link", soft_link("other", "../link.new"));
    show("rename it to link", fs::rename("../link.new", "../link"));
    show("write", fs::write("new", "new\n"));
}

#[expect(deprecated, reason = "its replacements differ by system, and are not stable for WASI")]
fn soft_link(target: &str, link: &str) -> io::Result<()> {
    fs::soft_link(target, link)
}

fn enter(path: &str) {
    show(&format!("set_current_dir({path:?})"), env::set_current_dir(path));
}

/// A path without links and `..` stays right when they lead elsewhere.
fn enter_resolved(path: &str) {
    let resolved = fs::canonicalize(path).and_then(env::set_current_dir);
    show(&format!("set_current_dir({path:?}), resolved"), resolved);
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
