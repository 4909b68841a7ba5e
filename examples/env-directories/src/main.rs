//! Asks std for one of the directories that a process has.

use std::env;
use std::fs;
use std::io;
use std::path;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["current"] => {
            say("current_dir", env::current_dir());
            say("letter.txt", fs::read_to_string("letter.txt"));
            say("inner/letter.txt", fs::read_to_string("inner/letter.txt"));
        }
        ["change", to] => {
            say(&format!("set_current_dir to {to}"), env::set_current_dir(to));
            say("current_dir", env::current_dir());
            say("letter.txt", fs::read_to_string("letter.txt"));
            say("canonicalize .", fs::canonicalize("."));
        }
        ["removed"] => {
            say("set_current_dir to inner", env::set_current_dir("inner"));
            say("removing it", fs::remove_dir_all("../inner"));
            say("current_dir", env::current_dir());
        }
        ["temp"] => {
            println!("TMPDIR: {:?}", env::var_os("TMPDIR"));
            println!("temp_dir: {:?}", env::temp_dir());
        }
        ["home"] => {
            println!("HOME: {:?}", env::var_os("HOME"));
            println!("home_dir: {:?}", env::home_dir());
        }
        ["exe"] => say("current_exe", env::current_exe()),
        ["canonicalize", path] => {
            say("read", fs::read_to_string(path));
            say("absolute", path::absolute(path));
            say("canonicalize", fs::canonicalize(path));
        }
        ["canonicalize-from", to, path] => {
            say(&format!("set_current_dir to {to}"), env::set_current_dir(to));
            say(&format!("canonicalize {path}"), fs::canonicalize(path));
        }
        _ => eprintln!(
            "usage: env-directories current|removed|temp|home|exe, change|canonicalize PATH, \
             or canonicalize-from DIRECTORY PATH"
        ),
    }
}

fn say<T: std::fmt::Debug>(what: &str, result: io::Result<T>) {
    match result {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {:?}: {error}", error.kind()),
    }
}
