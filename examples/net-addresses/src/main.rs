//! Parses addresses from its arguments, prints them, and prints which kinds they are. Without arguments, it builds
//! addresses.

use std::env;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

fn main() {
    if env::args().len() < 2 {
        build();
    }
    for text in env::args().skip(1) {
        match (text.parse::<IpAddr>(), text.parse::<SocketAddr>()) {
            (Ok(ip), _) => println!("{text}: {ip} {:?}", kinds(ip)),
            (_, Ok(address)) => println!("{text}: {address}, port {}", address.port()),
            (Err(not_ip), Err(not_socket)) => println!("{text}: {not_ip}, {not_socket}"),
        }
    }
}

fn build() {
    let (v4, v6) = (Ipv4Addr::new(192, 0, 2, 1), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
    println!("{v4}: {:?}, {v6}: {:?}", v4.octets(), v6.segments());
    let sockets =
        [SocketAddr::V4(SocketAddrV4::new(v4, 80)), SocketAddr::V6(SocketAddrV6::new(v6, 443, 0, 7))];
    for socket in sockets.into_iter().chain([SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 0)]) {
        println!("{socket}: {}, {}, is IPv4: {}", socket.ip(), socket.port(), socket.is_ipv4());
    }
    println!("{} {}", Ipv4Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED);
    println!("{} {:?}", v4.to_ipv6_mapped(), u32::from(v4));
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
