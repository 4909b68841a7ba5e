//! Writes, reads, lists, renames and removes files, as most programs do.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("files") => files(),
        Some("handles") => handles(),
        Some("directories") => directories(),
        _ => {
            eprintln!("usage: fs-everyday files|handles|directories");
            Ok(())
        }
    }
}

fn files() -> io::Result<()> {
    fs::write("notes.txt", "one\ntwo\n")?;
    println!("text: {:?}", fs::read_to_string("notes.txt")?);
    println!("bytes: {:?}", fs::read("notes.txt")?);
    println!("copied: {}", fs::copy("notes.txt", "copy.txt")?);
    fs::rename("copy.txt", "renamed.txt")?;
    println!("there: {} {}", fs::exists("copy.txt")?, fs::exists("renamed.txt")?);
    fs::remove_file("renamed.txt")?;
    let metadata = fs::metadata("notes.txt")?;
    println!("{} bytes, a file: {}, a directory: {}", metadata.len(), metadata.is_file(), metadata.is_dir());
    println!("modified just now: {}", metadata.modified()?.elapsed().is_ok_and(|age| age.as_secs() < 60));
    println!("a missing one: {:?}", fs::read_to_string("missing.txt").map_err(|error| error.kind()));
    Ok(())
}

fn handles() -> io::Result<()> {
    let mut writer = BufWriter::new(File::create("lines.txt")?);
    writeln!(writer, "one")?;
    writeln!(writer, "two")?;
    writer.flush()?;
    OpenOptions::new().append(true).create(true).open("lines.txt")?.write_all(b"three\n")?;
    for line in BufReader::new(File::open("lines.txt")?).lines() {
        println!("line: {}", line?);
    }
    let mut file = OpenOptions::new().read(true).write(true).open("lines.txt")?;
    file.seek(SeekFrom::Start(4))?;
    file.write_all(b"TWO")?;
    file.rewind()?;
    let mut start = [0; 3];
    file.read_exact(&mut start)?;
    let mut rest = String::new();
    println!("read {} bytes more", file.read_to_string(&mut rest)?);
    println!("{start:?} and {rest:?}");
    file.set_len(3)?;
    file.sync_all()?;
    println!("truncated to {}", file.metadata()?.len());
    Ok(())
}

fn directories() -> io::Result<()> {
    fs::create_dir_all("tree/branch/twig")?;
    fs::write("tree/leaf", "")?;
    let mut entries = fs::read_dir("tree")?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let file_type = entry.file_type()?;
        println!(
            "{}: a directory: {}, a file: {}",
            entry.path().display(),
            file_type.is_dir(),
            file_type.is_file()
        );
    }
    println!("create again: {:?}", fs::create_dir("tree").map_err(|error| error.kind()));
    println!("remove, not empty: {:?}", fs::remove_dir("tree").map_err(|error| error.kind()));
    fs::remove_dir("tree/branch/twig")?;
    fs::remove_dir_all("tree")?;
    println!("still there: {}", fs::exists("tree")?);
    Ok(())
}
