//! Asks crates about the machine, and prints only what is the same on every machine.

use std::env;
use std::process::ExitCode;
use std::thread;

use sysinfo::{RefreshKind, System};

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("processors") => match thread::available_parallelism() {
            Ok(std) => println!("num_cpus says the same as std: {}", num_cpus::get() == std.get()),
            Err(error) => println!("std does not know: {error}"),
        },
        Some("memory") => match System::new_with_specifics(RefreshKind::everything()) {
            Ok(system) => println!("sysinfo finds some memory: {}", system.total_memory() > 0),
            Err(error) => {
                eprintln!("sysinfo: {error}");
                return ExitCode::FAILURE;
            }
        },
        _ => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}
