//! Splits and joins paths, without accessing any file system.

use std::path::{MAIN_SEPARATOR_STR, Path, PathBuf, is_separator};

fn main() {
    println!("separator: {MAIN_SEPARATOR_STR:?}, a backslash is one: {}", is_separator('\\'));
    for path in ["/x", "x", "", "C:\\x", "\\\\server\\share"] {
        println!("{path:?} is absolute: {}", Path::new(path).is_absolute());
    }
    for path in ["/a//b/./c/../d/", "./a", "C:\\a\\b", "//a"] {
        println!("components of {path:?}: {:?}", Path::new(path).components().collect::<Vec<_>>());
    }
    println!("parents: {:?}", Path::new("/a/b").ancestors().collect::<Vec<_>>());
    for other in ["b", "/b", "../b"] {
        println!("/a joined with {other:?}: {:?}", Path::new("/a").join(other));
    }
    println!("prefix taken off: {:?}", Path::new("/a/b").strip_prefix("/a").ok());
    println!("no such prefix: {:?}", Path::new("/ab").strip_prefix("/a").map_err(|error| error.to_string()));
    println!(
        "starts with /a: {} {}",
        Path::new("/a/b").starts_with("/a"),
        Path::new("/ab").starts_with("/a")
    );
    for name in ["a.tar.gz", ".hidden", "a.", ".."] {
        let path = Path::new(name);
        println!("{name:?}: stem {:?}, extension {:?}", path.file_stem(), path.extension());
    }
    println!("another extension: {:?}", Path::new("a/b.txt").with_extension("rs"));
    println!("another name: {:?}", Path::new("a/b.txt").with_file_name("c"));
    println!("equal: {} {}", Path::new("a/b/") == Path::new("a//b"), Path::new("a/B") == Path::new("a/b"));
    println!("ordered: {:?}", Path::new("a/b").cmp(Path::new("a-b")));
    let parts: PathBuf = ["a", "b", "..", "c"].iter().collect();
    println!("collected: {parts:?}");
}
