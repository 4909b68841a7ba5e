//! Calls functions that std has on every target, but does not implement on every target.

use std::env;
use std::fmt::Display;
use std::fs::{self, File};
use std::io;
use std::process::Command;
use std::thread;

fn main() {
    say("available_parallelism", thread::available_parallelism().map(|_| ()));
    say("thread::spawn", thread::Builder::new().spawn(|| ()).map(|thread| drop(thread.join())));
    say("Command::status", Command::new("./absent").status().map(|_| ()));
    say("current_exe", env::current_exe().map(|_| ()));
    say("join_paths", env::join_paths(["a", "b"]).map(|_| ()));
    say("set_current_dir", env::set_current_dir("."));
    say("io::pipe", io::pipe().map(|_| ()));
    say("File::create", File::create("new.txt").map(|_| ()));
    say("File::lock", File::open("new.txt").and_then(|file| file.lock()));
    say("File::try_clone", File::open("new.txt").and_then(|file| file.try_clone()).map(|_| ()));
    say(
        "set_permissions",
        fs::metadata("new.txt").and_then(|data| fs::set_permissions("new.txt", data.permissions())),
    );
}

fn say<E: Display>(what: &str, result: Result<(), E>) {
    match result {
        Ok(()) => println!("{what}: done"),
        Err(error) => println!("{what}: {error}"),
    }
}
