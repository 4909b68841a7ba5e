//! Listens on a port of its own, prints the port, leaves the next connection in the air, and then refuses it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

fn main() -> io::Result<()> {
    // std's listeners have room for many connections that wait to be accepted. This one has room for one:
    // Linux does not answer those that come after it, and they ask again after a second.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(0)?;
    let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::InvalidData)?;
    let first = TcpStream::connect(address)?;
    println!("{}", address.port());

    // Once somebody asks, there is nobody any more, which is the answer when they ask again. Linux lists
    // the connections of all processes; 02 is the state of one that has asked, and has no answer yet.
    let asked = format!(":{:04X} 02 ", address.port());
    while !std::fs::read_to_string("/proc/net/tcp")?.contains(&asked) {
        thread::sleep(Duration::from_millis(20));
    }
    drop((socket, first));
    loop {
        thread::park();
    }
}
