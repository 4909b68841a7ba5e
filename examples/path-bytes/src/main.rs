//! Creates a name that is not valid UTF-8, and inspects it.

use std::env;
use std::ffi::{OsStr, OsString};
#[cfg(unix)]
use std::os::unix::ffi::{OsStrExt, OsStringExt};
#[cfg(target_os = "wasi")]
use std::os::wasi::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

fn main() {
    let name = OsStr::from_bytes(b"caf\xe9.txt");
    match env::args().nth(1).as_deref() {
        Some("look") => {
            let path = Path::new(name);
            println!("for people: {}", path.display());
            println!("for programmers: {path:?}");
            println!("as text: {:?}", path.to_str());
            println!("as text, with losses: {:?}", path.to_string_lossy());
            println!("extension: {:?}", path.extension());
            println!("bytes: {:?}", name.as_bytes());
            println!("back: {:?}", OsString::from_vec(name.as_bytes().to_vec()).into_string().is_err());
        }
        _ => eprintln!("usage: path-bytes look"),
    }
}
