//! Makes paths absolute, based on their text alone.

use std::path;

fn main() {
    for given in ["/a/./b//c/../d/", "//a", "x", "./x/", "../x", ""] {
        match path::absolute(given) {
            Ok(path) => println!("{given:?}: {path:?}"),
            Err(error) => println!("{given:?}: {:?}: {error}", error.kind()),
        }
    }
}
