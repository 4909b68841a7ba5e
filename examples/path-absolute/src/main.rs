//! Makes paths absolute, based on their text alone.

use std::env;
use std::io;
use std::path;

fn main() -> io::Result<()> {
    if let Some(directory) = env::args().nth(1) {
        env::set_current_dir(directory)?;
    }
    for given in ["/a/./b//c/../d/", "//a", "x", "./x/", "../x", ""] {
        match path::absolute(given) {
            Ok(path) => println!("{given:?}: {path:?}"),
            Err(error) => println!("{given:?}: {:?}: {error}", error.kind()),
        }
    }
    Ok(())
}
