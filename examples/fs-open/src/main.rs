//! Opens things that are not plain files, by names that are edge cases, and prints the results.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    // If no directory is granted, everything below fails in the same way: report that once.
    fs::metadata("file")?;
    match env::args().nth(1).as_deref() {
        Some("directory") => directory(),
        Some("long") => long(),
        Some("slash") => slash(),
        Some("existing") => existing(),
        Some("wrong-way") => wrong_way()?,
        _ => eprintln!("usage: fs-open directory|long|slash|existing|wrong-way"),
    }
    Ok(())
}

fn directory() {
    say("opening it", File::open("subdir"));
    show("reading it", File::open("subdir").and_then(|mut subdir| subdir.read(&mut [0; 8])));
    show("its text", fs::read_to_string("subdir"));
    say("opening it for writing", OpenOptions::new().write(true).open("subdir"));
    say("creating a file of its name", File::create("subdir"));
    say("writing it", fs::write("subdir", "text"));
    say("copying it", fs::copy("subdir", "copy"));
    say("removing it as a file", fs::remove_file("subdir"));
}

fn long() {
    say("a name of 255 bytes", File::create("n".repeat(255)));
    say("removing it", fs::remove_file("n".repeat(255)));
    say("a name of 256 bytes", File::create("n".repeat(256)));
    say("a path of 4095 bytes", File::open("subdir/../".repeat(409) + "/file"));
    say("a path of 4096 bytes", File::open("subdir/../".repeat(409) + "//file"));
    say("a path of 4096 bytes, nearly all `./`", File::open("./".repeat(2045) + "//file"));
    say("a path with a NUL", File::open("fi\0le"));
}

fn slash() {
    say("opening file/", File::open("file/"));
    say("opening file/.", File::open("file/."));
    say("opening file/..", File::open("file/.."));
    say("opening file/inside", File::open("file/inside"));
    say("opening .//file", File::open(".//file"));
    say("metadata of file/", fs::metadata("file/"));
    show("exists file/", fs::exists("file/"));
    say("creating new/", File::create("new/"));
    say("creating subdir/", File::create("subdir/"));
    say("removing file/", fs::remove_file("file/"));
    say("create_dir made/", fs::create_dir("made/"));
    say("remove_dir made/", fs::remove_dir("made/"));
    // The components of a path do not include a slash at its end.
    let without_slash: PathBuf = Path::new("other/").components().collect();
    say("create_dir other/", fs::create_dir("other/"));
    say("remove_dir other", fs::remove_dir(without_slash));
    say("remove_dir subdir/.", fs::remove_dir("subdir/."));
    say("create_dir subdir/..", fs::create_dir("subdir/.."));
}

fn existing() {
    let new = OpenOptions::new;
    say("create_new on a file", File::create_new("file"));
    say("create_new on a directory", File::create_new("subdir"));
    say("create_new + truncate", new().write(true).create_new(true).truncate(true).open("file"));
    show("its text", fs::read_to_string("file"));
    say("write over its start", new().write(true).open("file").and_then(|mut file| file.write_all(b"A")));
    show("its text", fs::read_to_string("file"));
    say("append", new().append(true).open("file").and_then(|mut file| file.write_all(b"more\n")));
    show("its text", fs::read_to_string("file"));
    say("create", File::create("file"));
    show("its text", fs::read_to_string("file"));
    say("write to a missing file", new().write(true).open("missing"));
    say("create in a missing directory", File::create("missing/file"));
}

fn wrong_way() -> io::Result<()> {
    let mut reader = File::open("file")?;
    show("write to a reader", reader.write(b"text"));
    show("write nothing to a reader", reader.write(b""));
    say("set_len on a reader", reader.set_len(1));
    say("sync_all on a reader", reader.sync_all());
    let mut writer = OpenOptions::new().write(true).open("file")?;
    show("read from a writer", writer.read(&mut [0; 8]));
    show("read nothing from a writer", writer.read(&mut []));
    say("set_len on a writer", writer.set_len(1));
    say("sync_data on a writer", writer.sync_data());
    show("its text", fs::read_to_string("file"));
    Ok(())
}

/// Prints whether it succeeded.
fn say<T>(what: &str, result: io::Result<T>) {
    match result {
        Ok(_) => println!("{what}: done"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
