//! Performs one operation on one path with `std::fs`, inside or outside of preopened directories, and
//! prints the result.

use std::env;
use std::fs;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [what, path] = args.as_slice() else {
        eprintln!("usage: preopens read|write PATH");
        return ExitCode::FAILURE;
    };
    match act(what, path) {
        Ok(said) => {
            println!("{what} {path}: {said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{what} {path}: {error} [{:?}]", error.kind());
            ExitCode::FAILURE
        }
    }
}

fn act(what: &str, path: &str) -> io::Result<String> {
    match what {
        "read" => fs::read_to_string(path).map(|text| match text.trim_end() {
            "" => "nothing in it".into(),
            text => text.to_string(),
        }),
        "write" => fs::write(path, "written\n").map(|()| "done".into()),
        _ => Err(io::Error::other("not a thing to do")),
    }
}
