//! Listens on a port of its own, prints the port, and answers each HTTP request with its first line,
//! except for the page `never`.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    let mut unanswered = Vec::new();
    for stream in listener.incoming() {
        // A connection that breaks off must not affect the next one.
        if let Ok(Some(stream)) = stream.and_then(answer) {
            unanswered.push(stream);
        }
    }
    Ok(())
}

/// Answers one request, or returns the connection if it is not to be answered.
fn answer(mut stream: TcpStream) -> io::Result<Option<TcpStream>> {
    let mut lines = BufReader::new(&stream).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    // An empty line ends the request.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    if request.contains("/never") {
        return Ok(Some(stream));
    }
    let length = request.len();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{request}")?;
    Ok(None)
}
