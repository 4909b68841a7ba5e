//! Splits and joins lists of paths, as in PATH.

use std::env;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("split") => {
            for path in env::split_paths("/bin:relative/bin::/opt/my tools") {
                println!("{path:?}");
            }
        }
        Some("join") => {
            println!("two: {:?}", joined(&["/bin", "/opt/my tools"]));
            println!("none: {:?}", joined(&[]));
            println!("a path with a colon: {:?}", joined(&["/bin", "a:b"]));
        }
        _ => eprintln!("usage: env-paths split|join"),
    }
}

fn joined(paths: &[&str]) -> Result<std::ffi::OsString, String> {
    env::join_paths(paths).map_err(|error| error.to_string())
}
