//! Sends and receives within one thread.

use std::env;
use std::sync::mpsc;
use std::time::{Duration, Instant};

fn main() {
    let (sender, receiver) = mpsc::channel();
    match env::args().nth(1).as_deref() {
        Some("drain") => {
            println!("empty: {:?}", receiver.try_recv());
            for number in 1..=3 {
                sender.send(number).unwrap();
            }
            drop(sender);
            println!("received: {:?}", receiver.iter().collect::<Vec<_>>());
            println!("without a sender: {:?}", receiver.recv());
        }
        Some("timeout") => {
            let timeout = Duration::from_millis(50);
            let start = Instant::now();
            let received = receiver.recv_timeout(timeout);
            println!("{received:?}, after the whole time: {}", start.elapsed() >= timeout);
            sender.send(1).unwrap();
        }
        Some("recv") => {
            println!("received: {:?}", receiver.recv());
            sender.send(1).unwrap();
        }
        _ => eprintln!("usage: sync-channels drain|timeout|recv"),
    }
}
