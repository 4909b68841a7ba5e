//! Turns text into socket addresses, by parsing it or by looking up a name. Nothing beyond loopback
//! is ever looked up.

use std::env;
use std::net::ToSocketAddrs;
use std::process::ExitCode;

fn main() -> ExitCode {
    let text = env::args().nth(1).unwrap_or_default();
    match text.to_socket_addrs() {
        Ok(addresses) => {
            let addresses: Vec<_> = addresses.collect();
            // Which loopback addresses a host has for a name, and in which order, depends on the host.
            match text.starts_with("localhost") {
                true => println!(
                    "some: {}, all on loopback: {}, all with the port: {}",
                    !addresses.is_empty(),
                    addresses.iter().all(|address| address.ip().is_loopback()),
                    addresses.iter().all(|address| address.port() == 80)
                ),
                false => println!("{addresses:?}"),
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{:?}: {error}", error.kind());
            ExitCode::FAILURE
        }
    }
}
