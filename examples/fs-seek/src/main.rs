//! Moves around in a file, and prints the position and the contents.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

fn main() -> io::Result<()> {
    fs::write("file", "0123456789")?;
    match env::args().nth(1).as_deref() {
        Some("append") => append(),
        Some("append-read") => append_read(),
        Some("end") => end(),
        Some("mixed") => mixed(),
        Some("follow") => follow(),
        Some("beyond") => beyond(),
        Some("limits") => limits(),
        Some("length") => length(),
        _ => {
            eprintln!("usage: fs-seek append|append-read|end|mixed|follow|beyond|limits|length");
            Ok(())
        }
    }
}

/// In append mode every write goes to the end, regardless of the position.
fn append() -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).open("file")?;
    show("seek to 2", file.seek(SeekFrom::Start(2)));
    show("write", file.write(b"ab"));
    show("write on", file.write(b"cd"));
    show("contents", fs::read_to_string("file"));
    fs::write("file", "x")?;
    show("write after another emptied it", file.write(b"ef"));
    show("contents", fs::read_to_string("file"));
    fs::remove_file("file")
}

/// Reading from a file in append mode begins at the position, which is the start.
fn append_read() -> io::Result<()> {
    let open = || OpenOptions::new().read(true).append(true).open("file");
    let mut file = open()?;
    show("position when opened", file.stream_position());
    show("read 2", text(&mut file, 2));
    show("position", file.stream_position());
    show("read 2", text(&mut file, 2));
    show("seek to 2", file.seek(SeekFrom::Start(2)));
    show("2 further", file.seek(SeekFrom::Current(2)));
    show("read 2", text(&mut file, 2));
    // These two ask for the position, to know how much memory they need.
    let mut file = open()?;
    show("read_to_string", whole(&mut file));
    file.rewind()?;
    show("rewind, read_to_string", whole(&mut file));
    file.rewind()?;
    show("rewind, read_to_end", file.read_to_end(&mut Vec::new()));
    file.rewind()?;
    show("rewind, read_to_string of a BufReader", whole(BufReader::new(&file)));
    // These do not ask for it.
    file.rewind()?;
    show(
        "rewind, first line of a BufReader",
        BufReader::new(&file).lines().next().unwrap_or(Ok("none".into())),
    );
    file.rewind()?;
    show("rewind, read_to_string of take", whole(file.take(u64::MAX)));
    fs::remove_file("file")
}

/// Goes to the end after a write or a read, as programs do that keep a header at the start of a file.
fn end() -> io::Result<()> {
    let open = || OpenOptions::new().read(true).write(true).open("file");
    let mut file = open()?;
    show("write 2", file.write(b"ab"));
    show("seek to the end", file.seek(SeekFrom::End(0)));
    show("write 2", file.write(b"cd"));
    show("contents", fs::read_to_string("file"));
    fs::write("file", "0123456789")?;
    let mut file = open()?;
    show("read 2", text(&mut file, 2));
    show("seek to the end", file.seek(SeekFrom::End(0)));
    show("read 2", text(&mut file, 2));
    let mut file = open()?;
    show("write 2", file.write(b"ab"));
    let length = file.metadata()?.len();
    show("seek to the length", file.seek(SeekFrom::Start(length)));
    show("write 2", file.write(b"cd"));
    show("contents", fs::read_to_string("file"));
    fs::remove_file("file")
}

/// Alternates reads and writes through one handle, which has one position.
fn mixed() -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open("file")?;
    show("read 2", text(&mut file, 2));
    show("write 2", file.write(b"ab"));
    show("read 2", text(&mut file, 2));
    show("write 2", file.write(b"cd"));
    show("contents", fs::read_to_string("file"));
    fs::write("file", "0123456789")?;
    show("rewind", file.rewind());
    show("read 2", text(&mut file, 2));
    show("write 2", file.write(b"ab"));
    show("ask for the position", file.stream_position());
    show("read 2", text(&mut file, 2));
    fs::write("file", "0123456789")?;
    show("rewind", file.rewind());
    show("read 2", text(&mut file, 2));
    show("forward and back, write 2", forward_and_back(&mut file).and_then(|()| file.write(b"ab")));
    show("forward and back, read 2", forward_and_back(&mut file).and_then(|()| text(&mut file, 2)));
    show("forward and back, write 2", forward_and_back(&mut file).and_then(|()| file.write(b"cd")));
    show("contents", fs::read_to_string("file"));
    fs::remove_file("file")
}

/// Reads to the end, sees the end, and reads again after another handle has written more.
fn follow() -> io::Result<()> {
    let mut reader = File::open("file")?;
    let mut writer = OpenOptions::new().append(true).open("file")?;
    show("read 20", text(&mut reader, 20));
    show("read on", text(&mut reader, 20));
    show("more is written", writer.write(b"more"));
    show("read on", text(&mut reader, 20));
    show("ask for the position", reader.stream_position());
    show("read on", text(&mut reader, 20));
    show("still more is written", writer.write(b" and more"));
    show("forward and back, read on", forward_and_back(&mut reader).and_then(|()| text(&mut reader, 20)));
    fs::remove_file("file")
}

/// Leaves the position and comes back. This changes nothing, except that wasi-libc for wasip2 then opens its
/// streams anew, at the position.
fn forward_and_back(file: &mut File) -> io::Result<()> {
    file.seek_relative(1)?;
    file.seek_relative(-1)
}

/// There is nothing to read past the end; writing there leaves a hole.
fn beyond() -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open("file")?;
    show("seek behind the end", file.seek(SeekFrom::End(2)));
    show("read there", file.read(&mut [0; 4]));
    show("write nothing there", file.write(b""));
    show("length", file.metadata().map(|found| found.len()));
    show("write there", file.write(b"x"));
    show("length", file.metadata().map(|found| found.len()));
    show("contents", fs::read("file"));
    show("seek to 5 GiB", file.seek(SeekFrom::Start(5 << 30)));
    show("write there", file.write(b"x"));
    show("length", file.metadata().map(|found| found.len()));
    show("back from the end", file.seek(SeekFrom::End(-1)));
    let mut last = [0];
    show("read", file.read(&mut last));
    println!("last: {last:?}");
    // A file that is left behind would appear in the snapshot.
    fs::remove_file("file")
}

fn limits() -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open("file")?;
    show("before the start", file.seek(SeekFrom::Current(-1)));
    show("before the start, from the end", file.seek(SeekFrom::End(-11)));
    show("to 2^63", file.seek(SeekFrom::Start(1 << 63)));
    show("to the end", file.seek(SeekFrom::End(0)));
    show("seek_relative", file.seek_relative(-4));
    show("position", file.stream_position());
    show("set_len to 2^63", file.set_len(1 << 63));
    let mut lines = BufReader::new(File::open("file")?);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    show("position of a reader with a buffer", lines.stream_position());
    fs::remove_file("file")
}

fn length() -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open("file")?;
    show("seek to 8", file.seek(SeekFrom::Start(8)));
    show("cut to 4", file.set_len(4));
    show("position", file.stream_position());
    show("read there", file.read(&mut [0; 4]));
    show("write there", file.write(b"x"));
    show("contents", fs::read("file"));
    show("lengthen to 12", file.set_len(12));
    show("contents", fs::read("file"));
    show("sync_all", file.sync_all());
    show("sync_data", file.sync_data());
    fs::remove_file("file")
}

/// What one call reads; `Read::take` would read again.
fn text(file: &mut File, length: usize) -> io::Result<String> {
    let mut bytes = vec![0; length];
    let read = file.read(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..read]).into_owned())
}

fn whole(mut reader: impl Read) -> io::Result<String> {
    let mut text = String::new();
    reader.read_to_string(&mut text)?;
    Ok(text)
}

/// Prints the result.
fn show<T: Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
