//! Parses addresses from its arguments, prints them, and prints which kinds they are.

use std::env;
use std::net::{IpAddr, SocketAddr};

fn main() {
    for text in env::args().skip(1) {
        match (text.parse::<IpAddr>(), text.parse::<SocketAddr>()) {
            (Ok(ip), _) => println!("{text}: {ip} {:?}", kinds(ip)),
            (_, Ok(address)) => println!("{text}: {address}, port {}", address.port()),
            (Err(not_ip), Err(not_socket)) => println!("{text}: {not_ip}, {not_socket}"),
        }
    }
}

fn kinds(ip: IpAddr) -> Vec<&'static str> {
    let (v4, v6) = match ip {
        IpAddr::V4(ip) => (Some(ip), None),
        IpAddr::V6(ip) => (None, Some(ip)),
    };
    let kinds = [
        ("loopback", ip.is_loopback()),
        ("unspecified", ip.is_unspecified()),
        ("multicast", ip.is_multicast()),
        ("private", v4.is_some_and(|ip| ip.is_private())),
        ("link-local", v4.is_some_and(|ip| ip.is_link_local())),
        ("broadcast", v4.is_some_and(|ip| ip.is_broadcast())),
        ("documentation", v4.is_some_and(|ip| ip.is_documentation())),
        ("unicast-link-local", v6.is_some_and(|ip| ip.is_unicast_link_local())),
        ("maps-ipv4", v6.is_some_and(|ip| ip.to_ipv4_mapped().is_some())),
    ];
    kinds.into_iter().filter(|(_, is)| *is).map(|(kind, _)| kind).collect()
}
