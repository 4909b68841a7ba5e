//! Sends and receives within one thread.

use std::env;
use std::sync::mpsc;
use std::thread;
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
        Some("bounded") => {
            let (sender, receiver) = mpsc::sync_channel(2);
            for number in 1..=3 {
                println!("send {number}: {:?}", sender.try_send(number));
            }
            drop(sender);
            println!("received: {:?}", receiver.iter().collect::<Vec<_>>());
        }
        Some("full") => {
            let (sender, receiver) = mpsc::sync_channel(2);
            for number in 1..=3 {
                println!("send {number}: {:?}", sender.send(number));
            }
            println!("received: {:?}", receiver.recv());
        }
        Some("worker") => {
            let (sender, receiver) = mpsc::sync_channel(2);
            let work = move || (1..=3).for_each(|number| sender.send(number).unwrap());
            // As the third number needs a receiver, the sender cannot do its work before the receiver does.
            match thread::Builder::new().spawn(work) {
                Ok(_) => println!("received: {:?}", receiver.iter().collect::<Vec<_>>()),
                Err(error) => println!("no thread: {error}"),
            }
        }
        _ => eprintln!("usage: sync-channels drain|timeout|recv|bounded|full|worker"),
    }
}
