//! Creates files with names that are not plain ASCII, lists them, and uses a link to a non-UTF-8 name.

use std::env;
use std::ffi::OsString;
use std::fmt::Debug;
use std::fs;
use std::io;
use std::path::PathBuf;

fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("unicode") => unicode()?,
        Some("bytes") => bytes()?,
        Some("link") => link()?,
        _ => eprintln!("usage: fs-names unicode|bytes|link"),
    }
    Ok(())
}

fn unicode() -> io::Result<()> {
    fs::create_dir("new")?;
    // Two spellings of one letter, two cases of one name, and characters that a shell would quote.
    for name in [
        "\u{fc}",
        "u\u{308}",
        "Name",
        "name",
        "\u{1f980}",
        "a b",
        "a\nb",
        "a\\b",
        "a*?\"",
        "-",
        " ",
        "a.",
        "...",
    ] {
        fs::write(format!("new/{name}"), name)?;
    }
    for name in names("new")? {
        // No file was overwritten, so each contains its own name.
        println!("{name:?}: {}", fs::read_to_string(format!("new/{name}"))? == name);
    }
    fs::remove_dir_all("new")
}

/// On every target a name is made of bytes, and std on wasip2 offers `OsStrExt`, which makes one, only to nightly Rust.
#[allow(unsafe_code, reason = "that is unsafe only because the bytes might come from another target")]
fn bytes() -> io::Result<()> {
    fs::create_dir("new")?;
    // SAFETY: on Unix and on WASI, all bytes are valid in an OsString.
    let name = unsafe { OsString::from_encoded_bytes_unchecked(b"new/caf\xe9".into()) };
    let path = PathBuf::from(name);
    show(&format!("write {path:?}"), fs::write(&path, "text\n"));
    show(&format!("read {path:?}"), fs::read_to_string(&path));
    show("list new", fs::read_dir("new").map(Iterator::count));
    Ok(())
}

/// The link is in the fixture, and its target is the two bytes ff and fe.
fn link() -> io::Result<()> {
    println!("there are: {:?}", names(".")?);
    show("it is a link", fs::symlink_metadata("odd-link").map(|link| link.is_symlink()));
    show("what it says", fs::read_link("odd-link"));
    show("what it leads to", fs::metadata("odd-link").map(|found| found.is_file()));
    show("write to it", fs::write("odd-link", "text\n"));
    show("read it", fs::read_to_string("odd-link"));
    show("list again", names("."));
    // How many names come before the error depends on the order of the entries, which is the host's.
    match fs::read_dir(".") {
        Ok(entries) => {
            let rest: Vec<_> = entries.skip_while(Result::is_ok).collect();
            println!("errors among the entries: {}", rest.iter().filter(|entry| entry.is_err()).count());
            println!("entries after the first error: {}", rest.len().saturating_sub(1));
        }
        Err(error) => println!("read_dir itself: {error} [{:?}]", error.kind()),
    }
    Ok(())
}

fn names(path: &str) -> io::Result<Vec<String>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into()))
        .collect::<io::Result<Vec<String>>>()?;
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
