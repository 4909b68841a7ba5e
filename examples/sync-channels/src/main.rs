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
        Some("bounded") => {
            let (sender, receiver) = mpsc::sync_channel(1);
            println!("one: {:?}", sender.try_send(1));
            println!("two: {:?}", sender.try_send(2));
            println!("received: {:?}", receiver.recv());
            // A channel for nothing passes a value only from hand to hand.
            let (sender, _receiver) = mpsc::sync_channel(0);
            println!("nobody receives: {:?}", sender.try_send(1));
        }
        Some("timeout") => {
            let timeout = Duration::from_millis(100);
            let start = Instant::now();
            let received = receiver.recv_timeout(timeout);
            println!("{received:?}, after the whole time: {}", start.elapsed() >= timeout);
            sender.send(1).unwrap();
        }
        Some("recv") => {
            println!("received: {:?}", receiver.recv());
            sender.send(1).unwrap();
        }
        _ => eprintln!("usage: sync-channels drain|bounded|timeout|recv"),
    }
}
