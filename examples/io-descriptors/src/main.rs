//! Inspects descriptors: the numbers of its streams and files, copies of them, and what remains of a
//! stream whose descriptor was closed.
#![expect(unsafe_code, reason = "a descriptor of std's streams can be closed only as a raw descriptor")]

use std::env;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

fn main() {
    match env::args().nth(1).as_deref() {
        Some("numbers") => {
            println!("stdin {}", io::stdin().as_raw_fd());
            println!("stdout {}", io::stdout().as_raw_fd());
            println!("stderr {}", io::stderr().as_raw_fd());
            let first = File::open("file.txt");
            let second = File::open("file.txt");
            say("first file", first.as_ref().map(AsRawFd::as_raw_fd));
            say("second file", second.as_ref().map(AsRawFd::as_raw_fd));
            drop(first);
            say("after closing the first", File::open("file.txt").as_ref().map(AsRawFd::as_raw_fd));
        }
        Some("copy") => {
            say("stdout", io::stdout().as_fd().try_clone_to_owned().as_ref().map(|_| "copied"));
            match File::open("file.txt") {
                Err(error) => say::<()>("file", Err(&error)),
                Ok(file) => {
                    say("file", file.try_clone().as_ref().map(|_| "copied"));
                    // A reference reads, too, and shares the position.
                    say("one byte through a reference", (&file).read(&mut [0]).as_ref());
                    let mut same = File::from(OwnedFd::from(file));
                    let mut text = String::new();
                    say("the rest by way of its descriptor", same.read_to_string(&mut text).as_ref());
                }
            }
        }
        Some("closed") => {
            // SAFETY: nothing else owns it, and nothing is opened that could get its number.
            drop(unsafe { OwnedFd::from_raw_fd(1) });
            let written = io::stdout().write_all(b"into the void\n");
            eprintln!("stdout when closed: {written:?}");
        }
        Some("wrong-way") => {
            // SAFETY: these belong to the streams, are not otherwise used meanwhile, and stay open.
            let [mut stdin, mut stdout] =
                [0, 1].map(|number| ManuallyDrop::new(unsafe { File::from_raw_fd(number) }));
            say("writing to stdin", stdin.write(b"x").as_ref());
            say("reading from stdout", stdout.read(&mut [0]).as_ref());
            say("seeking in stdin", stdin.stream_position().as_ref());
            say("seeking in stdout", stdout.stream_position().as_ref());
        }
        Some("stdin-file") => {
            // SAFETY: it belongs to the stream, which is not otherwise used meanwhile, and stays open.
            let mut stdin = ManuallyDrop::new(unsafe { File::from_raw_fd(0) });
            say("is a file", stdin.metadata().map(|found| found.is_file()).as_ref());
            say("length", stdin.metadata().map(|found| found.len()).as_ref());
            say("seeking to 6", stdin.seek(SeekFrom::Start(6)).as_ref());
            let mut rest = String::new();
            say("reading the rest", stdin.read_to_string(&mut rest).as_ref());
            println!("it is {rest:?}");
        }
        _ => eprintln!("usage: io-descriptors numbers|copy|closed|wrong-way|stdin-file"),
    }
}

fn say<T: std::fmt::Debug>(what: &str, result: Result<T, &io::Error>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {:?}: {error}", error.kind()),
    }
}
