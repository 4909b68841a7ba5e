//! Copies a file to standard output, with plain `std::fs` and no code for capabilities.

use std::env;
use std::fs::File;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = env::args().nth(1) else {
        eprintln!("usage: cat FILE");
        return ExitCode::FAILURE;
    };
    let copied = File::open(&path).and_then(|mut file| io::copy(&mut file, &mut io::stdout()));
    match copied {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cat: {path}: {error}");
            ExitCode::FAILURE
        }
    }
}
