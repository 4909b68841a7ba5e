//! Waits for events with the `polling` crate, for a moment.

use std::time::Duration;

use polling::{Events, Poller};

fn main() -> std::io::Result<()> {
    let mut events = Events::new();
    let number = Poller::new()?.wait(&mut events, Some(Duration::from_millis(1)))?;
    println!("events: {number}");
    Ok(())
}
