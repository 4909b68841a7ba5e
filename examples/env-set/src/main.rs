//! Sets and removes variables of its own environment, and prints the result.
#![expect(unsafe_code, reason = "changing the environment is safe only if no other thread reads it")]

use std::env;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("set") => {
            set("NEW", "one");
            println!("set: {:?}", env::var("NEW"));
            set("NEW", "two");
            println!("set anew: {:?}", env::var("NEW"));
            set("NEW", "");
            println!("set to nothing: {:?}", env::var("NEW"));
            set("NEW", "a=b\nc");
            println!("in the list: {:?}", env::vars().find(|(name, _)| name == "NEW"));
            remove("NEW");
            println!("removed: {:?}", env::var("NEW"));
            remove("NEVER");
            println!("a name that cannot be: {:?}", env::var("A=B"));
        }
        Some("doubles") => {
            show("at first");
            set("GREETING", "set");
            show("after setting it");
            remove("GREETING");
            show("after removing it");
        }
        Some("bad-name") => {
            set("A=B", "value");
            println!("set");
        }
        _ => eprintln!("usage: env-set set|doubles|bad-name"),
    }
}

fn show(when: &str) {
    let all: Vec<_> = env::vars().filter(|(name, _)| name == "GREETING").map(|(_, value)| value).collect();
    println!("{when}: {:?}, in the list {all:?}", env::var("GREETING").ok());
}

fn set(name: &str, value: &str) {
    // SAFETY: this program has only one thread.
    unsafe { env::set_var(name, value) }
}

fn remove(name: &str) {
    // SAFETY: this program has only one thread.
    unsafe { env::remove_var(name) }
}
