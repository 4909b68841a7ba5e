//! Keeps a file open while its name changes, or while another handle writes to it.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    fs::write("file", "0123456789")?;
    match env::args().nth(1).as_deref() {
        Some("removed") => removed(),
        Some("two") => two(),
        _ => {
            eprintln!("usage: fs-handles removed|two");
            Ok(())
        }
    }
}

fn removed() -> io::Result<()> {
    let mut file = File::open("file")?;
    show("rename it", fs::rename("file", "renamed"));
    show("read", text(&mut file, 4));
    show("remove it", fs::remove_file("renamed"));
    show("read on", text(&mut file, 4));
    show("length", file.metadata().map(|found| found.len()));
    show("create it anew", fs::write("file", "new"));
    show("read on", text(&mut file, 4));
    Ok(())
}

fn two() -> io::Result<()> {
    let mut reader = File::open("file")?;
    let mut writer = File::options().write(true).open("file")?;
    show("write", writer.write(b"abc"));
    show("read", text(&mut reader, 4));
    show("cut to 2", writer.set_len(2));
    show("read where nothing is now", text(&mut reader, 4));
    show("write on", writer.write(b"x"));
    show("contents", fs::read("file"));
    fs::remove_file("file")
}

fn text(file: &mut File, length: u64) -> io::Result<String> {
    let mut text = String::new();
    file.take(length).read_to_string(&mut text)?;
    Ok(text)
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
