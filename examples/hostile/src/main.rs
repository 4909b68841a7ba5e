//! Tries what a hostile module would try, and prints the result of each attempt. Natively all of it
//! works; under wasmtime it depends on what is granted.

use std::env;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::process::Command;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("proc") => proc(),
        _ => attempts(),
    }
}

/// What is beside the directory `given` is out of reach if no more than `given` is granted.
fn attempts() {
    say("read a neighbour", fs::read_to_string("outside/secret.txt").map(|text| text.trim_end().into()));
    say(
        "read by way of `..`",
        fs::read_to_string("given/../outside/secret.txt").map(|text| text.trim_end().into()),
    );
    say("read through a link", fs::read_to_string("given/link-out").map(|text| text.trim_end().into()));
    say("list the neighbours", fs::read_dir("outside").map(|entries| format!("{} entries", entries.count())));
    say("write by way of `..`", done(fs::write("given/../outside/planted.txt", "planted\n")));
    say("write through a link", done(fs::write("given/link-out", "overwritten\n")));
    say("move out what was given", done(fs::rename("given/note.txt", "given/../outside/note.txt")));
    say("remove a neighbour", done(fs::remove_file("outside/victim.txt")));
    say("make a link out", done(fs::hard_link("outside/secret.txt", "given/hard-link")));
    say("read a variable", env::var("SECRET").map_err(io::Error::other));
    say("listen on the network", done(TcpListener::bind("127.0.0.1:0")));
    say("start a program", done(Command::new("/bin/true").status()));
}

/// On Linux, a process can read its variables in a file. Under wasmtime, that process is wasmtime.
fn proc() {
    let file = fs::read("/proc/self/environ");
    say(
        "read a variable of the process",
        file.and_then(|bytes| {
            let found = bytes.split(|byte| *byte == 0).find_map(|variable| variable.strip_prefix(b"SECRET="));
            let value = found.ok_or(io::Error::other("it is not there"))?;
            Ok(String::from_utf8_lossy(value).into_owned())
        }),
    );
}

fn done<T>(result: io::Result<T>) -> io::Result<String> {
    result.map(|_| "done".into())
}

fn say(attempt: &str, result: io::Result<String>) {
    match result {
        Ok(said) => println!("{attempt}: {said}"),
        Err(error) => println!("{attempt}: refused: {error}"),
    }
}
