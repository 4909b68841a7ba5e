//! Sends datagrams to itself over loopback.

use std::env;
use std::fmt::Display;
use std::io;
use std::net::UdpSocket;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let result = match env::args().nth(1).as_deref() {
        Some("talk") => talk(),
        Some("connect") => connect(),
        Some("unconnected") => bind().map(|socket| say("sent", socket.send(b"hello"))),
        Some("truncate") => truncate(),
        Some("too-large") => too_large(),
        Some("options") => options(),
        Some("peek") => peek(),
        _ => Err(io::Error::other("usage: net-udp CASE")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{:?}: {error}", error.kind());
            ExitCode::FAILURE
        }
    }
}

fn bind() -> io::Result<UdpSocket> {
    UdpSocket::bind("127.0.0.1:0")
}

fn say<T: Display>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value}"),
        Err(error) => println!("{what}: {:?}: {error}", error.kind()),
    }
}

fn done(what: &str, result: io::Result<()>) {
    say(what, result.map(|()| "done"));
}

fn talk() -> io::Result<()> {
    let (one, other) = (bind()?, bind()?);
    let address = other.local_addr()?;
    println!("on {}, with a port: {}", address.ip(), address.port() != 0);
    println!("sent: {} bytes", one.send_to(b"hello", address)?);
    println!("sent: {} bytes", one.send_to(b"", address)?);
    for _ in 0..2 {
        let mut buffer = [0; 16];
        let (length, from) = other.recv_from(&mut buffer)?;
        println!("received: {:?}", String::from_utf8_lossy(&buffer[..length]));
        println!("from the sender: {}", from == one.local_addr()?);
    }
    Ok(())
}

fn connect() -> io::Result<()> {
    let (one, other, stranger) = (bind()?, bind()?, bind()?);
    one.connect(other.local_addr()?)?;
    println!("peer is the other: {}", one.peer_addr()? == other.local_addr()?);
    one.send(b"hello")?;
    let mut buffer = [0; 16];
    println!("the other received: {} bytes", other.recv(&mut buffer)?);
    stranger.send_to(b"from a stranger", one.local_addr()?)?;
    other.send_to(b"from the peer", one.local_addr()?)?;
    let length = one.recv(&mut buffer)?;
    println!("received: {}", String::from_utf8_lossy(&buffer[..length]));
    Ok(())
}

/// Data that does not fit in the buffer is lost.
fn truncate() -> io::Result<()> {
    let socket = bind()?;
    let address = socket.local_addr()?;
    socket.send_to(b"long", address)?;
    socket.send_to(b"next", address)?;
    let mut buffer = [0; 2];
    for _ in 0..2 {
        say("received", socket.recv(&mut buffer));
        println!("which is {}", String::from_utf8_lossy(&buffer));
    }
    Ok(())
}

fn too_large() -> io::Result<()> {
    let socket = bind()?;
    let address = socket.local_addr()?;
    say("sent 65507 bytes", socket.send_to(&[0; 65_507], address));
    say("sent 65508 bytes", socket.send_to(&[0; 65_508], address));
    Ok(())
}

fn options() -> io::Result<()> {
    let socket = bind()?;
    say("broadcast", socket.broadcast());
    done("set_broadcast", socket.set_broadcast(true));
    say("broadcast", socket.broadcast());
    done("set_ttl", socket.set_ttl(42));
    say("ttl", socket.ttl());
    done("set_multicast_loop_v4", socket.set_multicast_loop_v4(false));
    done("set_multicast_ttl_v4", socket.set_multicast_ttl_v4(1));
    done("set_read_timeout", socket.set_read_timeout(Some(Duration::from_millis(100))));
    done("set_nonblocking", socket.set_nonblocking(true));
    say("recv", socket.recv(&mut [0]));
    say("take_error", socket.take_error().map(|error| error.is_some()));
    Ok(())
}

/// Looks at a datagram before it is received, and uses the socket twice.
fn peek() -> io::Result<()> {
    let socket = bind()?;
    socket.send_to(b"hello", socket.local_addr()?)?;
    say("peek_from", socket.peek_from(&mut [0; 16]).map(|(length, _)| length));
    say("recv_from", socket.recv_from(&mut [0; 16]).map(|(length, _)| length));
    done("try_clone", socket.try_clone().map(drop));
    Ok(())
}
