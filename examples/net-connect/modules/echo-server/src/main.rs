//! Listens on a port of its own, prints the port, and sends back what each connection sends.

use std::io;
use std::net::TcpListener;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let stream = stream?;
        // A connection that breaks off must not affect the next one.
        let _ = io::copy(&mut &stream, &mut &stream);
    }
    Ok(())
}
