//! Locks a file through two handles of its own, and prints the result of each attempt.

use std::fs::File;
use std::io;

fn main() -> io::Result<()> {
    let one = File::create("file")?;
    let other = File::open("file")?;
    say("one locks", one.lock());
    say("the other tries", other.try_lock().map_err(io::Error::from));
    say("the other tries to share", other.try_lock_shared().map_err(io::Error::from));
    say("one unlocks", one.unlock());
    say("one shares", one.lock_shared());
    say("the other tries to share", other.try_lock_shared().map_err(io::Error::from));
    say("the other tries alone", other.try_lock().map_err(io::Error::from));
    say("one unlocks", one.unlock());
    say("one unlocks again", one.unlock());
    Ok(())
}

/// Prints whether it succeeded.
fn say(what: &str, result: io::Result<()>) {
    match result {
        Ok(()) => println!("{what}: done"),
        Err(error) => println!("{what}: {error} [{:?}]", error.kind()),
    }
}
