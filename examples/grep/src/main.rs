//! Prints the lines of files, or of stdin, that match a regular expression. Exits like grep: with 0 if
//! some line matched, 1 if none did, 2 after an error.

use std::env;
use std::fs;
use std::io;
use std::process::ExitCode;

use regex_lite::Regex;
use walkdir::WalkDir;

fn main() -> ExitCode {
    let mut args: Vec<String> = env::args().skip(1).collect();
    let follow = args.first().is_some_and(|arg| arg == "--follow");
    if follow {
        args.remove(0);
    }
    let Some((pattern, roots)) = args.split_first() else {
        eprintln!("usage: grep [--follow] PATTERN [PATH...]");
        return ExitCode::from(2);
    };
    let pattern = match Regex::new(pattern) {
        Ok(pattern) => pattern,
        Err(error) => {
            eprintln!("grep: {error}");
            return ExitCode::from(2);
        }
    };
    let (mut found, mut failed) = (false, false);
    if roots.is_empty() {
        match io::read_to_string(io::stdin()) {
            Ok(text) => found |= search("(stdin)", &text, &pattern),
            Err(error) => {
                eprintln!("grep: (stdin): {error}");
                failed = true;
            }
        }
    }
    for root in roots {
        for entry in WalkDir::new(root).follow_links(follow).sort_by_file_name() {
            let result = entry.map_err(io::Error::from).and_then(|entry| {
                let name = entry.path().display().to_string();
                // Entries other than files and directories, such as unfollowed links, are skipped.
                if entry.file_type().is_file() {
                    found |= search(&name, &fs::read_to_string(&name)?, &pattern);
                }
                Ok(())
            });
            if let Err(error) = result {
                eprintln!("grep: {error} [{:?}]", error.kind());
                failed = true;
            }
        }
    }
    match (failed, found) {
        (true, _) => ExitCode::from(2),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(1),
    }
}

fn search(name: &str, text: &str, pattern: &Regex) -> bool {
    let mut found = false;
    for (number, line) in text.lines().enumerate().filter(|(_, line)| pattern.is_match(line)) {
        println!("{name}:{}:{line}", number + 1);
        found = true;
    }
    found
}
