//! A server of wasmtime's releases, and archives for it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

/// How a server answers every request.
#[derive(Clone)]
pub enum Answer {
    /// With this file.
    File(Vec<u8>),
    /// With the first half of this file, after which it closes the connection.
    Half(Vec<u8>),
    /// With the first half of this file, after which it sends nothing more.
    Stalled(Vec<u8>),
    /// It has no such file.
    NotFound,
}

/// A server on a port of this machine, which runs until the test ends.
pub struct Server {
    pub address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start(answer: Answer) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port should be free");
        let port = listener.local_addr().expect("the listener should have an address").port();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, log) = (answer.clone(), Arc::clone(&log));
                thread::spawn(move || serve(stream, &answer, &log));
            }
        });
        Server { address: format!("http://127.0.0.1:{port}"), requests }
    }

    /// The paths that were requested.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panics with the lock").clone()
    }
}

/// Answers one request. A client that goes away is not an error.
fn serve(mut stream: TcpStream, answer: &Answer, log: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_string();
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    log.lock().expect("no test panics with the lock").push(path);
    let (file, length) = match answer {
        Answer::File(file) => (file, file.len()),
        Answer::Half(file) | Answer::Stalled(file) => (file, file.len() / 2),
        Answer::NotFound => {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            return;
        }
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", file.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&file[..length]));
    if let Answer::Stalled(_) = answer {
        loop {
            thread::park();
        }
    }
}

/// An archive as wasmtime publishes it, with the program at this path.
pub fn archive_of(program: &Path, version: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a temporary directory should be made");
    let name = format!("wasmtime-v{version}-{}-linux", std::env::consts::ARCH);
    let inside = directory.path().join(&name);
    fs::create_dir(&inside).expect("the directory should be made");
    fs::copy(program, inside.join("wasmtime")).expect("the program should be copied");
    fs::write(inside.join("LICENSE"), "").expect("the file should be written");
    let archive = directory.path().join("archive");
    let ran = Command::new("tar")
        .args(["--create", "--xz", "--file"])
        .arg(&archive)
        .arg("--directory")
        .arg(directory.path())
        .arg(&name)
        // The fastest level: the program is large.
        .env("XZ_OPT", "-0")
        .status()
        .expect("tar should run");
    assert!(ran.success(), "tar and xz are needed to make an archive");
    fs::read(archive).expect("the archive should be readable")
}
