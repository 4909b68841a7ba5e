//! Connects to the address in its arguments, and prints who answered, and what.

use std::env;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [how, address] = args.as_slice() else {
        eprintln!("usage: net-connect plain|timeout|probe ADDRESS");
        return ExitCode::FAILURE;
    };
    if how == "probe" {
        probe(address);
        return ExitCode::SUCCESS;
    }
    match connect(how, address).and_then(talk) {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{:?}: {error}", error.kind());
            ExitCode::FAILURE
        }
    }
}

fn connect(how: &str, address: &str) -> io::Result<TcpStream> {
    match how {
        "timeout" => {
            let first = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
            TcpStream::connect_timeout(&first, Duration::from_secs(5))
        }
        _ => TcpStream::connect(address),
    }
}

/// Says whether somebody listens there, as programs do that wait for another one to start.
fn probe(address: &str) {
    match connect("timeout", address) {
        Ok(stream) => {
            println!("somebody listens there");
            println!("peer_addr: {:?}", stream.peer_addr().map_err(|error| error.kind()));
            println!("take_error: {:?}", stream.take_error().map(|error| error.map(|error| error.kind())));
        }
        Err(error) => println!("nobody listens there: {:?}", error.kind()),
    }
}

fn talk(mut stream: TcpStream) -> io::Result<String> {
    let who = stream.peer_addr()?;
    stream.write_all(b"hello")?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(format!("{who} answers: {answer}"))
}
