//! Sets options of TCP streams, and uses them in uncommon ways. Both ends are its own.

use std::env;
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::mem;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

fn main() -> ExitCode {
    let what = env::args().nth(1).unwrap_or_default();
    match pair("127.0.0.1:0") {
        Ok((near, far)) => {
            act(&what, near, far);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("no connection: {:?}: {error}", error.kind());
            ExitCode::FAILURE
        }
    }
}

/// The two ends of a connection.
fn pair(address: &str) -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(address)?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    Ok((near, listener.accept()?.0))
}

fn act(what: &str, mut near: TcpStream, mut far: TcpStream) {
    match what {
        "set" => {
            say("nodelay at first", near.nodelay());
            done("set_nodelay", near.set_nodelay(true));
            say("nodelay", near.nodelay());
            done("set_ttl", near.set_ttl(42));
            say("ttl", near.ttl());
            say("take_error", near.take_error().map(|error| error.is_some()));
        }
        "timeouts" => {
            say("read_timeout at first", near.read_timeout().map(|time| format!("{time:?}")));
            done("set_read_timeout to zero", near.set_read_timeout(Some(Duration::ZERO)));
            // Linux stores it in clock ticks, and 100 ms is a whole number of ticks at every usual rate.
            let set = near.set_read_timeout(Some(Duration::from_millis(100)));
            let is_set = set.is_ok();
            done("set_read_timeout", set);
            say("read_timeout", near.read_timeout().map(|time| format!("{time:?}")));
            if is_set {
                say("read", near.read(&mut [0]));
            }
            done("set_write_timeout", near.set_write_timeout(Some(Duration::from_millis(100))));
        }
        "write-timeout" => {
            done("set_write_timeout", near.set_write_timeout(Some(Duration::from_millis(100))));
            fill(&mut near);
        }
        "write-nonblocking" => {
            done("set_nonblocking", near.set_nonblocking(true));
            fill(&mut near);
        }
        "drop" | "forget" => {
            done("set_nonblocking", near.set_nonblocking(true));
            fill(&mut near);
            if what == "drop" {
                drop(near);
                println!("dropped");
            } else {
                mem::forget(near);
                println!("forgotten");
            }
            println!(
                "and the other end reads something: {:?}",
                far.read(&mut [0; 16]).map(|count| count > 0)
            );
        }
        "ipv6" => match pair("[::1]:0") {
            Ok((near, _far)) => {
                done("set_ttl", near.set_ttl(42));
                say("ttl", near.ttl());
            }
            Err(error) => println!("no IPv6: {error}"),
        },
        "peek" => {
            done("write", far.write_all(b"hello"));
            let mut buffer = [0; 16];
            say("peek", near.peek(&mut buffer));
            say("peek", near.peek(&mut buffer));
            drop(far);
            // A buffer of the program's own can be looked at, too, before anything is consumed.
            let mut buffered = BufReader::new(near);
            say("fill_buf", buffered.fill_buf().map(<[u8]>::len));
            let mut heard = String::new();
            say("read_to_string", buffered.read_to_string(&mut heard));
            println!("heard: {heard}");
        }
        "clone" => {
            say("try_clone", near.try_clone().and_then(|clone| clone.peer_addr()).map(|_| "done"));
            let (mut reader, mut writer) = (&near, &near);
            done("write through a reference", writer.write_all(b"hello"));
            done("write by the other end", far.write_all(b"goodbye"));
            say("read through a reference", reader.read(&mut [0; 16]));
        }
        "shutdown" => {
            done("shutdown of writing", near.shutdown(Shutdown::Write));
            done("again", near.shutdown(Shutdown::Write));
            say("write", near.write(b"hello"));
            say("read by the other end", far.read(&mut [0]));
            done("shutdown of reading", near.shutdown(Shutdown::Read));
            say("read", near.read(&mut [0]));
            done("shutdown of both", near.shutdown(Shutdown::Both));
        }
        "after-the-end" => {
            drop(far);
            say("read", near.read(&mut [0]));
            say("read again", near.read(&mut [0]));
            // The answer to the first write is that the peer is gone; the second write gets the error.
            say("write", near.write(b"hello"));
            thread::sleep(Duration::from_millis(50));
            say("write again", near.write(b"hello"));
        }
        "reset" => {
            done("write", near.write_all(b"never read"));
            // Closed with unread data, the far end resets the connection.
            drop(far);
            say("read", near.read(&mut [0]));
            say("read again", near.read(&mut [0]));
        }
        "peer-gone" => {
            say("peer_addr before", near.peer_addr().map(|address| address.ip()));
            done("shutdown of writing", near.shutdown(Shutdown::Write));
            say("read by the other end", far.read(&mut [0]));
            drop(far);
            say("read", near.read(&mut [0]));
            say("local_addr", near.local_addr().map(|address| address.ip()));
            say("peer_addr", near.peer_addr().map(|address| address.ip()));
        }
        _ => eprintln!("usage: net-options CASE"),
    }
}

/// Writes until an error comes, to a peer that does not read.
fn fill(stream: &mut TcpStream) {
    let mut written = 0;
    let error = loop {
        match stream.write(&[0; 1 << 16]) {
            Ok(count) => written += count,
            Err(error) => break error,
        }
    };
    println!("something was written: {}", written > 0);
    say::<usize>("and then", Err(error));
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
