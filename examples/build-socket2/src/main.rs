//! Creates a socket with the `socket2` crate, and lets the system choose its port.

use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

fn main() {
    match bind() {
        Ok(port) => println!("bound to a port: {}", port != Some(0)),
        Err(error) => println!("refused: {:?}: {error}", error.kind()),
    }
}

fn bind() -> std::io::Result<Option<u16>> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    Ok(socket.local_addr()?.as_socket().map(|address| address.port()))
}
