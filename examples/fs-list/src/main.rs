//! Lists, creates and removes directories, and prints the results.

use std::env;
use std::fmt::Debug;
use std::fs;
use std::io;

fn main() -> io::Result<()> {
    // If no directory is granted, everything below fails in the same way: report that once.
    fs::metadata("subdir/a")?;
    match env::args().nth(1).as_deref() {
        Some("entries") => entries()?,
        Some("remove-while-reading") => remove_while_reading()?,
        Some("remove-tree") => remove_tree()?,
        Some("many") => many()?,
        Some("make") => make(),
        Some("remove") => remove(),
        Some("root") => root(),
        _ => eprintln!("usage: fs-list entries|remove-while-reading|remove-tree|many|make|remove|root"),
    }
    Ok(())
}

fn entries() -> io::Result<()> {
    let mut entries = fs::read_dir("subdir")?.collect::<io::Result<Vec<_>>>()?;
    // The order is the host's, and has no meaning.
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        let kind = (kind.is_dir(), kind.is_file(), kind.is_symlink());
        let link = entry.metadata()?.is_symlink();
        println!(
            "{:?} {}: dir, file, link {kind:?}; by metadata a link: {link}",
            entry.file_name(),
            entry.path().display()
        );
    }
    show("list a file", fs::read_dir("subdir/a").map(Iterator::count));
    show("list what is not there", fs::read_dir("missing").map(Iterator::count));
    show("list a file's slash", fs::read_dir("subdir/a/").map(Iterator::count));
    Ok(())
}

/// Creates so many entries that no buffer holds them all.
fn fill() -> io::Result<()> {
    fs::create_dir("many")?;
    (0..1000).try_for_each(|number| fs::write(format!("many/entry-{number:04}"), ""))
}

/// Removes each entry as soon as it is read.
fn remove_while_reading() -> io::Result<()> {
    fill()?;
    let mut seen = 0;
    for entry in fs::read_dir("many")? {
        fs::remove_file(entry?.path())?;
        seen += 1;
    }
    let left = fs::read_dir("many")?.count();
    println!("seen {seen}, left {left}");
    // Entries that are left behind would appear in the snapshot, one per file.
    let rest: Vec<_> = fs::read_dir("many")?.collect();
    rest.into_iter().try_for_each(|entry| fs::remove_file(entry?.path()))?;
    show("reading the rest before removing it", fs::remove_dir("many"));
    Ok(())
}

/// Nothing changes while this reads.
fn many() -> io::Result<()> {
    fill()?;
    show("entries", Ok(fs::read_dir("many")?.count()));
    fs::remove_dir_all("many")
}

fn remove_tree() -> io::Result<()> {
    fill()?;
    show("remove_dir_all", fs::remove_dir_all("many"));
    show("it is still there", fs::exists("many"));
    Ok(())
}

fn make() {
    show("a directory", fs::create_dir("made"));
    show("again", fs::create_dir("made"));
    show("all of it again", fs::create_dir_all("made"));
    show("where the parent is missing", fs::create_dir("missing/made"));
    show("all of it", fs::create_dir_all("missing/made/deep"));
    show("with dots", fs::create_dir_all("./made/../other/."));
    show("with slashes", fs::create_dir_all("made//a///b/"));
    show("where a file is", fs::create_dir("subdir/a"));
    show("all of it, where a file is", fs::create_dir_all("subdir/a"));
    show("below a file", fs::create_dir_all("subdir/a/below"));
    show("where a link dangles", fs::create_dir("subdir/dangling"));
    show("all of it, where a link dangles", fs::create_dir_all("subdir/dangling"));
    show("where we are", fs::create_dir("."));
    show("all of it, where we are", fs::create_dir_all("."));
    show("all of nothing", fs::create_dir_all(""));
}

fn remove() {
    show("remove_dir of a full one", fs::remove_dir("subdir"));
    show("remove_dir of a file", fs::remove_dir("subdir/a"));
    show("remove_dir of what is not there", fs::remove_dir("missing"));
    show("remove_file of a directory", fs::remove_file("subdir/inner"));
    show("remove_file of what is not there", fs::remove_file("missing"));
    show("remove_dir_all of a file", fs::remove_dir_all("subdir/a"));
    show("remove_dir_all of what is not there", fs::remove_dir_all("missing"));
    show("remove_dir_all with a dot", fs::remove_dir_all("subdir/inner/."));
    show("remove_dir_all", fs::remove_dir_all("subdir"));
}

/// What a guest sees at its root.
fn root() {
    show("list .", names("."));
    show("list subdir/..", names("subdir/.."));
    show("metadata of .", fs::metadata(".").map(|found| found.is_dir()));
    show("metadata of /", fs::metadata("/").map(|found| found.is_dir()));
    show("list ./subdir/inner", names("./subdir/inner"));
    // From here on, `.` is not the root.
    show("go to subdir", env::set_current_dir("subdir"));
    show("inner exists", fs::exists("inner"));
    show("/inner exists", fs::exists("/inner"));
}

fn names(path: &str) -> io::Result<Vec<String>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
