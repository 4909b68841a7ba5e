//! Listens on loopback, and connects to itself.

use std::env;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = match env::args().nth(1).as_deref() {
        Some("talk") => talk(),
        Some("wait-for-nobody") => wait_for_nobody(),
        Some("in-use") => in_use(),
        Some("again") => again(),
        Some("both-versions") => both_versions(),
        _ => Err(io::Error::other("usage: net-listen talk|wait-for-nobody|in-use|again|both-versions")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{:?}: {error}", error.kind());
            ExitCode::FAILURE
        }
    }
}

fn listen() -> io::Result<TcpListener> {
    TcpListener::bind("127.0.0.1:0")
}

/// One thread is enough: the system completes a connection before it is accepted.
fn talk() -> io::Result<()> {
    let listener = listen()?;
    let address = listener.local_addr()?;
    println!("listening on {}, with a port: {}", address.ip(), address.port() != 0);
    let mut guest = TcpStream::connect(address)?;
    let (mut host, from) = listener.accept()?;
    println!("accepted whom the guest says it is: {}", from == guest.local_addr()?);
    println!("both name each other: {}", host.peer_addr()? == from && guest.peer_addr()? == address);

    guest.write_all(b"hello")?;
    guest.shutdown(Shutdown::Write)?;
    let mut heard = String::new();
    host.read_to_string(&mut heard)?;
    println!("the host heard: {heard}");
    host.write_all(b"goodbye")?;
    drop(host);
    heard.clear();
    guest.read_to_string(&mut heard)?;
    println!("the guest heard: {heard}");
    Ok(())
}

fn wait_for_nobody() -> io::Result<()> {
    let listener = listen()?;
    listener.set_nonblocking(true)?;
    listener.accept().map(|_| println!("somebody came"))
}

fn in_use() -> io::Result<()> {
    let address = listen()?;
    TcpListener::bind(address.local_addr()?).map(|_| println!("two listen on one port"))
}

/// The side that closes first keeps the port for a while; binding it again must be explicitly allowed.
fn again() -> io::Result<()> {
    let listener = listen()?;
    let address = listener.local_addr()?;
    let mut guest = TcpStream::connect(address)?;
    drop(listener.accept()?);
    drop(listener);
    println!("read at the end: {}", guest.read(&mut [0])?);
    TcpListener::bind(address).map(|_| println!("listening on the same port again"))
}

/// Listens on all addresses of IPv6, which on Linux includes those of IPv4.
fn both_versions() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0))?;
    let port = listener.local_addr()?.port();
    TcpStream::connect((Ipv6Addr::LOCALHOST, port))?;
    println!("reached through IPv6");
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    println!("reached through IPv4");
    Ok(())
}
