//! Listens on a port of its own, says which, and sends back what each connection sends.

use std::io;
use std::net::TcpListener;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let stream = stream?;
        // One that goes away in the middle of its talk is none of the next one's business.
        let _ = io::copy(&mut &stream, &mut &stream);
    }
    Ok(())
}
